#include "absl/strings/str_cat.h"
#include "lib/engine/postgres/ddl.h"
#include "lib/engine/postgres/kinds.h"
#include "lib/engine/postgres/lineage.h"

// That a table inherits from another: an object below it, named after the
// other.

namespace fleet::postgres {
namespace {

constexpr AttributeSpec kAttributes[] = {
    {"position", Compare::kIgnore, OnChange::kIgnore, 0},
};

void Write(const Object& inheritance, bool inherits, Renderer& renderer) {
  const Path table = inheritance.path().Parent();
  Sql sql = AlterTable(table);
  if (!inherits) sql << "NO ";
  sql << "INHERIT " << Name(ParentTable(inheritance));
  v1::Statement& statement = renderer.Add(sql, kAccessExclusive);
  Warn(statement, v1::BREAKS_CLIENTS,
       inherits ? "whoever reads the whole sees the rows, too, of table"
                : "whoever reads the whole no longer sees the rows of table",
       table);
}

void Create(const Object& inheritance, Renderer& renderer) {
  Write(inheritance, true, renderer);
}

void Drop(const Object& inheritance, Renderer& renderer) {
  Write(inheritance, false, renderer);
}

}  // namespace

void ReadInheritances(Catalog& catalog) {
  for (const Relation* relation : catalog.Relations()) {
    if (relation->is_partition || !relation->IsTable()) continue;
    int position = 0;
    for (Oid oid : relation->parents) {
      const Relation* parent = catalog.FindRelation(oid);
      if (parent == nullptr) continue;
      const Path parent_path = catalog.PathOf(*parent);
      Object inheritance(v1::INHERITANCE, catalog.PathOf(*relation).Child(
                                              QuotePath(parent_path)));
      inheritance.Set("position", absl::StrCat(++position));
      catalog.Depend(inheritance, CatalogKey(kRelationClass, oid, 0));
      catalog.Add(CatalogKey(kInheritsClass, relation->oid, position),
                  std::move(inheritance));
    }
  }
}

KindHandler InheritanceHandler() {
  KindHandler handler;
  handler.spec.kind = v1::INHERITANCE;
  handler.spec.attributes = kAttributes;
  handler.spec.absorbed_by_parent_create = true;
  handler.spec.dropped_with_parent = true;
  handler.spec.create_risk = 40;
  handler.spec.drop_risk = 60;
  handler.create = Create;
  handler.drop = Drop;
  return handler;
}

}  // namespace fleet::postgres
