#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "lib/engine/postgres/ddl.h"
#include "lib/engine/postgres/kinds.h"
#include "lib/engine/postgres/rare_kinds.h"

namespace fleet::postgres {
namespace {

constexpr AttributeSpec kAttributes[] = {
    {"comment", Compare::kExact, OnChange::kAlter, 0},
    {"definition", Compare::kExact, OnChange::kRecreate, 50},
};

Sql TypeWord(const Object& type) {
  Sql sql = NewSql();
  sql << "TYPE " << Name(type.path());
  return sql;
}

void Create(const Object& type, Renderer& renderer) {
  Sql sql = NewSql();
  sql << "CREATE " << TypeWord(type) << " AS RANGE ("
      << Verbatim{type.Get("definition")} << ")";
  renderer.Add(sql, kNoLock);
  WriteNewComment(type, TypeWord(type), renderer);
}

void Drop(const Object& type, Renderer& renderer) {
  Sql sql = NewSql();
  sql << "DROP " << TypeWord(type);
  v1::Statement& statement = renderer.Add(sql, kNoLock);
  if (!GoesAway(type, renderer)) return;
  Warn(statement, v1::BREAKS_CLIENTS,
       "clients that name it will fail without type", type.path());
}

void Alter(const Difference& difference, Renderer& renderer) {
  WriteComment(*difference.to, TypeWord(*difference.to), renderer);
}

// The arguments of CREATE TYPE … AS RANGE. Version 14 makes a multirange, by a
// name that is said where it is not the one that is made up without.
std::string DefinitionField(int version) {
  return absl::StrCat(
      "concat_ws(', ', 'SUBTYPE = ' || format_type(r.rngsubtype, NULL), "
      "CASE WHEN NOT c.opcdefault THEN 'SUBTYPE_OPCLASS = ' || "
      "format('%I.%I', n.nspname, c.opcname) END, "
      "CASE WHEN r.rngcollation <> 0 AND r.rngcollation <> s.typcollation THEN "
      "'COLLATION = ' || (SELECT format('%I.%I', cn.nspname, l.collname) FROM "
      "pg_collation l JOIN pg_namespace cn ON cn.oid = l.collnamespace "
      "WHERE l.oid = r.rngcollation) END, "
      "CASE WHEN r.rngcanonical <> 0 "
      "THEN 'CANONICAL = ' || r.rngcanonical::regproc END, "
      "CASE WHEN r.rngsubdiff <> 0 "
      "THEN 'SUBTYPE_DIFF = ' || r.rngsubdiff::regproc END",
      version >= 140000
          ? ", (SELECT 'MULTIRANGE_TYPE_NAME = ' || format('%I.%I', "
            "mn.nspname, m.typname) FROM pg_type m JOIN pg_namespace mn ON "
            "mn.oid = m.typnamespace WHERE m.oid = r.rngmultitypid AND "
            "(m.typnamespace <> o.typnamespace OR m.typname <> CASE WHEN "
            "o.typname LIKE '%range%' THEN overlay(o.typname PLACING 'multi' "
            "FROM strpos(o.typname, 'range') FOR 0) ELSE o.typname || "
            "'_multirange' END))"
          : "",
      ")");
}

}  // namespace

RareQuery RangeRows(int version) {
  RareQuery query;
  query.sort = "range";
  query.class_id = kTypeClass;
  query.from =
      "pg_type o JOIN pg_range r ON r.rngtypid = o.oid JOIN pg_opclass c ON "
      "c.oid = r.rngsubopc JOIN pg_namespace n ON n.oid = c.opcnamespace JOIN "
      "pg_type s ON s.oid = r.rngsubtype";
  query.where = "o.typtype = 'r'";
  query.present = "pg_range WHERE rngtypid >= 16384";
  query.fields = {DefinitionField(version)};
  return query;
}

void ReadRanges(Catalog& catalog) {
  absl::flat_hash_map<Oid, std::string> definitions;
  for (const RareRow& row : catalog.RareRows("range")) {
    definitions.emplace(row.oid(), row.Field(0));
  }
  for (int i = 0; i < catalog.RowCount(kTypeRows); ++i) {
    const CatalogRow row = catalog.Row(kTypeRows, i);
    const Oid oid = row.Id(0);
    if (row.Letter(3) != 'r' || !catalog.IsUserSchema(row.Id(2)) ||
        catalog.IsExtensionMember(kTypeClass, oid)) {
      continue;
    }
    Object type(v1::RANGE, catalog.PathOf(row.Id(2), row.Text(1)));
    type.Set("definition", definitions[oid]);
    catalog.DependOnSchema(type);
    catalog.Add(CatalogKey(kTypeClass, oid, 0), std::move(type));
  }
}

KindHandler RangeHandler() {
  KindHandler handler;
  handler.spec.kind = v1::RANGE;
  handler.spec.attributes = kAttributes;
  handler.create = Create;
  handler.drop = Drop;
  handler.alter = Alter;
  handler.rename = RenameOwn;
  return handler;
}

}  // namespace fleet::postgres
