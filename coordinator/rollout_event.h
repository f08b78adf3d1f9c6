#ifndef COORDINATOR_ROLLOUT_EVENT_H_
#define COORDINATOR_ROLLOUT_EVENT_H_

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "proto/rollout.pb.h"

// What happens to a rollout: messages of agents, orders of operators, time.
// Value types.

namespace fleet {

struct Started {};  // an operator starts the rollout
struct TargetReady {
  std::string target;
  int attempt;
};
struct TargetRefused {
  std::string target;
  int attempt;
  v1::TargetState state;  // DRIFTED, BLOCKED or FAILED
  std::string reason;
  std::string message;
};
struct StartAsked {
  std::string target;
  int attempt;
  std::string nonce;
};
struct TargetProgressed {
  std::string target;
  int attempt;
  int statements_done;
  std::string note;
};
struct TargetResult {
  std::string target;
  int attempt;
  v1::TargetState state;  // HEALTHY, FAILED, DRIFTED or DIVERGED
  std::string plan_id;
  std::string fingerprint;
  std::string reason;
  std::string message;
  int statements_done;
  int failed_statement;
};
// The agent of these targets (re)connected: what was sent may be lost, so it is
// sent again.
// A runner also says AgentLost for the targets whose agents are away when
// it applies Started, Retried or CoordinatorRestarted: no GO is spent on them.
struct AgentConnected {
  std::vector<std::string> targets;
};
struct AgentLost {
  std::vector<std::string> targets;
};
struct Tick {};  // a timer asked for by wake_at_ms
// From time to time: what waits for an answer of a connected agent since before
// then is sent again, for an order can be lost on a live stream too (a full
// queue, an epoch that was raised behind it).
struct Reminded {
  int64_t since_ms;
};
// Of operators; each that is taken is kept in Rollout.steering.
struct Paused {
  std::string by;
  std::string message;
};
struct Resumed {
  std::string by;
  std::string message;
};
struct Aborted {
  std::string by;
  std::string message;
};
struct Promoted {
  std::string by;
  std::string wave;  // empty: whichever is in WAVE_READY; else it must be it
  // Later waves start by themselves and do not bake, nor does one that does so
  // now; also where no wave waits.
  bool full = false;
  std::string message;
};
struct Retried {
  std::vector<std::string> targets;
  std::string by;
  std::string message;
};  // empty: all failed. Cancelled targets come back with any retry; a diverged
    // one never does, and what stays failed must be within the tolerance.
// The rollout goes on, or is tried again, without these targets. Of what has
// started nobody knows what it would leave, so it is refused.
struct Skipped {
  std::vector<std::string> targets;
  std::string by;
  std::string message;
};
// Diverged targets that a human has looked at: from now on they are failed, and
// may be retried or skipped. A retry looks at the schema again.
struct Resolved {
  std::vector<std::string> targets;
  std::string by;
  std::string message;
};
struct Tuned {
  int max_parallel = 0;         // 0: stays
  int64_t lock_timeout_ms = 0;  // 0: stays; of what is prepared from now on
  std::string by;
  std::string message;
};
struct CoordinatorRestarted {};  // after a crash: everything sent may be lost
// What operators ordered is durable, and said to be so. Without it the order
// may have been reported as failed: a restart then cancels what "start" began,
// and pauses what any other order set going.
struct Confirmed {};

using Event =
    std::variant<Started, TargetReady, TargetRefused, StartAsked,
                 TargetProgressed, TargetResult, AgentConnected, AgentLost,
                 Tick, Reminded, Paused, Resumed, Aborted, Promoted, Retried,
                 CoordinatorRestarted, Confirmed, Skipped, Resolved, Tuned>;

}  // namespace fleet

#endif  // COORDINATOR_ROLLOUT_EVENT_H_
