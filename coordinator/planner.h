#ifndef COORDINATOR_PLANNER_H_
#define COORDINATOR_PLANNER_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "coordinator/agent_calls.h"
#include "coordinator/cohort_plan.h"
#include "coordinator/cohorts.h"
#include "coordinator/fleet.h"
#include "coordinator/source.h"
#include "lib/base/clock.h"
#include "lib/history/log.h"
#include "lib/history/view.h"
#include "proto/fleet.pb.h"

namespace fleet {

using PlanProgress =
    std::function<void(absl::string_view stage, int done, int total)>;

// MakePlanRequest → FleetPlan:
//
//   select → read every target → resolve the source → one plan per distinct
//   schema → hazards → rehearse → waves → digest → record
//
// A rollback is the same with a source per target. N targets with D distinct
// schemas cost D schemas, D diffs, D rehearsals. Blocks on agents and disk, so
// for worker threads only; thread-safe.
class Planner {
 public:
  Planner(HistoryLog& log, const HistoryView& view, Fleet& fleet,
          AgentCalls& calls, const SourceResolver& sources, const Clock& clock)
      : log_(log),
        view_(view),
        fleet_(fleet),
        calls_(calls),
        sources_(sources),
        clock_(clock) {}

  // InvalidArgument: selectors, policy, scope. NotFound: nothing selected,
  // source unknown. FailedPrecondition "stopped by policy: …". Unavailable.
  absl::StatusOr<v1::FleetPlan> MakePlan(const v1::MakePlanRequest& request,
                                         const PlanProgress& progress) const;

  // Asks the plan's checks of every target, unless that has just been done:
  // FailedPrecondition where one finds what stops the plan. Blocks on agents.
  absl::Status CheckTargets(const v1::FleetPlan& fleet_plan) const;

  // The targets of `fleet_plan` whose schema is no longer the planned one, as
  // FailedPrecondition "plan p-… is stale on 2 targets: …".
  absl::Status CheckFresh(const v1::FleetPlan& fleet_plan) const;

 private:
  // One target that may get a plan, and what it is to become.
  struct Wanted {
    TargetSnapshot now;
    std::shared_ptr<const Source> source;
  };
  // What one request is turned into, step by step.
  struct Draft {
    const v1::MakePlanRequest& request;
    const PlanProgress& progress;
    v1::FleetPlan fleet_plan;
    CohortPlanOptions options;
    std::vector<Wanted> wanted;               // by target name
    std::map<std::string, CohortPlan> plans;  // by plan id, not rehearsed
    std::vector<CohortMember> members;        // of the cohorts to be
  };

  absl::StatusOr<std::vector<v1::Target>> SelectTargets(
      const v1::MakePlanRequest& request) const;
  absl::Status SetPolicy(Draft& draft) const;
  void Classify(const std::vector<v1::Target>& targets, Draft& draft) const;
  absl::Status SetSources(Draft& draft) const;
  absl::Status SetRollbackSources(Draft& draft) const;
  absl::StatusOr<v1::Version> RollbackVersion(
      const v1::MakePlanRequest& request, const std::string& target) const;
  absl::Status PlanGroups(Draft& draft) const;
  absl::Status PlanGroup(const TargetGroup& group, const Wanted& example,
                         const Schema& whole, Draft& draft) const;
  absl::Status MakeCohorts(Draft& draft) const;
  absl::Status SetWaves(Draft& draft) const;
  absl::Status Record(const Draft& draft) const;

  HistoryLog& log_;
  const HistoryView& view_;
  Fleet& fleet_;
  AgentCalls& calls_;
  const SourceResolver& sources_;
  const Clock& clock_;
};

}  // namespace fleet

#endif  // COORDINATOR_PLANNER_H_
