#ifndef AGENT_ROLLBACK_COMMAND_H_
#define AGENT_ROLLBACK_COMMAND_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "agent/config.h"

namespace CLI {
class App;
}

namespace fleet {

// `fleet-agent rollback --break-glass`: its options, and what it does with them
// on a terminal. See break_glass.h.
struct RollbackCommand {
  std::string target;
  std::string to;
  std::vector<std::string> allow_hazards;
  bool break_glass = false;
  bool drop_tables = false;
  bool no_rehearsal = false;
  bool dry_run = false;

  // The sub-command.
  CLI::App* AddTo(CLI::App& app);
  // Prints the plan to stdout, and how it ended to stderr.
  absl::Status Run(const AgentConfig& config) const;
};

}  // namespace fleet

#endif  // AGENT_ROLLBACK_COMMAND_H_
