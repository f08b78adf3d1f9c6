#ifndef LIB_SCHEMA_REACHABLE_H_
#define LIB_SCHEMA_REACHABLE_H_

#include <cstddef>
#include <vector>

namespace fleet {

// Node → the nodes that its edges lead to.
using Adjacency = std::vector<std::vector<size_t>>;

// What edges lead to from `start`, by one edge or more: `start` itself only
// where it is on a cycle.
std::vector<bool> Reachable(size_t start, const Adjacency& edges);

}  // namespace fleet

#endif  // LIB_SCHEMA_REACHABLE_H_
