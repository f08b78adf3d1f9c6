#ifndef AGENT_ROLLBACK_COMMAND_H_
#define AGENT_ROLLBACK_COMMAND_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "agent/config.h"

namespace fleet {

// `fleet-agent rollback --break-glass`: what was asked for, and the talk about
// it on a terminal. See break_glass.h. The options are declared in main.cc.
struct RollbackCommand {
  std::string target;
  std::string to;
  std::vector<std::string> allow_hazards;
  bool break_glass = false;
  bool drop_tables = false;
  bool no_rehearsal = false;
  bool dry_run = false;

  // Prints the plan to stdout, and how it ended to stderr.
  absl::Status Run(const AgentConfig& config) const;
};

}  // namespace fleet

#endif  // AGENT_ROLLBACK_COMMAND_H_
