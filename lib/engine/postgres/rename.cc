#include "lib/engine/postgres/ddl.h"
#include "lib/engine/postgres/kinds.h"
#include "lib/engine/postgres/lineage.h"
#include "lib/engine/postgres/lint_rules.h"

namespace fleet::postgres {
namespace {

struct Word {
  v1::ObjectKind kind;
  absl::string_view word;
  absl::string_view lock;
};
constexpr Word kWords[] = {
    {v1::COMPOSITE, "TYPE", kAccessExclusive},
    {v1::DOMAIN, "DOMAIN", kNoLock},
    {v1::ENUM, "TYPE", kNoLock},
    {v1::FOREIGN_TABLE, "FOREIGN TABLE", kAccessExclusive},
    {v1::MATERIALIZED_VIEW, "MATERIALIZED VIEW", kAccessExclusive},
    {v1::RANGE, "TYPE", kNoLock},
    {v1::SCHEMA, "SCHEMA", kNoLock},
    {v1::SEQUENCE, "SEQUENCE", kAccessExclusive},
    {v1::TABLE, "TABLE", kAccessExclusive},
    {v1::VIEW, "VIEW", kAccessExclusive},
};

void Finish(const Object& object, Sql& sql, absl::string_view lock,
            absl::string_view name, Renderer& renderer) {
  sql << " TO " << Identifier{name};
  Lint(Rule::kRename, object.path(), renderer.Add(sql, lock));
}

}  // namespace

bool RenamesAlone(const Object& part, const Schema& schema) {
  return !part.Has("partition_of") && !part.Has("inherited") &&
         !part.Has("invalid") && !IsOfFamily(schema, part.path().Parent());
}

void RenameOwn(const Object& object, absl::string_view name,
               Renderer& renderer) {
  for (const Word& word : kWords) {
    if (word.kind != object.kind()) continue;
    Sql sql = NewSql();
    sql << "ALTER " << Verbatim{word.word} << " " << Name(object.path())
        << " RENAME";
    return Finish(object, sql, word.lock, name, renderer);
  }
}

void RenameIndexOf(const Object& index, absl::string_view name,
                   Renderer& renderer) {
  Sql sql = NewSql();
  sql << "ALTER INDEX " << Identifier{index.path().first()} << "."
      << Identifier{index.name()} << " RENAME";
  Finish(index, sql, kShareUpdateExclusive, name, renderer);
}

void RenameColumn(const Object& column, absl::string_view name,
                  Renderer& renderer) {
  Sql sql = AlterTable(column.path().Parent());
  sql << "RENAME COLUMN " << Identifier{column.name()};
  Finish(column, sql, kAccessExclusive, name, renderer);
}

void RenameConstraint(const Object& constraint, absl::string_view name,
                      Renderer& renderer) {
  Sql sql = AlterTable(constraint.path().Parent());
  sql << "RENAME CONSTRAINT " << Identifier{constraint.name()};
  Finish(constraint, sql, kAccessExclusive, name, renderer);
}

}  // namespace fleet::postgres
