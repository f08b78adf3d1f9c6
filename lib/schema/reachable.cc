#include "lib/schema/reachable.h"

namespace fleet {

std::vector<bool> Reachable(size_t start, const Adjacency& edges) {
  std::vector<bool> seen(edges.size());
  std::vector<size_t> stack = {start};
  while (!stack.empty()) {
    const size_t index = stack.back();
    stack.pop_back();
    for (size_t next : edges[index]) {
      if (seen[next]) continue;
      seen[next] = true;
      stack.push_back(next);
    }
  }
  return seen;
}

}  // namespace fleet
