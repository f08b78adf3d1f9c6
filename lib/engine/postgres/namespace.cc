#include "lib/engine/postgres/ddl.h"
#include "lib/engine/postgres/kinds.h"
#include "lib/engine/postgres/lint_rules.h"

namespace fleet::postgres {
namespace {

constexpr AttributeSpec kAttributes[] = {
    {"comment", Compare::kExact, OnChange::kAlter, 0},
};

Sql SchemaWord(const Object& schema) {
  Sql sql = NewSql();
  sql << "SCHEMA " << Name(schema.path());
  return sql;
}

void Create(const Object& schema, Renderer& renderer) {
  Sql sql = NewSql();
  sql << "CREATE " << SchemaWord(schema);
  renderer.Add(sql, kNoLock);
  WriteNewComment(schema, SchemaWord(schema), renderer);
}

void Drop(const Object& schema, Renderer& renderer) {
  Sql sql = NewSql();
  sql << "DROP " << SchemaWord(schema);
  v1::Statement& statement = renderer.Add(sql, kNoLock);
  Lint(Rule::kDropSchema, schema.path(), statement);
  Warn(statement, v1::BREAKS_CLIENTS,
       "clients that name it will fail without schema", schema.path());
}

void Alter(const Difference& difference, Renderer& renderer) {
  WriteComment(*difference.to, SchemaWord(*difference.to), renderer);
}

}  // namespace

void ReadNamespaces(Catalog& catalog) {
  for (int i = 0; i < catalog.RowCount(kSchemaRows); ++i) {
    const CatalogRow row = catalog.Row(kSchemaRows, i);
    const Oid oid = row.Id(0);
    if (!catalog.IsUserSchema(oid) ||
        catalog.IsExtensionMember(kSchemaClass, oid)) {
      continue;
    }
    catalog.Add(CatalogKey(kSchemaClass, oid, 0),
                Object(v1::SCHEMA, Path{row.Text(1)}));
  }
}

KindHandler NamespaceHandler() {
  KindHandler handler;
  handler.spec.kind = v1::SCHEMA;
  handler.spec.attributes = kAttributes;
  handler.spec.recreatable = false;
  handler.create = Create;
  handler.drop = Drop;
  handler.alter = Alter;
  handler.rename = RenameOwn;
  return handler;
}

}  // namespace fleet::postgres
