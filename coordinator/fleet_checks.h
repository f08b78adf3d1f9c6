#ifndef COORDINATOR_FLEET_CHECKS_H_
#define COORDINATOR_FLEET_CHECKS_H_

#include <functional>
#include <vector>

#include "absl/status/status.h"
#include "coordinator/agent_calls.h"
#include "proto/rollout.pb.h"

namespace fleet {

// Asks every target that gets a plan what the plan's checks find there, before
// anything is changed anywhere: what stops the last wave's target is known
// before the canary. By cohort and target. A target whose agent does not answer
// has a warning that says so. `progress` is called with the number of targets
// asked. Blocks, so for worker threads only.
std::vector<v1::TargetFinding> CheckFleet(
    AgentCalls& calls, const v1::FleetPlan& fleet_plan,
    const std::function<void(int done, int total)>& progress);

// FailedPrecondition "stopped by policy: …" naming targets and what they have
// wrong; OK where there are warnings only. Pure.
absl::Status BlockedBy(const std::vector<v1::TargetFinding>& findings,
                       const v1::FleetPlan& fleet_plan);

}  // namespace fleet

#endif  // COORDINATOR_FLEET_CHECKS_H_
