#ifndef COORDINATOR_ROLLOUT_MESSAGES_H_
#define COORDINATOR_ROLLOUT_MESSAGES_H_

#include <cstdint>
#include <optional>
#include <string>

#include "coordinator/rollout.h"
#include "proto/agent.pb.h"
#include "proto/plan.pb.h"
#include "proto/rollout.pb.h"

// The protocol's messages as the rollout rules see them. Pure.

namespace fleet {

struct RolloutReport {
  std::string rollout;
  std::string target;
  Event event;
};

// Nothing for a message that is not about a rollout.
std::optional<RolloutReport> ToReport(const v1::AgentMessage& message);

// `plan` is the target's own; only kPrepare looks at it.
v1::CoordinatorMessage ToMessage(const Command& command,
                                 const v1::Rollout& rollout,
                                 const v1::Plan& plan, uint64_t epoch);

}  // namespace fleet

#endif  // COORDINATOR_ROLLOUT_MESSAGES_H_
