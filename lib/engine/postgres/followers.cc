#include "lib/engine/postgres/followers.h"

#include <algorithm>

#include "lib/engine/postgres/kinds.h"
#include "lib/engine/postgres/lineage.h"

namespace fleet::postgres {
namespace {

struct Follower {
  v1::ObjectKind kind;
  KindHandler handler;
};

const std::vector<Follower>& FollowerKinds() {
  static const auto* const kinds = new std::vector<Follower>{
      {v1::PRIMARY_KEY, PrimaryKeyHandler()},
      {v1::UNIQUE_KEY, UniqueKeyHandler()},
      {v1::CHECK, CheckHandler()},
      {v1::EXCLUSION, ExclusionHandler()},
      {v1::INDEX, IndexHandler()},
  };
  return *kinds;
}

const KindHandler& HandlerOf(const Object& object) {
  for (const Follower& follower : FollowerKinds()) {
    if (follower.kind == object.kind()) return follower.handler;
  }
  return FollowerKinds().front().handler;
}

}  // namespace

bool DependsOn(const Object& object, const ObjectKey& key) {
  return std::any_of(
      object.depends_on.begin(), object.depends_on.end(),
      [&](const Dependency& dependency) { return dependency.on == key; });
}

std::vector<const Object*> FollowersOf(const ObjectKey& key,
                                       const Renderer& renderer) {
  std::vector<const Object*> followers;
  for (const Follower& follower : FollowerKinds()) {
    for (const Object& object : renderer.from().OfKind(follower.kind)) {
      if (!DependsOn(object, key)) continue;
      const Object* to = renderer.to().Find(object.key);
      if (to != nullptr && to->attributes == object.attributes) {
        followers.push_back(to);
      }
    }
  }
  return followers;
}

std::vector<const Object*> PartitionedIndexesOf(const ObjectKey& column,
                                                const Renderer& renderer) {
  std::vector<const Object*> indexes;
  if (!IsPartitioned(renderer.from(), column.path.Parent())) return indexes;
  for (const Object* index : FollowersOf(column, renderer)) {
    if (index->kind() == v1::INDEX) indexes.push_back(index);
  }
  for (size_t i = 0; i < indexes.size(); ++i) {
    for (const Object* part : FollowersOf(indexes[i]->key, renderer)) {
      indexes.push_back(part);
    }
  }
  return indexes;
}

void DropFollowers(const std::vector<const Object*>& followers,
                   Renderer& renderer) {
  for (auto follower = followers.rbegin(); follower != followers.rend();
       ++follower) {
    HandlerOf(**follower).drop(**follower, renderer);
  }
}

void CreateFollowers(const std::vector<const Object*>& followers,
                     Renderer& renderer) {
  for (const Object* follower : followers) {
    HandlerOf(*follower).create(*follower, renderer);
  }
}

}  // namespace fleet::postgres
