#include "lib/engine/postgres/ddl.h"
#include "lib/engine/postgres/rare_kinds.h"

namespace fleet::postgres {
namespace {

constexpr AttributeSpec kAttributes[] = {
    {"comment", Compare::kExact, OnChange::kAlter, 0},
    {"default", Compare::kExact, OnChange::kRecreate, 50},
    {"function", Compare::kExact, OnChange::kRecreate, 50},
    {"source", Compare::kExact, OnChange::kRecreate, 50},
    {"target", Compare::kExact, OnChange::kRecreate, 50},
};

Sql ConversionWord(const Object& conversion) {
  Sql sql = NewSql();
  sql << "CONVERSION " << Name(conversion.path());
  return sql;
}

void Create(const Object& conversion, Renderer& renderer) {
  Sql sql = NewSql();
  sql << "CREATE ";
  if (conversion.Has("default")) sql << "DEFAULT ";
  sql << ConversionWord(conversion) << " FOR "
      << Literal{conversion.Get("source")} << " TO "
      << Literal{conversion.Get("target")} << " FROM "
      << Verbatim{conversion.Get("function")};
  renderer.Add(sql, kNoLock);
  WriteNewComment(conversion, ConversionWord(conversion), renderer);
}

void Drop(const Object& conversion, Renderer& renderer) {
  Sql sql = NewSql();
  sql << "DROP " << ConversionWord(conversion);
  renderer.Add(sql, kNoLock);
}

void Alter(const Difference& difference, Renderer& renderer) {
  WriteComment(*difference.to, ConversionWord(*difference.to), renderer);
}

}  // namespace

RareQuery ConversionRows(int version) {
  RareQuery query;
  query.sort = "conversion";
  query.class_id = kConversionClass;
  query.from = "pg_conversion o";
  query.name = "o.conname";
  query.schema = "o.connamespace";
  query.fields = {"pg_encoding_to_char(o.conforencoding)",
                  "pg_encoding_to_char(o.contoencoding)", "o.conproc",
                  "o.condefault"};
  return query;
}

void ReadConversions(Catalog& catalog) {
  for (const RareRow& row : catalog.RareRows("conversion")) {
    Object conversion(v1::CONVERSION, catalog.PathOf(row.schema(), row.name()));
    conversion.Set("source", row.Field(0));
    conversion.Set("target", row.Field(1));
    conversion.Set("function", row.Field(2));
    if (row.Is(3)) conversion.Set("default", "true");
    catalog.DependOnSchema(conversion);
    catalog.AddRare(row, std::move(conversion));
  }
}

KindHandler ConversionHandler() {
  KindHandler handler;
  handler.spec.kind = v1::CONVERSION;
  handler.spec.attributes = kAttributes;
  handler.create = Create;
  handler.drop = Drop;
  handler.alter = Alter;
  return handler;
}

}  // namespace fleet::postgres
