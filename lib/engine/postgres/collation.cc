#include "lib/engine/postgres/ddl.h"
#include "lib/engine/postgres/rare_kinds.h"

// Collations. The version of the library's collation is the machine's and not
// the schema's.

namespace fleet::postgres {
namespace {

constexpr AttributeSpec kAttributes[] = {
    {"comment", Compare::kExact, OnChange::kAlter, 0},
    {"ctype", Compare::kExact, OnChange::kRecreate, 50},
    {"locale", Compare::kExact, OnChange::kRecreate, 50},
    {"nondeterministic", Compare::kExact, OnChange::kRecreate, 50},
    {"provider", Compare::kExact, OnChange::kRecreate, 50},
    {"rules", Compare::kExact, OnChange::kRecreate, 50},
};

Sql CollationWord(const Object& collation) {
  Sql sql = NewSql();
  sql << "COLLATION " << Name(collation.path());
  return sql;
}

void Create(const Object& collation, Renderer& renderer) {
  Sql sql = NewSql();
  sql << "CREATE " << CollationWord(collation)
      << " (PROVIDER = " << Verbatim{collation.Get("provider")};
  // libc has two names for what the others call a locale.
  if (collation.Has("ctype")) {
    sql << ", LC_COLLATE = " << Literal{collation.Get("locale")}
        << ", LC_CTYPE = " << Literal{collation.Get("ctype")};
  } else {
    sql << ", LOCALE = " << Literal{collation.Get("locale")};
  }
  if (collation.Has("nondeterministic")) sql << ", DETERMINISTIC = false";
  if (collation.Has("rules")) {
    sql << ", RULES = " << Literal{collation.Get("rules")};
  }
  sql << ")";
  renderer.Add(sql, kNoLock);
  WriteNewComment(collation, CollationWord(collation), renderer);
}

void Drop(const Object& collation, Renderer& renderer) {
  Sql sql = NewSql();
  sql << "DROP " << CollationWord(collation);
  renderer.Add(sql, kNoLock);
}

void Alter(const Difference& difference, Renderer& renderer) {
  WriteComment(*difference.to, CollationWord(*difference.to), renderer);
}

// Where the server keeps the one locale of ICU's and its own collations.
const char* LocaleColumn(int version) {
  if (version >= 170000) return "o.colllocale";
  if (version >= 150000) return "o.colliculocale";
  return "o.collcollate";
}

}  // namespace

RareQuery CollationRows(int version) {
  RareQuery query;
  query.sort = "collation";
  query.class_id = kCollationClass;
  query.from = "pg_collation o";
  query.name = "o.collname";
  query.schema = "o.collnamespace";
  query.fields = {
      "CASE o.collprovider WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' WHEN "
      "'d' THEN 'default' ELSE 'libc' END",
      "o.collcollate",
      "o.collctype",
      LocaleColumn(version),
      "NOT o.collisdeterministic",
      version >= 160000 ? "o.collicurules" : "NULL"};
  return query;
}

void ReadCollations(Catalog& catalog) {
  for (const RareRow& row : catalog.RareRows("collation")) {
    Object collation(v1::COLLATION, catalog.PathOf(row.schema(), row.name()));
    const bool libc = row.Field(0) == "libc";
    collation.Set("provider", row.Field(0));
    collation.Set("locale", row.Field(libc ? 1 : 3));
    if (libc) collation.Set("ctype", row.Field(2));
    if (row.Is(4)) collation.Set("nondeterministic", "true");
    collation.Set("rules", row.Field(5));
    catalog.DependOnSchema(collation);
    catalog.AddRare(row, std::move(collation));
  }
}

KindHandler CollationHandler() {
  KindHandler handler;
  handler.spec.kind = v1::COLLATION;
  handler.spec.attributes = kAttributes;
  handler.create = Create;
  handler.drop = Drop;
  handler.alter = Alter;
  return handler;
}

}  // namespace fleet::postgres
