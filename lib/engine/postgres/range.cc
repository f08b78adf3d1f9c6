#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "lib/engine/postgres/ddl.h"
#include "lib/engine/postgres/kinds.h"

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

}  // namespace

void ReadRanges(Catalog& catalog) {
  absl::flat_hash_map<Oid, absl::string_view> definitions;
  for (int i = 0; i < catalog.RowCount(kRareRows); ++i) {
    const CatalogRow row = catalog.Row(kRareRows, i);
    if (row.Text(0) == "range") definitions.emplace(row.Id(2), row.Text(4));
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
  return handler;
}

}  // namespace fleet::postgres
