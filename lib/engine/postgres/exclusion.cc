#include "lib/engine/postgres/constraint_rows.h"
#include "lib/engine/postgres/ddl.h"
#include "lib/engine/postgres/index_partition.h"
#include "lib/engine/postgres/index_rows.h"
#include "lib/engine/postgres/kinds.h"
#include "lib/engine/postgres/lineage.h"
#include "lib/engine/postgres/lint_rules.h"
#include "lib/engine/postgres/table_parts.h"

namespace fleet::postgres {
namespace {

constexpr AttributeSpec kAttributes[] = {
    {"comment", Compare::kExact, OnChange::kAlter, 0},
    {"definition", Compare::kExact, OnChange::kRecreate, 50},
    {"index_comment", Compare::kExact, OnChange::kAlter, 0},
    {"partition_of", Compare::kExact, OnChange::kAlter, 20},
};

// The server compares no exclusion constraints ("The index definitions do not
// match"), so none is attached: the whole's makes those of its parts.
void Create(const Object& exclusion, Renderer& renderer) {
  if (IsMadeAlready(exclusion, renderer)) return;
  if (exclusion.Has("partition_of")) {
    return WriteNewConstraintComments(exclusion, renderer);
  }
  Sql sql = AddConstraint(exclusion.path());
  sql << ExclusionClause(exclusion);
  v1::Statement& statement = renderer.Add(sql, kAccessExclusive);
  const Path table = exclusion.path().Parent();
  if (HasRows(renderer, table)) Lint(Rule::kAddExclusion, table, statement);
  WriteNewConstraintComments(exclusion, renderer);
}

void Drop(const Object& exclusion, Renderer& renderer) {
  if (GoesWithWhole(exclusion, renderer)) return;
  DropConstraint(exclusion, renderer);
  if (!GoesAway(exclusion, renderer)) return;
  Warn(renderer.statements().back(), v1::INDEX_DROPPED,
       "conflicting rows are let in without constraint", exclusion.path());
}

void Alter(const Difference& difference, Renderer& renderer) {
  AlterIndexPartition(difference, renderer);
  AlterConstraintComments(difference, renderer);
}

// The one of a table that becomes a part stands in the way of the whole's.
OnChange ChangeOf(const Object& from, const Object& to,
                  absl::Span<const absl::string_view> changed, OnChange asked) {
  return to.Has("partition_of") &&
                 from.Get("partition_of") != to.Get("partition_of")
             ? OnChange::kRecreate
             : asked;
}

}  // namespace

Sql ExclusionClause(const Object& exclusion) {
  Sql sql = NewSql();
  sql << Verbatim{exclusion.Get("definition")};
  return sql;
}

void ReadExclusions(Catalog& catalog) {
  ForEachConstraint(
      catalog, 'x', [&](const CatalogRow& row, const Relation& table) {
        Object exclusion(v1::EXCLUSION,
                         catalog.PathOf(table).Child(row.Text(1)));
        exclusion.Set("definition", CanonicalExpression(row.Text(18)));
        DependOnColumns(table, ParseNumbers(row.Text(12)), catalog, exclusion);
        catalog.Add(ConstraintKey(row), std::move(exclusion));
        catalog.AddAlias(CatalogKey(kRelationClass, row.Id(7), 0),
                         ConstraintKey(row));
      });
}

KindHandler ExclusionHandler() {
  KindHandler handler;
  handler.spec.kind = v1::EXCLUSION;
  handler.spec.attributes = kAttributes;
  handler.spec.absorbed_by_parent_create = true;
  handler.spec.dropped_with_parent = true;
  handler.spec.follows_alter = true;
  handler.spec.on_change = ChangeOf;
  handler.spec.create_risk = 30;
  handler.spec.drop_risk = 40;
  handler.create = Create;
  handler.drop = Drop;
  handler.alter = Alter;
  handler.rename = RenameConstraint;
  handler.renames_alone = RenamesAlone;
  return handler;
}

}  // namespace fleet::postgres
