#include "lib/schema/schema.h"

#include <algorithm>
#include <numeric>

#include "absl/container/flat_hash_set.h"
#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"
#include "lib/base/status.h"
#include "lib/schema/kind.h"

namespace fleet {
namespace {

// Sorting moves each object once: the keys are compared through indexes.
std::vector<Object> Sorted(std::vector<Object> objects) {
  const auto by_key = [](const Object& a, const Object& b) {
    return a.key < b.key;
  };
  if (std::is_sorted(objects.begin(), objects.end(), by_key)) return objects;
  std::vector<size_t> order(objects.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return objects[a].key < objects[b].key;
  });
  std::vector<Object> sorted;
  sorted.reserve(objects.size());
  for (size_t index : order) sorted.push_back(std::move(objects[index]));
  return sorted;
}

// Keys by address: a schema of 10,000 tables has 200,000 of them.
struct KeyHash {
  size_t operator()(const ObjectKey* key) const {
    return absl::Hash<ObjectKey>()(*key);
  }
};
struct KeyEqual {
  bool operator()(const ObjectKey* a, const ObjectKey* b) const {
    return *a == *b;
  }
};
using KeySet = absl::flat_hash_set<const ObjectKey*, KeyHash, KeyEqual>;

KeySet KeysOf(const std::vector<Object>& objects) {
  KeySet keys;
  keys.reserve(objects.size());
  for (const Object& object : objects) keys.insert(&object.key);
  return keys;
}

void TidyDependencies(const KeySet& keys, Object* object) {
  std::vector<Dependency>& all = object->depends_on;
  if (all.empty()) return;
  std::sort(all.begin(), all.end());
  const bool has_parent = KindOf(object->key.kind).has_parent;
  const absl::string_view parent = object->key.path.parent_bytes();
  all.erase(std::remove_if(all.begin(), all.end(),
                           [&](const Dependency& dependency) {
                             return dependency.on == object->key ||
                                    (has_parent &&
                                     dependency.on.path.bytes() == parent) ||
                                    !keys.contains(&dependency.on);
                           }),
            all.end());
  // Hard sorts before soft for one object; the soft one says nothing more.
  all.erase(std::unique(all.begin(), all.end(),
                        [](const Dependency& a, const Dependency& b) {
                          return a.on == b.on;
                        }),
            all.end());
  all.shrink_to_fit();
}

}  // namespace

absl::StatusOr<Schema> Schema::Make(SchemaInfo info,
                                    std::vector<Object> objects) {
  Schema schema;
  schema.info_ = std::move(info);
  schema.objects_ = Sorted(std::move(objects));
  schema.IndexKinds();
  for (size_t i = 1; i < schema.objects_.size(); ++i) {
    if (schema.objects_[i].key == schema.objects_[i - 1].key) {
      return absl::InvalidArgumentError(absl::StrCat(
          Describe(schema.objects_[i].key), " is in the schema twice"));
    }
  }
  RETURN_IF_ERROR(schema.CheckParents());
  const KeySet keys = KeysOf(schema.objects_);
  for (Object& object : schema.objects_) TidyDependencies(keys, &object);
  return schema;
}

absl::Status Schema::CheckParents() const {
  absl::string_view known;  // a parent that is there; siblings follow it
  for (const Object& object : objects_) {
    if (!KindOf(object.key.kind).has_parent) continue;
    const absl::string_view parent = object.key.path.parent_bytes();
    if (parent == known && !parent.empty()) continue;
    if (ParentOf(object.key) == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat(
          Describe(object.key), " has no table or view to belong to"));
    }
    known = parent;
  }
  return absl::OkStatus();
}

void Schema::IndexKinds() {
  for (size_t kind = 0; kind < kind_begin_.size(); ++kind) {
    kind_begin_[kind] = static_cast<size_t>(
        std::lower_bound(objects_.begin(), objects_.end(), kind,
                         [](const Object& object, size_t wanted) {
                           return static_cast<size_t>(object.key.kind) < wanted;
                         }) -
        objects_.begin());
  }
}

absl::Span<const Object> Schema::OfKind(v1::ObjectKind kind) const {
  if (!v1::ObjectKind_IsValid(kind)) return {};
  const size_t begin = kind_begin_[static_cast<size_t>(kind)];
  const size_t end = kind_begin_[static_cast<size_t>(kind) + 1];
  return absl::MakeConstSpan(objects_).subspan(begin, end - begin);
}

const Object* Schema::Find(const ObjectKey& key) const {
  const absl::Span<const Object> all = OfKind(key.kind);
  const auto found =
      std::lower_bound(all.begin(), all.end(), key.path,
                       [](const Object& object, const Path& path) {
                         return object.key.path < path;
                       });
  if (found == all.end() || found->key.path != key.path) return nullptr;
  return &*found;
}

const Object* Schema::ParentOf(const ObjectKey& key) const {
  if (!KindOf(key.kind).has_parent) return nullptr;
  const Path path = key.path.Parent();
  for (int kind = 1; kind <= v1::ObjectKind_MAX; ++kind) {
    const auto candidate = static_cast<v1::ObjectKind>(kind);
    if (!KindOf(candidate).may_be_parent) continue;
    if (const Object* parent = Find(candidate, path)) return parent;
  }
  return nullptr;
}

absl::Span<const Object> Schema::ChildrenOf(const Path& parent,
                                            v1::ObjectKind kind) const {
  const absl::Span<const Object> all = OfKind(kind);
  const auto begin =
      std::lower_bound(all.begin(), all.end(), parent,
                       [](const Object& object, const Path& path) {
                         return object.key.path < path;
                       });
  auto end = begin;
  while (end != all.end() && end->key.path.IsWithin(parent)) ++end;
  return all.subspan(static_cast<size_t>(begin - all.begin()),
                     static_cast<size_t>(end - begin));
}

bool operator==(const Schema& a, const Schema& b) {
  return a.info_.engine == b.info_.engine &&
         std::equal(a.objects_.begin(), a.objects_.end(), b.objects_.begin(),
                    b.objects_.end(), [](const Object& x, const Object& y) {
                      return x.key == y.key && x.attributes == y.attributes &&
                             x.depends_on == y.depends_on;
                    });
}

v1::Schema ToProto(const Schema& schema) {
  v1::Schema proto;
  proto.set_engine(schema.info().engine);
  proto.set_flavour(schema.info().flavour);
  proto.set_server_version(schema.info().server_version);
  proto.mutable_objects()->Reserve(static_cast<int>(schema.objects().size()));
  for (const Object& object : schema.objects()) {
    *proto.add_objects() = ToProto(object);
  }
  return proto;
}

absl::StatusOr<Schema> FromProto(const v1::Schema& proto) {
  SchemaInfo info;
  info.engine = proto.engine();
  info.flavour = proto.flavour();
  info.server_version = proto.server_version();
  std::vector<Object> objects;
  objects.reserve(static_cast<size_t>(proto.objects_size()));
  for (const v1::Object& object : proto.objects()) {
    ASSIGN_OR_RETURN(Object parsed, FromProto(object));
    objects.push_back(std::move(parsed));
  }
  return Schema::Make(std::move(info), std::move(objects));
}

}  // namespace fleet
