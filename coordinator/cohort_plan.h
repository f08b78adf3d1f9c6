#ifndef COORDINATOR_COHORT_PLAN_H_
#define COORDINATOR_COHORT_PLAN_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "lib/engine/rename_plan.h"
#include "lib/schema/risk.h"
#include "lib/schema/schema.h"
#include "proto/plan.pb.h"
#include "proto/rollout.pb.h"
#include "proto/schema.pb.h"

namespace fleet {

// The plan of the targets that look alike, before it is rehearsed.
struct CohortPlan {
  v1::Plan plan;                       // no statements: nothing differs
  std::shared_ptr<const Schema> from;  // in scope
  std::shared_ptr<const Schema> to;    // what they shall look like, in scope
};

struct CohortPlanOptions {
  v1::Scope scope;
  bool drop_tables = false;
  int64_t lock_timeout_ms = 0;  // 0: the engine's default
  bool offline = false;
  HazardPolicy hazards;
};

RenderOptions RenderOptionsOf(const CohortPlanOptions& options);

// What takes `target` to `source`, both whole schemas; the target's own info
// says for which server. `renamed`, which may be null, is what renames make of
// the target first. FailedPrecondition "stopped by policy: …" for a hazard
// or risk that is not allowed. Pure.
absl::StatusOr<CohortPlan> PlanCohort(const Schema& source,
                                      const Schema& target,
                                      const SchemaInfo& server,
                                      const CohortPlanOptions& options,
                                      const Renamed* renamed = nullptr);

// OK when a rehearsal changed nothing but what a rehearsal may add.
absl::Status CheckRehearsed(const v1::Plan& plan, const v1::Plan& rehearsed);

}  // namespace fleet

#endif  // COORDINATOR_COHORT_PLAN_H_
