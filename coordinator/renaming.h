#ifndef COORDINATOR_RENAMING_H_
#define COORDINATOR_RENAMING_H_

#include <string>
#include <vector>

#include "coordinator/cohort_plan.h"
#include "coordinator/source.h"

namespace fleet {

// As PlanCohort, after what `hints` ("table:orders=purchases") say was renamed:
// tried in the scratch database of the first of `targets`, which look alike,
// that answers. InvalidArgument: what is no hint. FailedPrecondition: what
// these targets or the source do not have. Blocks on agents.
absl::StatusOr<CohortPlan> PlanRenamed(const std::vector<std::string>& hints,
                                       const Schema& source,
                                       const Schema& target,
                                       const SchemaInfo& server,
                                       const CohortPlanOptions& options,
                                       const std::vector<std::string>& targets,
                                       const SourceResolver& sources);

}  // namespace fleet

#endif  // COORDINATOR_RENAMING_H_
