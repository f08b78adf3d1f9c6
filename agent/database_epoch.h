#ifndef AGENT_DATABASE_EPOCH_H_
#define AGENT_DATABASE_EPOCH_H_

#include "absl/status/status.h"
#include "agent/target_context.h"
#include "lib/engine/dialect.h"
#include "lib/engine/session.h"

namespace fleet {

// A database keeps the highest epoch that has acted on it. When that is higher
// than any this agent has seen, coordinator and agent have lost their state, or
// the database was another fleet's: the agent then keeps the epoch as seen and
// dials again, and from its greeting the coordinator learns to raise its own.
// An error says nothing: try again.
absl::Status LearnEpoch(Session& session, const Dialect& dialect,
                        const TargetContext& context);

}  // namespace fleet

#endif  // AGENT_DATABASE_EPOCH_H_
