#include "lib/engine/sqlite/kinds.h"
#include "lib/engine/sqlite/lint_rules.h"
#include "lib/engine/sqlite/quoting.h"

// ALTER TABLE … RENAME carries views, triggers, indexes and the references of
// other tables along, unless legacy_alter_table is on: then it would leave
// them. A plan that also rebuilds a table has it on, and needs it again.

namespace fleet::sqlite {
namespace {

void Rename(const Object& object, const Sql& sql, Renderer& renderer) {
  Sql off(kSqliteQuoting);
  off << "PRAGMA legacy_alter_table = OFF";
  Sql on(kSqliteQuoting);
  on << "PRAGMA legacy_alter_table = ON";
  renderer.Add(off, "");
  Lint(Rule::kRename, object.path(), renderer.Add(sql, "EXCLUSIVE"));
  renderer.Add(on, "");
}

}  // namespace

void RenameTable(const Object& table, absl::string_view name,
                 Renderer& renderer) {
  Sql sql(kSqliteQuoting);
  sql << "ALTER TABLE " << Identifier{WrittenName(table)} << " RENAME TO "
      << Identifier{name};
  Rename(table, sql, renderer);
}

void RenameColumn(const Object& column, absl::string_view name,
                  Renderer& renderer) {
  const Object* table = renderer.from().Find(v1::TABLE, column.path().Parent());
  if (table == nullptr) return;
  Sql sql(kSqliteQuoting);
  sql << "ALTER TABLE " << Identifier{WrittenName(*table)} << " RENAME COLUMN "
      << Identifier{WrittenName(column)} << " TO " << Identifier{name};
  Rename(column, sql, renderer);
}

}  // namespace fleet::sqlite
