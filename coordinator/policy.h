#ifndef COORDINATOR_POLICY_H_
#define COORDINATOR_POLICY_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "proto/rollout.pb.h"

namespace fleet {

// A policy from YAML. Strict: unknown and duplicate keys, bad selectors, bad
// amounts are InvalidArgument "file:line:column: …". Pure; fleetctl and the
// coordinator both call it. The format, by example:
//
//   version: 1
//   regions: [eu-west, us-east, ap-south]
//   waves:
//     - name: canary
//       canary: 1
//       bake: 30s
//     - name: "{{region}}"
//       each: region
//       max_parallel: 50%
//       failure_tolerance: 0
//       promote: manual
//   on_failure: halt          # halt | continue
//   target_deadline: 5m       # for an agent to answer; 0s: for ever
//   lock_timeout: 3s
//   lock_retries: 5
//   online_change: {tool: pt-online-schema-change, from: 1GiB}
//   max_risk: 80
//   allow_hazards: [INDEX_BUILD]
//
// Amounts are counts or percentages of a wave. `promote` is auto, manual (the
// wave waits before it starts) or manual_first (of the waves of an `each`, only
// the first waits). A change that blocks the writers of a table of at least
// `from` bytes is made by the tool. Without `waves` they are those of
// DefaultPolicy().
absl::StatusOr<v1::Policy> ParsePolicy(const std::string& text,
                                       const std::string& file_name);

}  // namespace fleet

#endif  // COORDINATOR_POLICY_H_
