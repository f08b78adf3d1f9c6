#include "lib/engine/sqlite/catalog.h"

#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lib/engine/sqlite/quoting.h"

namespace fleet::sqlite {
namespace {

// SQLite's own tables and fleetctl's own are no part of any schema.
constexpr absl::string_view kDefinitions = R"sql(
SELECT type, name, tbl_name, sql FROM main.sqlite_schema
WHERE sql IS NOT NULL
  AND name NOT LIKE 'sqlite\_%' ESCAPE '\'
  AND tbl_name NOT LIKE 'sqlite\_%' ESCAPE '\'
  AND tbl_name NOT LIKE 'fleetctl\_meta\_%' ESCAPE '\'
ORDER BY type, name)sql";

constexpr absl::string_view kTableTypes = R"sql(
SELECT name, type FROM pragma_table_list WHERE schema = 'main'
ORDER BY name)sql";

// A virtual table whose module is not loaded would be an error here.
constexpr absl::string_view kColumns = R"sql(
SELECT t.name, c.name, c."notnull", c.hidden
FROM main.sqlite_schema AS t JOIN pragma_table_xinfo(t.name, 'main') AS c
WHERE t.type = 'table' AND t.sql NOT LIKE 'CREATE VIRTUAL %'
ORDER BY t.name, c.cid)sql";

constexpr absl::string_view kModules =
    "SELECT name FROM pragma_module_list ORDER BY name";

constexpr absl::string_view kFunctions =
    "SELECT DISTINCT name FROM pragma_function_list ORDER BY name";

constexpr size_t kQueryCount = 5;

Catalog::Row ReadRow(const RowSet& rows, int row) {
  return {std::string(rows.at(row, 0)), std::string(rows.at(row, 1)),
          FoldName(rows.at(row, 2)), std::string(rows.at(row, 3))};
}

void AddRow(Catalog::Row row, Catalog& catalog) {
  if (row.type == "table") {
    Catalog::Table& table = catalog.tables.emplace_back();
    table.is_virtual = absl::StartsWithIgnoreCase(row.sql, "CREATE VIRTUAL ");
    table.row = std::move(row);
  } else if (row.type == "index") {
    catalog.indexes.push_back(std::move(row));
  } else if (row.type == "view") {
    catalog.views.push_back(std::move(row));
  } else {
    catalog.triggers.push_back(std::move(row));
  }
}

void AddNames(const RowSet& rows, absl::flat_hash_set<std::string>& names) {
  for (int i = 0; i < rows.rows(); ++i) names.insert(FoldName(rows.at(i, 0)));
}

}  // namespace

std::vector<std::string> CatalogQueries() {
  std::vector<std::string> queries;
  for (absl::string_view query :
       {kDefinitions, kTableTypes, kColumns, kModules, kFunctions}) {
    queries.emplace_back(query);
  }
  return queries;
}

absl::StatusOr<Catalog> ReadCatalog(
    absl::Span<const std::unique_ptr<RowSet>> results) {
  if (results.size() != kQueryCount) {
    return absl::InternalError(absl::StrCat("answers to ", results.size(),
                                            " queries, want ", kQueryCount));
  }
  Catalog catalog;
  const RowSet& definitions = *results[0];
  for (int i = 0; i < definitions.rows(); ++i) {
    AddRow(ReadRow(definitions, i), catalog);
  }
  absl::flat_hash_map<std::string, Catalog::Table*> by_name;
  for (Catalog::Table& table : catalog.tables) {
    by_name[table.row.name] = &table;
  }
  const RowSet& types = *results[1];
  for (int i = 0; i < types.rows(); ++i) {
    const auto found = by_name.find(types.at(i, 0));
    if (found == by_name.end()) continue;
    found->second->is_shadow = types.at(i, 1) == "shadow";
  }
  const RowSet& columns = *results[2];
  for (int i = 0; i < columns.rows(); ++i) {
    const auto found = by_name.find(columns.at(i, 0));
    if (found == by_name.end()) continue;
    const absl::string_view hidden = columns.at(i, 3);
    found->second->columns.push_back({std::string(columns.at(i, 1)),
                                      columns.at(i, 2) == "1",
                                      hidden == "2" || hidden == "3"});
  }
  AddNames(*results[3], catalog.modules);
  AddNames(*results[4], catalog.functions);
  return catalog;
}

}  // namespace fleet::sqlite
