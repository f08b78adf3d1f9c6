#ifndef COORDINATOR_ROLLOUT_RUNNER_INDEX_H_
#define COORDINATOR_ROLLOUT_RUNNER_INDEX_H_

#include <algorithm>

#include "absl/strings/string_view.h"
#include "proto/rollout.pb.h"

// Small questions about rollouts that both halves of the runner ask. Pure.

namespace fleet {

// By name; -1: none.
inline int IndexOfTarget(const v1::Rollout& rollout, absl::string_view name) {
  const auto found = std::lower_bound(
      rollout.targets().begin(), rollout.targets().end(), name,
      [](const v1::TargetProgress& target, absl::string_view wanted) {
        return target.target() < wanted;
      });
  if (found == rollout.targets().end() || found->target() != name) return -1;
  return found - rollout.targets().begin();
}

// Its agent will say something soon.
inline bool OwesAnswer(v1::TargetState state) {
  return state == v1::TARGET_PREFLIGHT || state == v1::TARGET_DISPATCHED ||
         state == v1::TARGET_APPLYING || state == v1::TARGET_VERIFYING;
}

}  // namespace fleet

#endif  // COORDINATOR_ROLLOUT_RUNNER_INDEX_H_
