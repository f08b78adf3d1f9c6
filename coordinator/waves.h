#ifndef COORDINATOR_WAVES_H_
#define COORDINATOR_WAVES_H_

#include <vector>

#include "absl/status/statusor.h"
#include "proto/rollout.pb.h"

namespace fleet {

// The stages of a policy over resolved targets. Each target belongs to the
// first wave that matches it; a wave with each: region becomes one wave per
// region in region order; a canary wave takes the first `canary` in order_by.
// Percentages are resolved (max_parallel and tolerance round down, max_parallel
// to at least 1). Empty waves are left out. InvalidArgument naming a target
// that no wave matches. Same input, same waves. Pure.
absl::StatusOr<std::vector<v1::Wave>> BuildWaves(
    const v1::Policy& policy, const std::vector<v1::Target>& targets);

// One canary target, then manual promotion; then region by region, one target
// at a time, tolerance 0, halt on failure, bake 10 s, 5 minutes for an agent to
// answer, 5 tries for a lock.
v1::Policy DefaultPolicy();

// For rollbacks: what was changed last goes back first.
std::vector<v1::Wave> Reversed(std::vector<v1::Wave> waves);

}  // namespace fleet

#endif  // COORDINATOR_WAVES_H_
