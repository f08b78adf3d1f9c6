#ifndef CLI_PLAN_FLOW_H_
#define CLI_PLAN_FLOW_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/hazard_flags.h"
#include "cli/print_plan.h"
#include "cli/scope_flags.h"

// What sync, plan and rollback have in common: from flags to a stored plan, and
// from a stored plan to a rollout that is watched.

namespace fleet {

// --rename SORT:OLD=NEW, as often as there are renames.
void AddRenames(CLI::App& command, std::vector<std::string>& renames);

struct PlanFlags {
  std::vector<std::string> targets;
  std::vector<std::string> exclude;
  std::string policy_file;
  std::vector<std::string> tables;
  std::vector<std::string> exclude_tables;
  ScopeFlags scope;
  std::vector<std::string> renames;
  HazardFlags hazards;
  bool allow_drop_tables = false;
  bool skip_rehearsal = false;
  bool offline = false;
  PlanDetail detail;

  void AddTo(CLI::App& command);
  // Everything but the source. Errors of the policy file exit with 78.
  absl::StatusOr<v1::MakePlanRequest> Request() const;
};

// `source` as the user wrote it: a name, or an SQL file, which is read here.
absl::Status SetSource(const std::string& source, v1::MakePlanRequest* request);

// Asks the coordinator, with progress on stderr.
absl::StatusOr<v1::FleetPlan> MakeFleetPlan(Client& client,
                                            const v1::MakePlanRequest& request,
                                            const Invocation& invocation);

struct StartFlags {
  bool auto_approve = false;
  std::string confirm;  // the plan's id, typed on the command line
  bool detach = false;
  std::string message;

  void AddTo(CLI::App& command);
};

// Shows the plan, asks, starts, watches. Exit 64 where it would have to ask and
// cannot; 3 when the answer is no.
absl::StatusOr<ExitCode> ConfirmAndRun(Client& client,
                                       const v1::FleetPlan& plan,
                                       const PlanDetail& detail,
                                       const StartFlags& flags,
                                       const Invocation& invocation);

// All of it: asks for the plan of `request`, then ConfirmAndRun.
absl::StatusOr<ExitCode> PlanAndRun(const v1::MakePlanRequest& request,
                                    const PlanDetail& detail,
                                    const StartFlags& flags,
                                    const Invocation& invocation);

// Starts without asking, and watches unless `detach`.
absl::StatusOr<ExitCode> StartAndWatch(Client& client,
                                       const std::string& plan_id,
                                       const StartFlags& flags,
                                       const Invocation& invocation);

}  // namespace fleet

#endif  // CLI_PLAN_FLOW_H_
