#include "lib/engine/postgres/constraint_rows.h"
#include "lib/engine/postgres/ddl.h"
#include "lib/engine/postgres/index_rows.h"
#include "lib/engine/postgres/kinds.h"
#include "lib/engine/postgres/lineage.h"
#include "lib/engine/postgres/lint_rules.h"
#include "lib/engine/postgres/online.h"
#include "lib/engine/postgres/table_parts.h"

namespace fleet::postgres {
namespace {

constexpr AttributeSpec kAttributes[] = {
    {"comment", Compare::kExact, OnChange::kAlter, 0},
    {"expression", Compare::kExact, OnChange::kRecreate, 40},
    {"inherited", Compare::kExact, OnChange::kAlter, 20},
    {"no_inherit", Compare::kExact, OnChange::kRecreate, 20},
    {"not_enforced", Compare::kExact, OnChange::kRecreate, 30},
    {"not_valid", Compare::kExact, OnChange::kAlter, 30},
};

std::string Summary(const Object& check) {
  return std::string(check.Get("expression"));
}

OnChange OnCheckChanged(const Object& from, const Object& to,
                        absl::Span<const absl::string_view> changed,
                        OnChange asked) {
  // What is valid cannot be made otherwise in place.
  const bool loses = !from.Has("not_valid") && to.Has("not_valid");
  return loses ? OnChange::kRecreate : asked;
}

void Drop(const Object& check, Renderer& renderer) {
  if (SteadyOrigin(check, renderer.from(), renderer) != nullptr) return;
  DropConstraint(check, renderer);
}

void Validate(const Object& check, Renderer& renderer) {
  v1::Statement& statement = ValidateConstraint(check, renderer);
  Warn(statement, v1::DATA_DEPENDENT, "a row that breaks it stops check",
       check.path());
}

void Alter(const Difference& difference, Renderer& renderer) {
  const Object& to = *difference.to;
  const absl::Status possible = CheckInherited(difference, renderer);
  if (!possible.ok()) return renderer.Fail(possible);
  const Object* origin = SteadyOrigin(to, renderer.to(), renderer);
  const bool follows = origin != nullptr && !origin->Has("not_valid");
  if (Changed(difference, "comment")) {
    WriteComment(to, ConstraintName(to), renderer);
  }
  if (Changed(difference, "not_valid") && !follows) Validate(to, renderer);
}

}  // namespace

Sql CheckClause(const Object& check) {
  Sql sql = NewSql();
  sql << "CHECK (" << Verbatim{check.Get("expression")} << ")";
  if (check.Has("no_inherit")) sql << " NO INHERIT";
  if (check.Has("not_enforced")) sql << " NOT ENFORCED";
  return sql;
}

bool IsNotValid(const Object& check) { return check.Has("not_valid"); }

void CreateCheck(const Object& check, Renderer& renderer) {
  const Object* origin = SteadyOrigin(check, renderer.to(), renderer);
  if (origin != nullptr) {
    if (IsNotValid(*origin) && !IsNotValid(check)) Validate(check, renderer);
    return WriteNewConstraintComments(check, renderer);
  }
  Sql sql = AddConstraint(check.path());
  sql << CheckClause(check);
  const Path table = check.path().Parent();
  const bool online = !IsNotValid(check) && !check.Has("not_enforced") &&
                      HasClients(renderer, table);
  if (IsNotValid(check) || online) sql << " NOT VALID";
  v1::Statement& statement = renderer.Add(sql, kAccessExclusive);
  const bool proven = IsNotValid(check) || check.Has("not_enforced");
  if (!proven && !online && HasRows(renderer, table)) {
    Lint(Rule::kAddCheck, table, statement);
  }
  WriteNewConstraintComments(check, renderer);
  if (online) Validate(check, renderer);
}

void ReadChecks(Catalog& catalog) {
  ForEachConstraint(
      catalog, 'c', [&](const CatalogRow& row, const Relation& table) {
        Object check(v1::CHECK, catalog.PathOf(table).Child(row.Text(1)));
        check.Set("expression", CanonicalExpression(row.Text(17)));
        if (row.Is(15)) check.Set("no_inherit", "true");
        if (!row.Is(16)) check.Set("not_enforced", "true");
        if (!row.Is(6)) check.Set("not_valid", "true");
        SetInherited(row.Is(20), row.Is(21), check);
        DependOnColumns(table, ParseNumbers(row.Text(12)), catalog, check);
        catalog.Add(ConstraintKey(row), std::move(check));
      });
}

KindHandler CheckHandler() {
  KindHandler handler;
  handler.spec.kind = v1::CHECK;
  handler.spec.attributes = kAttributes;
  handler.spec.absorbed_by_parent_create = true;
  handler.spec.dropped_with_parent = true;
  handler.spec.follows_alter = true;
  handler.spec.on_change = OnCheckChanged;
  handler.spec.summary = Summary;
  handler.spec.create_risk = 30;
  handler.spec.drop_risk = 30;
  handler.create = CreateCheck;
  handler.drop = Drop;
  handler.alter = Alter;
  handler.rename = RenameConstraint;
  handler.renames_alone = RenamesAlone;
  return handler;
}

}  // namespace fleet::postgres
