#ifndef AGENT_TARGET_CONTEXT_H_
#define AGENT_TARGET_CONTEXT_H_

#include <functional>

#include "absl/synchronization/notification.h"
#include "agent/journal.h"
#include "agent/strand.h"
#include "agent/timer.h"
#include "lib/base/clock.h"
#include "proto/agent.pb.h"

namespace fleet {

// What all targets of one agent share. Everything in it is thread-safe and
// outlives the workers.
struct TargetContext {
  const Clock& clock;
  Timer& timer;
  WorkerPool& pool;
  Journal& journal;
  // Queues a message for the coordinator; false while there is no stream.
  std::function<bool(v1::AgentMessage)> send;
  // Leaves the stream with all that is in it, for a new one.
  std::function<void()> redial;
  // Notified when the agent stops: waits end, nothing new begins.
  const absl::Notification& stop;
};

}  // namespace fleet

#endif  // AGENT_TARGET_CONTEXT_H_
