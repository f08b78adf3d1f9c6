#include "lib/engine/postgres/ddl.h"
#include "lib/engine/postgres/foreign_options.h"
#include "lib/engine/postgres/kinds.h"
#include "lib/engine/postgres/lineage.h"
#include "lib/engine/postgres/table_parts.h"

namespace fleet::postgres {
namespace {

constexpr AttributeSpec kAttributes[] = {
    {"comment", Compare::kExact, OnChange::kAlter, 0},
    {"has_parts", Compare::kIgnore, OnChange::kIgnore, 0},
    {"options", Compare::kExact, OnChange::kAlter, 40},
    {"secret_options", Compare::kIgnore, OnChange::kIgnore, 0},
    {"server", Compare::kExact, OnChange::kRecreate, 60},
};

Sql TableWord(const Object& table) {
  Sql sql = NewSql();
  sql << "FOREIGN TABLE " << Name(table.path());
  return sql;
}

void Create(const Object& table, Renderer& renderer) {
  Sql sql = NewSql();
  sql << "CREATE " << TableWord(table);
  AppendParts(table, renderer.to(), sql);
  AppendInherits(table, renderer.to(), sql);
  sql << " SERVER " << Identifier{table.Get("server")} << OptionsClause(table);
  WarnOfSecrets(renderer.Add(sql, kNoLock), table);
  FinishParts(table, renderer);
  WriteNewComment(table, TableWord(table), renderer);
}

void Drop(const Object& table, Renderer& renderer) {
  Sql sql = NewSql();
  sql << "DROP " << TableWord(table);
  v1::Statement& statement = renderer.Add(sql, kAccessExclusive);
  if (!GoesAway(table, renderer)) return;
  Warn(statement, v1::BREAKS_CLIENTS,
       "clients that name it will fail without foreign table", table.path());
}

void Alter(const Difference& difference, Renderer& renderer) {
  const Object& to = *difference.to;
  if (Changed(difference, "options")) {
    Sql sql = NewSql();
    sql << "ALTER " << TableWord(to)
        << OptionChangesClause(difference.from->Get("options"),
                               to.Get("options"));
    renderer.Add(sql, kAccessExclusive);
  }
  if (Changed(difference, "comment")) {
    WriteComment(to, TableWord(to), renderer);
  }
}

}  // namespace

void ReadForeignTables(Catalog& catalog) {
  for (const Relation* relation : catalog.Relations()) {
    if (relation->kind != 'f') continue;
    const CatalogRow row = catalog.Row(kRelationRows, relation->row);
    Object table(v1::FOREIGN_TABLE, catalog.PathOf(*relation));
    table.Set("server", row.Text(19));
    table.Set("options", ForeignOptions(row.Text(20)));
    table.Set("secret_options", JoinList(ParseArray(row.Text(21))));
    if (relation->has_children) table.Set("has_parts", "true");
    catalog.DependOnSchema(table);
    catalog.Depend(table, CatalogKey(kServerClass, row.Id(18), 0));
    catalog.Add(CatalogKey(kRelationClass, relation->oid, 0), std::move(table));
  }
}

KindHandler ForeignTableHandler() {
  KindHandler handler;
  handler.spec.kind = v1::FOREIGN_TABLE;
  handler.spec.attributes = kAttributes;
  handler.spec.create_risk = 10;
  handler.spec.drop_risk = 50;
  handler.create = Create;
  handler.drop = Drop;
  handler.alter = Alter;
  handler.rename = RenameOwn;
  return handler;
}

}  // namespace fleet::postgres
