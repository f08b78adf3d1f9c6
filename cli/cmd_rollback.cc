#include <CLI/CLI.hpp>
#include <memory>

#include "cli/command.h"
#include "cli/plan_flow.h"
#include "lib/base/status.h"

namespace fleet {
namespace {

struct Options {
  std::string to;
  std::string rollout;
  PlanFlags plan;
  StartFlags start;
};

absl::StatusOr<ExitCode> RunRollback(const Options& options,
                                     const Invocation& invocation) {
  const bool by_version = !options.to.empty();
  if (by_version == !options.rollout.empty() ||
      (by_version && options.plan.targets.empty())) {
    return WithExitCode(
        absl::InvalidArgumentError(
            "say where to go back to: --targets SELECTOR --to VERSION, or "
            "--rollout ID"),
        kExitUsage);
  }
  ASSIGN_OR_RETURN(v1::MakePlanRequest request, options.plan.Request());
  request.set_rollback_to(options.to);
  request.set_rollback_rollout(options.rollout);
  return PlanAndRun(request, options.plan.detail, options.start, invocation);
}

}  // namespace

void AddRollback(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand(
      "rollback", "take targets back to an earlier recorded version");
  auto options = std::make_shared<Options>();
  command->add_option("--to", options->to,
                      "version number or name, each target's own");
  command->add_option("--rollout", options->rollout,
                      "undo this rollout, wherever it has been");
  options->plan.AddTo(*command);
  options->start.AddTo(*command);
  SetExamples(*command,
              "  fleetctl rollback --targets tag:saas --to 15\n"
              "  fleetctl rollback --rollout r-119\n"
              "  fleetctl rollback --targets name:saas-eu-03 --to "
              "release-2026.10 --allow-hazards DELETES_DATA");
  command->callback([options, &invocation] {
    invocation.run = [options, &invocation] {
      return RunRollback(*options, invocation);
    };
  });
}

}  // namespace fleet
