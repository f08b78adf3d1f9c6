#include "lib/engine/postgres/ddl.h"
#include "lib/engine/postgres/operator_members.h"
#include "lib/engine/postgres/rare_kinds.h"

namespace fleet::postgres {
namespace {

constexpr AttributeSpec kAttributes[] = {
    {"comment", Compare::kExact, OnChange::kAlter, 0},
    {"default", Compare::kExact, OnChange::kRecreate, 40},
    {"family", Compare::kExact, OnChange::kRecreate, 40},
    {"members", Compare::kExact, OnChange::kRecreate, 50},
    {"storage", Compare::kExact, OnChange::kRecreate, 50},
    {"type", Compare::kExact, OnChange::kRecreate, 50},
};

Sql ClassName(const Object& object) {
  Sql sql = NewSql();
  sql << "OPERATOR CLASS " << Name(object.path(), 2);
  return sql;
}

Sql ClassWord(const Object& object) {
  Sql sql = ClassName(object);
  sql << " USING " << Identifier{object.name()};
  return sql;
}

void Create(const Object& object, Renderer& renderer) {
  Sql sql = NewSql();
  sql << "CREATE " << ClassName(object);
  if (object.Has("default")) sql << " DEFAULT";
  sql << " FOR TYPE " << Verbatim{object.Get("type")} << " USING "
      << Identifier{object.name()} << " FAMILY "
      << Verbatim{object.Get("family")} << " AS ";
  // Something has to stand there.
  if (object.Has("storage") || !object.Has("members")) {
    sql << "STORAGE "
        << Verbatim{object.Get(object.Has("storage") ? "storage" : "type")};
    if (object.Has("members")) sql << ", ";
  }
  sql << Verbatim{object.Get("members")};
  renderer.Add(sql, kNoLock);
  WriteNewComment(object, ClassWord(object), renderer);
}

void Drop(const Object& object, Renderer& renderer) {
  Sql sql = NewSql();
  sql << "DROP " << ClassWord(object);
  renderer.Add(sql, kNoLock);
}

void Alter(const Difference& difference, Renderer& renderer) {
  WriteComment(*difference.to, ClassWord(*difference.to), renderer);
}

}  // namespace

RareQuery OperatorClassRows(int version) {
  RareQuery query;
  query.sort = "operator class";
  query.class_id = kOpclassClass;
  query.from = "pg_opclass o JOIN pg_am ON pg_am.oid = o.opcmethod";
  query.name = "o.opcname";
  query.schema = "o.opcnamespace";
  query.fields = MemberFields(kOpclassClass);
  for (const char* field : {"pg_am.amname", "o.opcdefault",
                            "format_type(o.opcintype, NULL)", "o.opcfamily",
                            "CASE WHEN o.opckeytype <> 0 THEN "
                            "format_type(o.opckeytype, NULL) END"}) {
    query.fields.push_back(field);
  }
  query.fields.push_back(QualifiedNameOf("pg_opfamily", "opf", "o.opcfamily"));
  return query;
}

void ReadOperatorClasses(Catalog& catalog) {
  for (const RareRow& row : catalog.RareRows("operator class")) {
    Object object(v1::OPERATOR_CLASS,
                  catalog.PathOf(row.schema(), row.name()).Child(row.Field(3)));
    object.Set("members", row.Field(0));
    if (row.Is(4)) object.Set("default", "true");
    object.Set("type", row.Field(5));
    object.Set("storage", row.Field(7));
    object.Set("family", row.Field(8));
    DependOnMembers(row.Field(1), row.Field(2), catalog, object);
    catalog.Depend(object,
                   CatalogKey(kOpfamilyClass, ParseOid(row.Field(6)), 0));
    catalog.DependOnSchema(object);
    catalog.AddRare(row, std::move(object));
  }
}

KindHandler OperatorClassHandler() {
  KindHandler handler;
  handler.spec.kind = v1::OPERATOR_CLASS;
  handler.spec.attributes = kAttributes;
  handler.create = Create;
  handler.drop = Drop;
  handler.alter = Alter;
  return handler;
}

}  // namespace fleet::postgres
