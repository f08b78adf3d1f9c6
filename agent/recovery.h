#ifndef AGENT_RECOVERY_H_
#define AGENT_RECOVERY_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "agent/journal.h"
#include "lib/engine/dialect.h"
#include "lib/engine/session.h"
#include "proto/plan.pb.h"

// What became of the group that was running when the agent, the database or the
// connection went away. DDL goes on after its client is killed, so the fence
// comes first and the look second; an error while looking is never evidence.

namespace fleet {

struct Evidence {
  bool transactional = false;
  // The marker of this very group, attempt and plan is committed.
  bool has_marker = false;
  bool live_is_before = false;  // live fingerprint = the journaled one
  bool live_is_after = false;   // = the plan's; false where the plan has none
  // = what the plan says a failed run leaves behind, and nothing else.
  bool live_is_leftover = false;
};

enum class Verdict {
  kApplied,     // go on with the next group
  kNotApplied,  // run the group again; a leftover is taken away then
  kDiverged,    // neither before nor after: a human decides
};

// Pure.
Verdict Decide(const Evidence& evidence);

// What is left of an order when the journal is lost.
struct Trace {
  struct Step {
    bool transactional = false;
    bool has_marker = false;  // never read for a statement alone
    std::string after;        // the plan's fingerprint; "" where it has none
  };
  std::string from;
  std::vector<Step> groups;
  std::string live;
};

// The first group that is still to be run, their number when all are done; -1:
// diverged. For an order of one group it says what Decide says. Pure.
int NextGroup(const Trace& trace);

// Reads the evidence for `order`'s last group, or for all of them when it is
// forgotten. REQUIRES: `session` holds the fence and the markers are there
// (EnsureMarkers). An error says nothing about the order: try again.
struct Finding {
  int next_group = -1;  // as of NextGroup
  std::string before;   // what the schema must be before it
  std::string live;     // fingerprint in the plan's scope
};
absl::StatusOr<Finding> Examine(Session& session, const Dialect& dialect,
                                const v1::Plan& plan, const OrderState& order);

}  // namespace fleet

#endif  // AGENT_RECOVERY_H_
