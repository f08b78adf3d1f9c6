#ifndef LIB_SCHEMA_ORDER_H_
#define LIB_SCHEMA_ORDER_H_

#include <vector>

#include "absl/status/statusor.h"
#include "lib/schema/diff.h"

// Differences in an order that the server accepts: one topological sort.
//   1. drop(Y) before drop(D) and before alter(D), for D in Y's old
//      dependencies; a child counts as depending on its parent. Before a plain
//      ALTER, under which Y could stay, the edge is soft.
//   2. alter(Y) before drop(D) likewise.
//   3. create/alter(D) before create/alter(Y), for D in Y's new dependencies.
//   4. drop before create at the same path, of any kind.
//   5. steps of one batch (kind_spec.h) follow each other where they can;
//   6. ties: drops by descending kind rank, then alters and creates by
//      ascending rank, then path.
// Soft edges yield in a cycle; a hard cycle is an Internal error naming its
// members. Steps of absorbed children are folded into their parent's. Same
// input, same order, whatever the order of the differences. Pure.

namespace fleet {

enum class StepOp { kDrop, kCreate, kAlter, kRebuild };

// What a renderer turns into statements. RECREATE differences become a kDrop
// and a kCreate step.
struct Step {
  StepOp op = StepOp::kCreate;
  const Difference* difference = nullptr;
  const Object* from = nullptr;
  const Object* to = nullptr;

  const ObjectKey& key() const { return from ? from->key : to->key; }
};

// `differences` must outlive the steps. Drops of children that go with their
// parent (dropped_with_parent) and creates that it absorbs are left out.
absl::StatusOr<std::vector<Step>> Order(
    const Schema& from, const Schema& to,
    const std::vector<Difference>& differences, KindSpecs specs);

// The objects on a cycle of hard edges; empty where Order finds an order.
std::vector<ObjectKey> FindCycle(const Schema& from, const Schema& to,
                                 const std::vector<Difference>& differences,
                                 KindSpecs specs);

}  // namespace fleet

#endif  // LIB_SCHEMA_ORDER_H_
