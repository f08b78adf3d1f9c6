#include "lib/engine/postgres/ddl.h"
#include "lib/engine/postgres/rare_kinds.h"

namespace fleet::postgres {
namespace {

constexpr AttributeSpec kAttributes[] = {
    {"check", Compare::kExact, OnChange::kAlter, 60},
    {"command", Compare::kExact, OnChange::kRecreate, 60},
    {"comment", Compare::kExact, OnChange::kAlter, 0},
    {"restrictive", Compare::kExact, OnChange::kRecreate, 60},
    {"roles", Compare::kExact, OnChange::kAlter, 60},
    {"using", Compare::kExact, OnChange::kAlter, 60},
};

// ALTER POLICY replaces an expression but cannot take one away.
OnChange OnPolicyChanged(const Object& from, const Object& to,
                         absl::Span<const absl::string_view> changed,
                         OnChange asked) {
  for (absl::string_view clause : {"check", "using"}) {
    if (from.Has(clause) && !to.Has(clause)) return OnChange::kRecreate;
  }
  return asked;
}

Sql PolicyWord(const Object& policy) {
  Sql sql = NewSql();
  sql << "POLICY " << Identifier{policy.name()} << " ON "
      << Name(policy.path(), policy.path().size() - 1);
  return sql;
}

// Who sees and writes which rows of a table that is in use.
void WarnOfAccess(v1::Statement& statement, const Object& policy,
                  const Renderer& renderer) {
  if (!HasRows(renderer, policy.path().Parent())) return;
  Warn(statement, v1::AUTHZ_UPDATE,
       "this changes which rows are seen and written:", policy.path());
}

void WriteClauses(const Object& policy, Sql& sql) {
  if (policy.Has("using")) {
    sql << " USING (" << Verbatim{policy.Get("using")} << ")";
  }
  if (policy.Has("check")) {
    sql << " WITH CHECK (" << Verbatim{policy.Get("check")} << ")";
  }
}

void Create(const Object& policy, Renderer& renderer) {
  Sql sql = NewSql();
  sql << "CREATE " << PolicyWord(policy);
  if (policy.Has("restrictive")) sql << " AS RESTRICTIVE";
  if (policy.Has("command")) sql << " FOR " << Verbatim{policy.Get("command")};
  if (policy.Has("roles")) sql << " TO " << Verbatim{policy.Get("roles")};
  WriteClauses(policy, sql);
  v1::Statement& statement = renderer.Add(sql, kAccessExclusive);
  const Object* from = renderer.from().Find(policy.key);
  if (from == nullptr || !(from->attributes == policy.attributes)) {
    WarnOfAccess(statement, policy, renderer);
  }
  WriteNewComment(policy, PolicyWord(policy), renderer);
}

void Drop(const Object& policy, Renderer& renderer) {
  Sql sql = NewSql();
  sql << "DROP " << PolicyWord(policy);
  v1::Statement& statement = renderer.Add(sql, kAccessExclusive);
  if (GoesAway(policy, renderer)) WarnOfAccess(statement, policy, renderer);
}

void Alter(const Difference& difference, Renderer& renderer) {
  const Object& to = *difference.to;
  if (!OnlyCommentChanged(difference)) {
    Sql sql = NewSql();
    sql << "ALTER " << PolicyWord(to);
    if (Changed(difference, "roles")) {
      sql << " TO ";
      to.Has("roles") ? sql << Verbatim{to.Get("roles")} : sql << "PUBLIC";
    }
    WriteClauses(to, sql);
    WarnOfAccess(renderer.Add(sql, kAccessExclusive), to, renderer);
  }
  if (Changed(difference, "comment")) {
    WriteComment(to, PolicyWord(to), renderer);
  }
}

absl::string_view CommandWord(absl::string_view letter) {
  if (letter == "r") return "SELECT";
  if (letter == "a") return "INSERT";
  if (letter == "w") return "UPDATE";
  if (letter == "d") return "DELETE";
  return "";
}

}  // namespace

RareQuery PolicyRows(int version) {
  RareQuery query;
  query.sort = "policy";
  query.class_id = kPolicyClass;
  query.from = "pg_policy o";
  query.name = "o.polname";
  query.relation = "o.polrelid";
  query.fields = {
      "o.polcmd",
      "NOT o.polpermissive",
      // Nobody but everybody, where 0 is among them.
      "CASE WHEN o.polroles <> '{0}' THEN (SELECT string_agg(r, ', ' ORDER BY "
      "r COLLATE \"C\") FROM (SELECT CASE WHEN u = 0 THEN 'PUBLIC' ELSE "
      "quote_ident(pg_get_userbyid(u)) END AS r FROM unnest(o.polroles) u) s) "
      "END",
      "pg_get_expr(o.polqual, o.polrelid)",
      "pg_get_expr(o.polwithcheck, o.polrelid)",
  };
  return query;
}

void ReadPolicies(Catalog& catalog) {
  for (const RareRow& row : catalog.RareRows("policy")) {
    const Relation* relation = catalog.FindRelation(row.relation());
    if (relation == nullptr) continue;
    Object policy(v1::POLICY, catalog.PathOf(*relation).Child(row.name()));
    policy.Set("command", CommandWord(row.Field(0)));
    if (row.Is(1)) policy.Set("restrictive", "true");
    policy.Set("roles", row.Field(2));
    policy.Set("using", CanonicalExpression(row.Field(3)));
    policy.Set("check", CanonicalExpression(row.Field(4)));
    catalog.Add(CatalogKey(kPolicyClass, row.oid(), 0), std::move(policy));
  }
}

KindHandler PolicyHandler() {
  KindHandler handler;
  handler.spec.kind = v1::POLICY;
  handler.spec.attributes = kAttributes;
  handler.spec.on_change = OnPolicyChanged;
  handler.spec.dropped_with_parent = true;
  handler.spec.create_risk = 40;
  handler.spec.drop_risk = 60;
  handler.create = Create;
  handler.drop = Drop;
  handler.alter = Alter;
  return handler;
}

}  // namespace fleet::postgres
