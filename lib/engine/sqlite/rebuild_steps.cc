#include "lib/engine/sqlite/rebuild_steps.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "lib/engine/sqlite/quoting.h"

namespace fleet::sqlite {
namespace {

bool IsTaken(absl::string_view name, const Schema& schema) {
  const Path path{name};
  for (v1::ObjectKind kind : {v1::TABLE, v1::VIRTUAL_TABLE, v1::VIEW}) {
    if (schema.Find(kind, path)) return true;
  }
  if (schema.Find(v1::OPAQUE, Path{"table", name})) return true;
  for (const Object& index : schema.OfKind(v1::INDEX)) {
    if (index.name() == name) return true;
  }
  return false;
}

Sql CountSql(absl::string_view table) {
  Sql sql(kSqliteQuoting);
  sql << "(SELECT count(*) AS n FROM " << Identifier{table} << ")";
  return sql;
}

// True of a table t whose references all name a key of what they refer to. To
// others SQLite says "foreign key mismatch": nobody can enforce or check them.
Sql Resolves() {
  constexpr char kPrimaryKey[] =
      "SELECT group_concat(c, char(0)) FROM (SELECT lower(k.name) AS c FROM "
      "pragma_table_info(p.name) AS k WHERE k.pk > 0 ORDER BY 1)";
  Sql sql(kSqliteQuoting);
  sql << "NOT EXISTS (SELECT 1 FROM pragma_foreign_key_list(t.name) AS f "
         "JOIN main.sqlite_schema AS p ON p.type = 'table' AND lower(p.name) = "
         "lower(f.\"table\") WHERE NOT coalesce(coalesce("
         "(SELECT group_concat(c, char(0)) FROM (SELECT lower(x.\"to\") AS c "
         "FROM pragma_foreign_key_list(t.name) AS x WHERE x.id = f.id "
         "ORDER BY 1)), ("
      << kPrimaryKey
      << " HAVING count(*) = (SELECT count(*) FROM "
         "pragma_foreign_key_list(t.name) AS x WHERE x.id = f.id))) IN ("
      << kPrimaryKey
      << " UNION ALL SELECT (SELECT group_concat(c, char(0)) FROM (SELECT "
         "lower(k.name) AS c FROM pragma_index_info(i.name) AS k ORDER BY 1)) "
         "FROM pragma_index_list(p.name) AS i WHERE i.\"unique\" AND NOT "
         "i.partial), FALSE))";
  return sql;
}

}  // namespace

Sql FailWhere(const Sql& message, const Sql& from_where) {
  Sql sql(kSqliteQuoting);
  // The path is no path: "JSON path error near '…'".
  sql << "SELECT json_extract('{}', " << message << ") FROM " << from_where;
  return sql;
}

Sql FailIfAny(const Sql& query) {
  Sql message(kSqliteQuoting);
  message << "problem";
  Sql from_where(kSqliteQuoting);
  from_where << "(" << query << ")";
  return FailWhere(message, from_where);
}

std::string FreeName(const Object& table, const Renderer& renderer) {
  const std::string base = absl::StrCat("fleetctl_new_", table.name());
  std::string name = base;
  for (int i = 2;
       IsTaken(name, renderer.from()) || IsTaken(name, renderer.to()); ++i) {
    name = absl::StrCat(base, "_", i);
  }
  return name;
}

Sql CopyRowsSql(const RowCopy& copy, absl::string_view from,
                absl::string_view to) {
  Sql into(kSqliteQuoting);
  Sql select(kSqliteQuoting);
  for (const auto& [source, target] : copy.columns) {
    if (!into.empty()) {
      into << ", ";
      select << ", ";
    }
    into << Identifier{target};
    select << Identifier{source};
  }
  Sql sql(kSqliteQuoting);
  // OR ABORT: a key that says ON CONFLICT IGNORE would lose rows silently.
  sql << "INSERT OR ABORT INTO " << Identifier{to} << " (" << into
      << ") SELECT " << select << " FROM " << Identifier{from};
  return sql;
}

Sql SameCountSql(absl::string_view from, absl::string_view to) {
  Sql message(kSqliteQuoting);
  message << "'copied ' || new.n || ' of ' || old.n || "
          << Literal{absl::StrCat(" rows of ", from)};
  Sql from_where(kSqliteQuoting);
  from_where << CountSql(from) << " AS old, " << CountSql(to)
             << " AS new WHERE old.n <> new.n";
  return FailWhere(message, from_where);
}

Sql DropTableSql(const Object& table) {
  Sql sql(kSqliteQuoting);
  sql << "DROP TABLE " << Identifier{WrittenName(table)};
  return sql;
}

Sql RenameTableSql(absl::string_view from, absl::string_view to) {
  Sql sql(kSqliteQuoting);
  sql << "ALTER TABLE " << Identifier{from} << " RENAME TO " << Identifier{to};
  return sql;
}

void MarkLostColumns(const std::string& name,
                     const std::vector<std::string>& columns,
                     v1::Statement& statement) {
  statement.set_reversibility(v1::LOSSY);
  AddHazard(statement, v1::DELETES_DATA,
            absl::StrCat("rebuilding ", name, " deletes the values of column ",
                         absl::StrJoin(columns, ", ")));
}

void AddCheck(v1::Statement& statement, const Sql& query,
              absl::string_view message, bool warning) {
  const absl::StatusOr<std::string> text = query.Text();
  // A name that cannot be quoted has failed the statement itself.
  if (!text.ok()) return;
  v1::Check& check = *statement.add_checks();
  check.set_sql(*text);
  check.set_message(std::string(message));
  check.set_warning(warning);
}

void AddDiskCheck(const Object& table, v1::Statement& statement) {
  const std::string name = table.path().Dotted();
  const absl::string_view written = WrittenName(table);
  statement.set_rewrites_table(true);
  statement.set_scans_table(true);
  Sql size(kSqliteQuoting);
  // What is small is not worth a line.
  size << "SELECT 'about ' || (bytes / 1048576) || ' MiB are written anew' "
          "FROM (SELECT fleetctl_table_bytes("
       << Literal{written} << ") AS bytes) WHERE bytes >= 104857600";
  AddCheck(statement, size,
           absl::StrCat("rebuilding ", name,
                        " takes long, and nobody else writes meanwhile"),
           /*warning=*/true);
  Sql room(kSqliteQuoting);
  // The file bounds the table, and costs nothing to ask for.
  room << "SELECT 'about ' || (22 * bytes / 10485760 + 1) || ' MiB are needed, "
          "' || (free / 1048576) || ' MiB are free' FROM (SELECT "
          "fleetctl_table_bytes("
       << Literal{written}
       << ") AS bytes, fleetctl_free_bytes() AS free FROM pragma_page_count "
          "AS pages, pragma_page_size AS size WHERE 2.2 * pages.page_count * "
          "size.page_size > fleetctl_free_bytes()) WHERE 2.2 * bytes > free";
  AddCheck(statement, room,
           absl::StrCat("the disk has no room to rebuild ", name,
                        "; make room first"));
}

Sql BrokenReferenceSql(const std::vector<std::string>& tables) {
  Sql names(kSqliteQuoting);
  for (const std::string& table : tables) {
    if (!names.empty()) names << ", ";
    names << Literal{table};
  }
  Sql sql(kSqliteQuoting);
  // Joined, because a table may be there in one direction of a plan only. The
  // references of unrelated tables are not asked for.
  sql << "SELECT 'a row of ' || broken.\"table\" || ' refers to a row of ' || "
         "broken.parent || ' that is not there; repair the data first' AS "
         "problem FROM main.sqlite_schema AS t "
         "JOIN pragma_foreign_key_check(t.name) AS broken "
         "WHERE t.type = 'table' AND t.sql NOT LIKE 'CREATE VIRTUAL %' "
         "AND (lower(t.name) IN ("
      << names
      << ") OR EXISTS (SELECT 1 FROM pragma_foreign_key_list(t.name) AS f "
         "WHERE lower(f.\"table\") IN ("
      << names << "))) AND " << Resolves() << " AND (lower(t.name) IN ("
      << names << ") OR lower(broken.parent) IN (" << names << ")) LIMIT 1";
  return sql;
}

// A rebuild makes the indexes anew in its transaction; a look for each row in
// each of them would cost as much as all the rest.
Sql DamageSql(absl::string_view table, bool indexes) {
  const absl::string_view check = indexes ? "integrity_check" : "quick_check";
  Sql sql(kSqliteQuoting);
  // SQLite 3.40 sees NULLs in tables WITHOUT ROWID whose key stands behind a
  // NOT NULL column. Copying the rows has looked for them already.
  sql << "SELECT 'table ' || t.name || ' is not sound: ' || i."
      << Verbatim{check}
      << " AS problem FROM main.sqlite_schema AS t JOIN pragma_"
      << Verbatim{check}
      << "(t.name) AS i WHERE t.type = 'table' AND lower(t.name) = "
      << Literal{table} << " AND i." << Verbatim{check} << " <> 'ok' AND i."
      << Verbatim{check} << " NOT LIKE 'NULL value in %' LIMIT 1";
  return sql;
}

}  // namespace fleet::sqlite
