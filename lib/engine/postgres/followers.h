#ifndef LIB_ENGINE_POSTGRES_FOLLOWERS_H_
#define LIB_ENGINE_POSTGRES_FOLLOWERS_H_

#include <vector>

#include "lib/engine/kind_handler.h"

// Indexes, keys and checks stay in place while what they depend on is altered
// (KindSpec::follows_alter): the server carries them along. Where an alteration
// is in truth a replacement, its renderer takes them away and puts them back:
//
//   const std::vector<const Object*> followers = FollowersOf(key, renderer);
//   DropFollowers(followers, renderer);
//   …
//   CreateFollowers(followers, renderer);

namespace fleet::postgres {

bool DependsOn(const Object& object, const ObjectKey& key);

// Those that depend on `key` and are the same in both schemas, by path. Those
// that differ are dropped and created by steps of their own.
std::vector<const Object*> FollowersOf(const ObjectKey& key,
                                       const Renderer& renderer);
// The indexes over a partitioned table's column, each before its parts. Under
// an ALTER the server builds the whole's anew with parts by other names.
std::vector<const Object*> PartitionedIndexesOf(const ObjectKey& column,
                                                const Renderer& renderer);
void DropFollowers(const std::vector<const Object*>& followers,
                   Renderer& renderer);
void CreateFollowers(const std::vector<const Object*>& followers,
                     Renderer& renderer);

}  // namespace fleet::postgres

#endif  // LIB_ENGINE_POSTGRES_FOLLOWERS_H_
