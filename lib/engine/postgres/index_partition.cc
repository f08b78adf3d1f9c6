#include "lib/engine/postgres/index_partition.h"

#include <map>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lib/engine/placement.h"
#include "lib/engine/postgres/ddl.h"
#include "lib/engine/postgres/followers.h"
#include "lib/engine/postgres/kinds.h"
#include "lib/engine/postgres/lineage.h"

namespace fleet::postgres {
namespace {

constexpr v1::ObjectKind kIndexKinds[] = {v1::PRIMARY_KEY, v1::UNIQUE_KEY,
                                          v1::EXCLUSION, v1::INDEX};

// The index of the whole that `index` is a part of.
const Object* WholeOf(const Object& index, const Schema& schema) {
  for (const Dependency& dependency : index.depends_on) {
    for (v1::ObjectKind kind : kIndexKinds) {
      if (dependency.on.kind != kind ||
          dependency.on.path.Parent() == index.path().Parent()) {
        continue;
      }
      return schema.Find(dependency.on);
    }
  }
  return nullptr;
}

// The part of the same whole that the table has in `schema` by another name.
const Object* FindRenamed(const Object& index, const Schema& schema) {
  for (v1::ObjectKind kind : kIndexKinds) {
    for (const Object& other : schema.ChildrenOf(index.path().Parent(), kind)) {
      if (other.name() != index.name() &&
          other.Get("partition_of") == index.Get("partition_of")) {
        return &other;
      }
    }
  }
  return nullptr;
}

std::vector<const Object*> IndexesOf(const Path& table, const Schema& schema) {
  std::vector<const Object*> indexes;
  for (v1::ObjectKind kind : {v1::PRIMARY_KEY, v1::UNIQUE_KEY, v1::INDEX}) {
    for (const Object& index : schema.ChildrenOf(table, kind)) {
      indexes.push_back(&index);
    }
  }
  return indexes;
}

// As the server compares indexes (CompareIndexInfo).
bool WouldDo(const Object& a, const Object& b) {
  const auto is_unique = [](const Object& index) {
    return index.kind() != v1::INDEX || index.Has("unique");
  };
  const auto keys = [](const Object& index) {
    return index.Get(index.kind() == v1::INDEX ? "keys" : "columns");
  };
  return is_unique(a) == is_unique(b) && keys(a) == keys(b) &&
         a.Get("include") == b.Get("include") &&
         a.Get("predicate") == b.Get("predicate") &&
         a.Get("nulls_not_distinct") == b.Get("nulls_not_distinct");
}

// An index of a partition's own that is like one that belongs to the whole's is
// made once the partition is attached, and has taken the other.
void LetPartFirst(const std::vector<Object*>& indexes, const Path& partition) {
  for (Object* own : indexes) {
    if (own->kind() != v1::INDEX || own->Has("partition_of")) continue;
    for (const Object* part : indexes) {
      if (!part->Has("partition_of") || !WouldDo(*own, *part)) continue;
      own->DependsOn(v1::PARTITION, partition, /*soft=*/true);
      break;
    }
  }
}

// The whole's index is not touched, so nothing can be taken from it.
bool WholeStays(const Object& index, const Renderer& renderer) {
  const Object* from = WholeOf(index, renderer.from());
  const Object* to = WholeOf(index, renderer.to());
  return from != nullptr && to != nullptr && from->attributes == to->attributes;
}

bool IsPart(const Object& index, const Renderer& renderer) {
  return index.Has("partition_of") &&
         StaysPartition(renderer, index.path().Parent());
}

}  // namespace

bool BuildsInParts(const Object& index, const Renderer& renderer) {
  const Path table = index.path().Parent();
  if (!renderer.online() || !IsSteadyTable(renderer, table)) return false;
  for (v1::ObjectKind kind : kIndexKinds) {
    if (renderer.from().Find(kind, index.path()) != nullptr) return false;
  }
  const Object* whole = WholeOf(index, renderer.to());
  if (whole == nullptr) return HasSteadyParts(renderer, table);
  return renderer.placement().IsDeferred(whole->key) ||
         WholeStays(index, renderer);
}

void AttachIndex(const Object& index, Renderer& renderer) {
  if (!IsPart(index, renderer)) return;
  Sql sql = NewSql();
  sql << "ALTER INDEX " << Verbatim{index.Get("partition_of")}
      << " ATTACH PARTITION " << Identifier{index.path().first()} << "."
      << Identifier{index.name()};
  renderer.Add(sql, kAccessExclusive);
}

bool IsMadeAlready(const Object& index, const Renderer& renderer) {
  return IsPart(index, renderer) && WholeStays(index, renderer) &&
         FindRenamed(index, renderer.from()) != nullptr;
}

bool GoesWithWhole(const Object& index, Renderer& renderer) {
  if (!IsPart(index, renderer)) return false;
  if (!WholeStays(index, renderer)) return true;
  const Object* to = FindRenamed(index, renderer.to());
  if (to == nullptr) return true;
  Sql sql = NewSql();
  sql << "ALTER INDEX " << Identifier{index.path().first()} << "."
      << Identifier{index.name()} << " RENAME TO " << Identifier{to->name()};
  renderer.Add(sql, kShareUpdateExclusive);
  return true;
}

absl::Status CheckParts(const Object& index, const Schema& from) {
  if (index.kind() != v1::INDEX) return absl::OkStatus();
  for (v1::ObjectKind kind : {v1::PRIMARY_KEY, v1::UNIQUE_KEY}) {
    for (const Object& key : from.OfKind(kind)) {
      if (!key.Has("partition_of") || !DependsOn(key, index.key)) continue;
      return absl::FailedPreconditionError(absl::StrCat(
          "its part ", Describe(key.key),
          " is a constraint, which keeps it; drop it by hand, with CASCADE"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckTaken(const Path& table, const Renderer& renderer) {
  for (const Object* wanted : IndexesOf(table, renderer.to())) {
    if (!wanted->Has("partition_of")) continue;
    const bool is_old = renderer.from().Find(wanted->key) != nullptr;
    for (const Object* other : IndexesOf(table, renderer.to())) {
      if (other->Has("partition_of") || !WouldDo(*other, *wanted)) continue;
      // The server takes the oldest; new indexes come later.
      const bool is_new = renderer.from().Find(other->key) == nullptr;
      if (is_new && (is_old || other->kind() == v1::INDEX)) continue;
      return absl::FailedPreconditionError(absl::StrCat(
          Describe(other->key), " is like ", Describe(wanted->key),
          ", and PostgreSQL may take either for ", wanted->Get("partition_of"),
          "; drop one of them in the source"));
    }
  }
  return absl::OkStatus();
}

void AlterIndexPartition(const Difference& difference, Renderer& renderer) {
  if (!Changed(difference, "partition_of")) return;
  const Object& from = *difference.from;
  const Object& to = *difference.to;
  if (!StaysPartition(renderer, to.path().Parent())) return;
  if (to.Has("partition_of")) return AttachIndex(to, renderer);
  renderer.Fail(absl::FailedPreconditionError(absl::StrCat(
      "it is a part of ", from.Get("partition_of"),
      ", which takes it along when it is dropped; drop that first, and create "
      "this in a second plan")));
}

void ReadIndexPartitions(Catalog& catalog) {
  std::map<Path, std::vector<Object*>> by_table;
  std::map<Path, Path> wholes;  // by the table of the part
  for (const Relation* relation : catalog.Relations()) {
    if (relation->kind != 'i' && relation->kind != 'I') continue;
    Object* index =
        catalog.FindObject(CatalogKey(kRelationClass, relation->oid, 0));
    if (index == nullptr) continue;
    by_table[index->path().Parent()].push_back(index);
    for (Oid oid : relation->parents) {
      const Relation* whole = catalog.FindRelation(oid);
      const CatalogKey key(kRelationClass, oid, 0);
      const Object* whole_index = catalog.FindObject(key);
      if (whole == nullptr || whole_index == nullptr) continue;
      index->Set("partition_of", QuotePath(catalog.PathOf(*whole)));
      catalog.Depend(*index, key);
      wholes[index->path().Parent()] = whole_index->path().Parent();
    }
  }
  for (const auto& [table, whole] : wholes) {
    LetPartFirst(by_table[table], table.Child(QuotePath(whole)));
  }
}

}  // namespace fleet::postgres
