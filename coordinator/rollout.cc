#include "coordinator/rollout.h"

#include <algorithm>

#include "coordinator/rollout_digest.h"
#include "coordinator/rollout_machine.h"

namespace fleet {

bool IsOver(v1::TargetState state) {
  switch (state) {
    case v1::TARGET_HEALTHY:
    case v1::TARGET_FAILED:
    case v1::TARGET_SKIPPED:
    case v1::TARGET_DEFERRED:
    case v1::TARGET_DRIFTED:
    case v1::TARGET_BLOCKED:
    case v1::TARGET_CANCELLED:
    case v1::TARGET_REVERTED:
    case v1::TARGET_DIVERGED:
      return true;
    default:
      return false;
  }
}

bool IsStarted(v1::TargetState state) {
  return state == v1::TARGET_APPLYING || state == v1::TARGET_VERIFYING;
}

Transition Next(const v1::Rollout& rollout, const Event& event,
                int64_t now_ms) {
  RolloutMachine machine(rollout);
  Transition step = machine.Apply(event, now_ms);
  step.rollout = machine.rollout();
  return step;
}

v1::Rollout NewRollout(const v1::FleetPlan& plan, absl::string_view id,
                       absl::string_view requested_by, int64_t now_ms) {
  v1::Rollout rollout;
  rollout.set_id(std::string(id));
  rollout.set_fleet_plan_id(plan.id());
  rollout.set_source(plan.source());
  rollout.set_source_fingerprint(plan.source_fingerprint());
  *rollout.mutable_policy() = plan.policy();
  rollout.set_state(v1::ROLLOUT_APPROVED);
  rollout.set_cause(plan.cause());
  rollout.set_requested_by(std::string(requested_by));
  rollout.set_created_ms(now_ms);
  for (const v1::Wave& planned : plan.waves()) {
    v1::Wave& wave = *rollout.add_waves();
    wave = planned;
    wave.set_state(v1::WAVE_WAITING);
    wave.set_reason(std::string(kWaitsForWave));
  }
  for (const v1::Cohort& cohort : plan.cohorts()) {
    for (const std::string& name : cohort.targets()) {
      v1::TargetProgress& target = *rollout.add_targets();
      target.set_target(name);
      target.set_plan_id(cohort.plan().id());
      target.set_from_fingerprint(cohort.plan().from_fingerprint());
      target.set_to_fingerprint(cohort.plan().to_fingerprint());
      target.set_statements_total(cohort.plan().statements_size());
      target.set_state(v1::TARGET_PENDING);
      target.set_reason(std::string(kWaitsForWave));
      target.set_attempt(1);
    }
  }
  std::sort(rollout.mutable_targets()->begin(),
            rollout.mutable_targets()->end(),
            [](const v1::TargetProgress& a, const v1::TargetProgress& b) {
              return a.target() < b.target();
            });
  rollout.set_digest(RolloutDigest(rollout));
  return rollout;
}

}  // namespace fleet
