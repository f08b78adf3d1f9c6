#include "lib/engine/postgres/ddl.h"
#include "lib/engine/postgres/rare_kinds.h"

namespace fleet::postgres {
namespace {

constexpr AttributeSpec kAttributes[] = {
    {"comment", Compare::kExact, OnChange::kAlter, 0},
    {"enabled", Compare::kExact, OnChange::kAlter, 50},
    {"event", Compare::kExact, OnChange::kRecreate, 50},
    {"function", Compare::kExact, OnChange::kRecreate, 50},
    {"tags", Compare::kExact, OnChange::kRecreate, 50},
};

Sql EventTriggerWord(const Object& trigger) {
  Sql sql = NewSql();
  sql << "EVENT TRIGGER " << Name(trigger.path());
  return sql;
}

// "enabled": absent for ENABLE, else DISABLE, ENABLE REPLICA, ENABLE ALWAYS.
void WriteEnabled(const Object& trigger, Renderer& renderer) {
  Sql sql = NewSql();
  sql << "ALTER " << EventTriggerWord(trigger) << " ";
  trigger.Has("enabled") ? sql << Verbatim{trigger.Get("enabled")}
                         : sql << "ENABLE";
  renderer.Add(sql, kNoLock);
}

void Create(const Object& trigger, Renderer& renderer) {
  Sql sql = NewSql();
  sql << "CREATE " << EventTriggerWord(trigger) << " ON "
      << Identifier{trigger.Get("event")};
  if (trigger.Has("tags")) {
    sql << " WHEN TAG IN (" << Verbatim{trigger.Get("tags")} << ")";
  }
  sql << " EXECUTE FUNCTION " << Verbatim{trigger.Get("function")} << "()";
  v1::Statement& statement = renderer.Add(sql, kNoLock);
  if (renderer.from().Find(trigger.key) == nullptr) {
    Warn(statement, v1::CORRECTNESS,
         "schema changes run its function from now on:", trigger.path());
  }
  if (trigger.Has("enabled")) WriteEnabled(trigger, renderer);
  WriteNewComment(trigger, EventTriggerWord(trigger), renderer);
}

void Drop(const Object& trigger, Renderer& renderer) {
  Sql sql = NewSql();
  sql << "DROP " << EventTriggerWord(trigger);
  renderer.Add(sql, kNoLock);
}

void Alter(const Difference& difference, Renderer& renderer) {
  const Object& to = *difference.to;
  if (Changed(difference, "enabled")) WriteEnabled(to, renderer);
  if (Changed(difference, "comment")) {
    WriteComment(to, EventTriggerWord(to), renderer);
  }
}

}  // namespace

RareQuery EventTriggerRows(int version) {
  RareQuery query;
  query.sort = "event trigger";
  query.class_id = kEventTriggerClass;
  query.from = "pg_event_trigger o";
  query.name = "o.evtname";
  query.fields = {
      "o.evtevent", "o.evtenabled", FunctionName("o.evtfoid"),
      "(SELECT string_agg(quote_literal(t), ', ' ORDER BY t COLLATE \"C\") "
      "FROM unnest(o.evttags) t)"};
  // One of ours, or of a test's.
  query.where =
      "o.evtfoid NOT IN (SELECT p.oid FROM pg_proc p JOIN pg_namespace n ON "
      "n.oid = p.pronamespace WHERE n.nspname = 'fleetctl_meta')";
  return query;
}

void ReadEventTriggers(Catalog& catalog) {
  for (const RareRow& row : catalog.RareRows("event trigger")) {
    Object trigger(v1::EVENT_TRIGGER, Path{row.name()});
    trigger.Set("event", row.Field(0));
    trigger.Set("enabled", FiringWords(row.Field(1)));
    trigger.Set("function", row.Field(2));
    trigger.Set("tags", row.Field(3));
    catalog.AddRare(row, std::move(trigger));
  }
}

KindHandler EventTriggerHandler() {
  KindHandler handler;
  handler.spec.kind = v1::EVENT_TRIGGER;
  handler.spec.attributes = kAttributes;
  handler.spec.create_risk = 40;
  handler.spec.drop_risk = 50;
  handler.create = Create;
  handler.drop = Drop;
  handler.alter = Alter;
  return handler;
}

}  // namespace fleet::postgres
