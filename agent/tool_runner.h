#ifndef AGENT_TOOL_RUNNER_H_
#define AGENT_TOOL_RUNNER_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/config.h"
#include "lib/engine/dialect.h"
#include "lib/engine/session.h"
#include "proto/agent.pb.h"
#include "proto/plan.pb.h"

namespace fleet {

// Has the statements that would block the writers of a large table made by a
// tool, where the rollout's policy says so and this agent's configuration
// allows the tool. Used on the target's strand.
class ToolRunner {
 public:
  // Both must outlive this.
  ToolRunner(const TargetConfig& target, const Dialect& dialect)
      : target_(target), dialect_(dialect) {}

  // Why what the policy asks for cannot be done here; "" when nothing stands
  // against it. Changes nothing.
  absl::StatusOr<std::string> Objection(Session& session,
                                        const v1::Prepare& order) const;

  // Whether the policy gives this one to its tool: the table is that large.
  absl::StatusOr<bool> Takes(Session& session, const v1::OnlineChange& policy,
                             const v1::OnlineAlter& alter) const;

  // Runs the tool to its end; when it fails, what it left is taken away.
  // `session` keeps its fence. `on_note` gets "15%, 01:10 remain".
  absl::Status Run(Session& session, const v1::OnlineChange& policy,
                   const v1::OnlineAlter& alter, int64_t lock_timeout_ms,
                   const std::function<void(const std::string&)>& on_note,
                   const std::function<bool()>& is_stopping) const;

  // Takes away what a run that was cut off left. REQUIRES: `session` holds the
  // fence, so no tool runs.
  absl::Status CleanUp(Session& session, const v1::Prepare& order,
                       const v1::Plan& plan) const;

 private:
  std::string ObjectionTo(const v1::OnlineChange& policy,
                          const v1::OnlineAlter& alter) const;

  const TargetConfig& target_;
  const Dialect& dialect_;
};

}  // namespace fleet

#endif  // AGENT_TOOL_RUNNER_H_
