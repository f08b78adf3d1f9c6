#ifndef COORDINATOR_REHEARSAL_H_
#define COORDINATOR_REHEARSAL_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "coordinator/agent_calls.h"
#include "coordinator/fleet.h"
#include "lib/schema/schema.h"
#include "proto/rollout.pb.h"

namespace fleet {

// One cohort's plan to be tried.
struct Rehearsal {
  v1::Cohort* cohort = nullptr;  // its plan becomes the rehearsed one
  std::shared_ptr<const Schema> from;
};

// Tries each plan on the scratch database of one target of its cohort, several
// at a time; a target whose agent goes away is replaced by the next. The first
// failure in order, naming cohort and target. `progress` is called with the
// number of plans tried. Blocks, so for worker threads only.
absl::Status RehearseAll(AgentCalls& calls,
                         const std::vector<Rehearsal>& rehearsals,
                         const std::function<void(int)>& progress);

}  // namespace fleet

#endif  // COORDINATOR_REHEARSAL_H_
