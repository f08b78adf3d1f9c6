#include "lib/engine/postgres/ddl.h"
#include "lib/engine/postgres/rare_kinds.h"

// Rules on tables and views, but for the one that makes a view a view. Their
// text is kept as the server prints it: CREATE RULE r AS ON …

namespace fleet::postgres {
namespace {

constexpr absl::string_view kCreateWord = "CREATE ";

constexpr AttributeSpec kAttributes[] = {
    {"comment", Compare::kExact, OnChange::kAlter, 0},
    {"definition", Compare::kExact, OnChange::kAlter, 50},
    {"enabled", Compare::kExact, OnChange::kAlter, 50},
};

Sql RuleWord(const Object& rule) {
  Sql sql = NewSql();
  sql << "RULE " << Identifier{rule.name()} << " ON "
      << Name(rule.path(), rule.path().size() - 1);
  return sql;
}

void WarnOfMeaning(v1::Statement& statement, const Object& rule,
                   const Renderer& renderer) {
  if (renderer.from().ParentOf(rule.key) == nullptr) return;
  Warn(statement, v1::CORRECTNESS,
       "statements on its table do something else from now on:", rule.path());
}

// "enabled": absent for ENABLE, else DISABLE, ENABLE REPLICA, ENABLE ALWAYS.
v1::Statement& WriteEnabled(const Object& rule, Renderer& renderer) {
  Sql sql = AlterTable(rule.path().Parent());
  if (rule.Has("enabled")) {
    sql << Verbatim{rule.Get("enabled")};
  } else {
    sql << "ENABLE";
  }
  sql << " RULE " << Identifier{rule.name()};
  return renderer.Add(sql, kAccessExclusive);
}

void Create(const Object& rule, Renderer& renderer) {
  Sql sql = NewSql();
  sql << Verbatim{rule.Get("definition")};
  v1::Statement& statement = renderer.Add(sql, kAccessExclusive);
  const Object* from = renderer.from().Find(rule.key);
  if (from == nullptr || from->Get("definition") != rule.Get("definition")) {
    WarnOfMeaning(statement, rule, renderer);
  }
  if (rule.Has("enabled")) WriteEnabled(rule, renderer);
  WriteNewComment(rule, RuleWord(rule), renderer);
}

void Drop(const Object& rule, Renderer& renderer) {
  Sql sql = NewSql();
  sql << "DROP " << RuleWord(rule);
  v1::Statement& statement = renderer.Add(sql, kAccessExclusive);
  if (GoesAway(rule, renderer)) WarnOfMeaning(statement, rule, renderer);
}

void Alter(const Difference& difference, Renderer& renderer) {
  const Object& to = *difference.to;
  if (Changed(difference, "definition")) {
    Sql sql = NewSql();
    sql << "CREATE OR REPLACE "
        << Verbatim{to.Get("definition").substr(kCreateWord.size())};
    WarnOfMeaning(renderer.Add(sql, kAccessExclusive), to, renderer);
  }
  if (Changed(difference, "enabled")) {
    WarnOfMeaning(WriteEnabled(to, renderer), to, renderer);
  }
  if (Changed(difference, "comment")) {
    WriteComment(to, RuleWord(to), renderer);
  }
}

}  // namespace

RareQuery RuleRows(int version) {
  RareQuery query;
  query.sort = "rule";
  query.class_id = kRuleClass;
  query.from = "pg_rewrite o";
  query.name = "o.rulename";
  query.relation = "o.ev_class";
  query.where = "o.rulename <> '_RETURN'";
  query.present = "pg_rewrite WHERE oid >= 16384 AND rulename <> '_RETURN'";
  query.fields = {"pg_get_ruledef(o.oid)", "o.ev_enabled"};
  return query;
}

void ReadRules(Catalog& catalog) {
  for (const RareRow& row : catalog.RareRows("rule")) {
    const Relation* relation = catalog.FindRelation(row.relation());
    if (relation == nullptr) continue;
    Object rule(v1::RULE, catalog.PathOf(*relation).Child(row.name()));
    rule.Set("definition", CanonicalQuery(row.Field(0)));
    rule.Set("enabled", FiringWords(row.Field(1)));
    catalog.Add(CatalogKey(kRuleClass, row.oid(), 0), std::move(rule));
  }
}

KindHandler RuleHandler() {
  KindHandler handler;
  handler.spec.kind = v1::RULE;
  handler.spec.attributes = kAttributes;
  handler.spec.dropped_with_parent = true;
  handler.spec.create_risk = 40;
  handler.spec.drop_risk = 50;
  handler.create = Create;
  handler.drop = Drop;
  handler.alter = Alter;
  return handler;
}

}  // namespace fleet::postgres
