#ifndef AGENT_BREAK_GLASS_H_
#define AGENT_BREAK_GLASS_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "agent/config.h"
#include "agent/journal.h"
#include "agent/replica.h"
#include "agent/state_dir.h"
#include "lib/base/clock.h"
#include "lib/schema/risk.h"
#include "proto/agent.pb.h"
#include "proto/plan.pb.h"

// Takes one target back to a version that this agent's replica holds, with no
// coordinator: for when that is gone and the database cannot wait.
//
//   ASSIGN_OR_RETURN(auto glass, BreakGlass::Open(config, "saas-eu-01",
//   clock)); ASSIGN_OR_RETURN(v1::Plan plan, glass->Plan(request));
//   ASSIGN_OR_RETURN(v1::Result result, glass->Apply(plan));
//
// The plan is computed from the live schema and applied as any other: through
// the journal, under the fence, with the same checks; what is interrupted goes
// on when the agent is started again. The coordinator hears of the result when
// it is back, and records the change as drift. Thread-compatible.

namespace fleet {

struct BreakGlassRequest {
  std::string version;  // number or name
  HazardPolicy hazards;
  bool drop_tables = false;  // those that the version lacks
  bool rehearse = true;      // on the target's scratch
};

class BreakGlass {
 public:
  // FailedPrecondition while the agent runs: its state_dir is locked. NotFound
  // when the configuration has no such target.
  static absl::StatusOr<std::unique_ptr<BreakGlass>> Open(
      const AgentConfig& config, const std::string& target, const Clock& clock);

  // Without statements when the target is there already. NotFound says which
  // versions there are.
  absl::StatusOr<v1::Plan> Plan(const BreakGlassRequest& request) const;

  // How it ended: HEALTHY or why not.
  absl::StatusOr<v1::Result> Apply(const v1::Plan& plan);

 private:
  BreakGlass(TargetConfig target, std::string agent, const Clock& clock,
             std::unique_ptr<StateDir> state_dir,
             std::unique_ptr<Journal> journal,
             std::unique_ptr<Replica> replica);

  const TargetConfig target_;
  const std::string agent_;
  const Clock& clock_;
  const std::unique_ptr<StateDir> state_dir_;
  const std::unique_ptr<Journal> journal_;
  const std::unique_ptr<Replica> replica_;
};

}  // namespace fleet

#endif  // AGENT_BREAK_GLASS_H_
