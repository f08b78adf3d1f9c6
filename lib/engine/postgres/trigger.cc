#include "lib/engine/postgres/ddl.h"
#include "lib/engine/postgres/kinds.h"
#include "lib/engine/postgres/lint_rules.h"

namespace fleet::postgres {
namespace {

constexpr AttributeSpec kAttributes[] = {
    {"comment", Compare::kExact, OnChange::kAlter, 0},
    {"definition", Compare::kExact, OnChange::kRecreate, 40},
    {"enabled", Compare::kExact, OnChange::kAlter, 40},
};

Sql TriggerWord(const Object& trigger) {
  Sql sql = NewSql();
  sql << "TRIGGER " << Identifier{trigger.name()} << " ON "
      << Name(trigger.path(), trigger.path().size() - 1);
  return sql;
}

// "enabled": absent for ENABLE, else DISABLE, ENABLE REPLICA, ENABLE ALWAYS.
void WriteEnabled(const Object& trigger, Renderer& renderer) {
  Sql sql = AlterTable(trigger.path().Parent());
  if (trigger.Has("enabled")) {
    sql << Verbatim{trigger.Get("enabled")};
  } else {
    sql << "ENABLE";
  }
  sql << " TRIGGER " << Identifier{trigger.name()};
  Lint(Rule::kTrigger, trigger.path(), renderer.Add(sql, kShareRowExclusive));
}

void Create(const Object& trigger, Renderer& renderer) {
  Sql sql = NewSql();
  sql << Verbatim{trigger.Get("definition")};
  v1::Statement& statement = renderer.Add(sql, kShareRowExclusive);
  Lint(Rule::kTrigger, trigger.path(), statement);
  if (HasRows(renderer, trigger.path().Parent())) {
    Warn(statement, v1::CORRECTNESS,
         "rows written from now on go through it:", trigger.path());
  }
  if (trigger.Has("enabled")) WriteEnabled(trigger, renderer);
  WriteNewComment(trigger, TriggerWord(trigger), renderer);
}

void Drop(const Object& trigger, Renderer& renderer) {
  Sql sql = NewSql();
  sql << "DROP " << TriggerWord(trigger);
  Lint(Rule::kTrigger, trigger.path(), renderer.Add(sql, kAccessExclusive));
}

void Alter(const Difference& difference, Renderer& renderer) {
  const Object& to = *difference.to;
  if (Changed(difference, "enabled")) WriteEnabled(to, renderer);
  if (Changed(difference, "comment")) {
    WriteComment(to, TriggerWord(to), renderer);
  }
}

}  // namespace

void ReadTriggers(Catalog& catalog) {
  for (int i = 0; i < catalog.RowCount(kTriggerRows); ++i) {
    const CatalogRow row = catalog.Row(kTriggerRows, i);
    const Relation* relation = catalog.FindRelation(row.Id(1));
    const bool fits =
        relation != nullptr && (relation->IsTable() || relation->kind == 'v');
    if (!fits) continue;
    Object trigger(v1::TRIGGER, catalog.PathOf(*relation).Child(row.Text(2)));
    trigger.Set("definition", CanonicalExpression(row.Text(4)));
    trigger.Set("enabled", FiringWords(row.Text(3)));
    catalog.Add(CatalogKey(kTriggerClass, row.Id(0), 0), std::move(trigger));
  }
}

KindHandler TriggerHandler() {
  KindHandler handler;
  handler.spec.kind = v1::TRIGGER;
  handler.spec.attributes = kAttributes;
  handler.spec.dropped_with_parent = true;
  handler.spec.create_risk = 20;
  handler.spec.drop_risk = 40;
  handler.create = Create;
  handler.drop = Drop;
  handler.alter = Alter;
  return handler;
}

}  // namespace fleet::postgres
