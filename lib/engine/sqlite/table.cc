#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "lib/base/status.h"
#include "lib/engine/sqlite/kinds.h"
#include "lib/engine/sqlite/quoting.h"
#include "lib/engine/sqlite/table_text.h"

namespace fleet::sqlite {
namespace {

constexpr AttributeSpec kAttributes[] = {
    // A virtual table: "USING fts5(body)". What its module keeps is its own
    // affair, so it is made and dropped, never changed.
    {"module", Compare::kExact, OnChange::kRefuse, 90},
    {"name", Compare::kIgnore, OnChange::kIgnore, 0},
    {"spelling", Compare::kIgnore, OnChange::kIgnore, 0},
    {"strict", Compare::kExact, OnChange::kRebuild, 45},
    {"without_rowid", Compare::kExact, OnChange::kRebuild, 35},
};

// The tokens of a table's text, to see that nothing was lost: order of clauses,
// commas, letter case and the sort of quotes do not matter.
std::vector<std::string> Bag(TokenSpan tokens) {
  std::vector<std::string> bag;
  for (const Token& token : tokens) {
    if (token.IsOperator(",")) continue;
    bag.push_back(FoldName(token.text));
  }
  std::sort(bag.begin(), bag.end());
  return bag;
}

absl::Status NotUnderstood(const Catalog::Table& table,
                           absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("table ", table.row.name,
                   ": its text and SQLite's view of it differ in ", what));
}

// What was cut is what SQLite sees.
absl::Status CheckColumns(const Catalog::Table& table, const TableCut& cut) {
  if (cut.columns.size() != table.columns.size()) {
    return NotUnderstood(table, "the number of columns");
  }
  for (size_t i = 0; i < cut.columns.size(); ++i) {
    const ColumnCut& ours = cut.columns[i];
    const Catalog::Column& theirs = table.columns[i];
    if (ours.name != theirs.name)
      return NotUnderstood(table, "a column's name");
    if (!ours.generated.empty() != theirs.is_generated) {
      return NotUnderstood(table, "a generated column");
    }
    if (!ours.not_null.empty() && !theirs.is_not_null) {
      return NotUnderstood(table, "a NOT NULL");
    }
  }
  return absl::OkStatus();
}

// The second constraint of one kind and name gets " #2" and so on.
void MakeUnique(std::vector<Object>& objects) {
  absl::flat_hash_set<ObjectKey> seen;
  for (Object& object : objects) {
    const std::string name(object.name());
    const Path parent = object.path().Parent();
    for (int i = 2; !seen.insert(object.key).second; ++i) {
      object.key.path = parent.Child(absl::StrCat(name, " #", i));
    }
  }
}

std::vector<Object> ObjectsOf(const Catalog::Table& table, const TableCut& cut,
                              const KnownNames& functions) {
  KnownNames columns = {"rowid", "oid", "_rowid_"};
  for (const ColumnCut& column : cut.columns) {
    columns.insert(FoldName(column.name));
  }
  std::vector<Object> objects;
  const Path path{FoldName(table.row.name)};
  Object& object = objects.emplace_back(v1::TABLE, path);
  SetWrittenName(table.row.name, object);
  if (cut.strict) object.Set("strict", "yes");
  if (cut.without_rowid) object.Set("without_rowid", "yes");
  int position = 0;
  for (const ColumnCut& column : cut.columns) {
    SetPosition(++position, objects.emplace_back(
                                ReadColumn(column, path, columns, functions)));
  }
  position = 0;
  for (const ConstraintCut& constraint : cut.constraints) {
    SetPosition(++position, objects.emplace_back(ReadConstraint(
                                constraint, path, columns, functions)));
  }
  MakeUnique(objects);
  return objects;
}

void CreateTable(const Object& table, Renderer& renderer) {
  Sql sql(kSqliteQuoting);
  if (table.Has("module")) {
    sql << "CREATE VIRTUAL TABLE " << Identifier{WrittenName(table)} << " "
        << Verbatim{table.Has("spelling") ? table.Get("spelling")
                                          : table.Get("module")};
  } else {
    sql << CreateTableSql(PartsOf(table, renderer.to()), WrittenName(table));
  }
  renderer.Add(sql, "EXCLUSIVE");
}

void DropTable(const Object& table, Renderer& renderer) {
  Sql sql(kSqliteQuoting);
  sql << "DROP TABLE " << Identifier{WrittenName(table)};
  v1::Statement& statement = renderer.Add(sql, "EXCLUSIVE");
  statement.set_reversibility(v1::LOSSY);
  AddHazard(statement, v1::DELETES_DATA,
            absl::StrCat("deletes all rows of table ", table.path().Dotted()));
}

std::string Summary(const Object& table) {
  return std::string(table.Get("module"));
}

}  // namespace

absl::Status ReadTable(const Catalog::Table& table, const ReadContext& context,
                       std::vector<Object>& objects) {
  ASSIGN_OR_RETURN(const Tokens tokens, Tokenize(table.row.sql));
  ASSIGN_OR_RETURN(const TableCut cut, CutCreateTable(tokens));
  RETURN_IF_ERROR(CheckColumns(table, cut));
  std::vector<Object> parts = ObjectsOf(table, cut, context.functions);
  ASSIGN_OR_RETURN(const std::string text,
                   CreateTableSql(PartsOf(parts), table.row.name).Text());
  ASSIGN_OR_RETURN(const Tokens written, Tokenize(text));
  if (Bag(written) != Bag(tokens)) {
    return NotUnderstood(table, "what it was taken apart into");
  }
  std::move(parts.begin(), parts.end(), std::back_inserter(objects));
  return absl::OkStatus();
}

absl::Status ReadVirtualTable(const Catalog::Table& table,
                              const ReadContext& context,
                              std::vector<Object>& objects) {
  ASSIGN_OR_RETURN(const Tokens tokens, Tokenize(table.row.sql));
  // CREATE VIRTUAL TABLE name USING module …
  constexpr size_t kUsing = 4;
  if (tokens.size() <= kUsing + 1 || !tokens[kUsing].Is("USING")) {
    return NotUnderstood(table, "the place of USING");
  }
  const std::string& module = tokens[kUsing + 1].text;
  if (!context.modules.contains(FoldName(module))) {
    return absl::InvalidArgumentError(absl::StrCat(
        "table ", table.row.name, ": module ", module, " is not loaded"));
  }
  Object object(v1::TABLE, Path{FoldName(table.row.name)});
  SetWrittenName(table.row.name, object);
  object.Set("module", Canonical(absl::MakeConstSpan(tokens).subspan(kUsing),
                                 context.known));
  // Its arguments are the module's own language: sent as they were.
  SetSpelling(absl::string_view(table.row.sql).substr(tokens[kUsing].offset),
              object.Get("module"), object);
  objects.push_back(std::move(object));
  return absl::OkStatus();
}

KindHandler TableHandler() {
  KindHandler handler;
  handler.spec.kind = v1::TABLE;
  handler.spec.attributes = kAttributes;
  handler.spec.recreatable = false;
  handler.spec.rebuildable = true;
  handler.spec.summary = Summary;
  handler.spec.drop_risk = 80;
  handler.create = CreateTable;
  handler.drop = DropTable;
  handler.rebuild = RebuildTable;
  return handler;
}

}  // namespace fleet::sqlite
