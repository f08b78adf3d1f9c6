#include "lib/engine/postgres/ddl.h"
#include "lib/engine/postgres/index_partition.h"
#include "lib/engine/postgres/kinds.h"
#include "lib/engine/postgres/lineage.h"

// That a table is a partition of another: an object below it, named after the
// other. A partition is made as a table of its own and then attached, which
// takes a weaker lock than CREATE TABLE … PARTITION OF and keeps every name.

namespace fleet::postgres {
namespace {

constexpr AttributeSpec kAttributes[] = {
    {"bound", Compare::kExact, OnChange::kRecreate, 50},
};

std::string Summary(const Object& partition) {
  return std::string(partition.Get("bound"));
}

void Attach(const Object& partition, Renderer& renderer) {
  const Path table = partition.path().Parent();
  const absl::Status possible = CheckTaken(table, renderer);
  if (!possible.ok()) return renderer.Fail(possible);
  Sql sql = AlterTable(ParentTable(partition));
  sql << "ATTACH PARTITION " << Name(table) << " "
      << Verbatim{partition.Get("bound")};
  // Of the part; the whole is open to its clients meanwhile.
  v1::Statement& statement = renderer.Add(sql, kAccessExclusive);
  if (!HasRows(renderer, table)) return;
  statement.set_scans_table(true);
  Warn(statement, v1::FULL_SCAN, "this reads all rows of table", table);
  Warn(statement, v1::DATA_DEPENDENT, "a row outside of its bounds stops table",
       table);
}

// A detached table keeps the foreign keys of the whole as its own.
void DropForeignKeys(const Object& partition, Renderer& renderer) {
  const Path table = partition.path().Parent();
  for (const Object& key : renderer.from().ChildrenOf(table, v1::FOREIGN_KEY)) {
    if (!key.Has("inherited")) continue;
    const Path origin = ParentTable(partition).Child(key.name());
    const Object* before = renderer.from().Find(v1::FOREIGN_KEY, origin);
    const Object* after = renderer.to().Find(v1::FOREIGN_KEY, origin);
    const bool gone =
        before != nullptr &&
        (after == nullptr || !(after->attributes == before->attributes));
    if (gone || renderer.to().Find(key.key) != nullptr) continue;
    DropConstraint(key, renderer);
  }
}

void Detach(const Object& partition, Renderer& renderer) {
  const Path table = partition.path().Parent();
  Sql sql = AlterTable(ParentTable(partition));
  sql << "DETACH PARTITION " << Name(table);
  v1::Statement& statement = renderer.Add(sql, kAccessExclusive);
  if (!GoesAway(partition, renderer)) return;
  Warn(statement, v1::BREAKS_CLIENTS,
       "whoever reads the whole no longer sees the rows of table", table);
  DropForeignKeys(partition, renderer);
}

}  // namespace

void ReadPartitions(Catalog& catalog) {
  for (const Relation* relation : catalog.Relations()) {
    if (!relation->is_partition || !relation->IsTable()) continue;
    const CatalogRow row = catalog.Row(kRelationRows, relation->row);
    for (Oid oid : relation->parents) {
      const Relation* parent = catalog.FindRelation(oid);
      if (parent == nullptr) continue;
      const Path parent_path = catalog.PathOf(*parent);
      Object partition(v1::PARTITION,
                       catalog.PathOf(*relation).Child(QuotePath(parent_path)));
      partition.Set("bound", row.Text(17));
      partition.DependsOn(v1::TABLE, parent_path);
      catalog.Add(CatalogKey(kInheritsClass, relation->oid, 0),
                  std::move(partition));
    }
  }
}

KindHandler PartitionHandler() {
  KindHandler handler;
  handler.spec.kind = v1::PARTITION;
  handler.spec.attributes = kAttributes;
  handler.spec.dropped_with_parent = true;
  handler.spec.summary = Summary;
  handler.spec.create_risk = 20;
  handler.spec.drop_risk = 60;
  handler.create = Attach;
  handler.drop = Detach;
  return handler;
}

}  // namespace fleet::postgres
