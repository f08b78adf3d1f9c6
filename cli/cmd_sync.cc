#include <CLI/CLI.hpp>
#include <memory>

#include "cli/command.h"
#include "cli/plan_flow.h"
#include "lib/base/status.h"

namespace fleet {
namespace {

struct Options {
  std::string source;
  PlanFlags plan;
  StartFlags start;
};

absl::StatusOr<ExitCode> RunSync(const Options& options,
                                 const Invocation& invocation) {
  ASSIGN_OR_RETURN(v1::MakePlanRequest request, options.plan.Request());
  RETURN_IF_ERROR(SetSource(options.source, &request));
  return PlanAndRun(request, options.plan.detail, options.start, invocation);
}

}  // namespace

void AddSync(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand(
      "sync", "make targets equal to a source: plan, confirm, roll out, watch");
  auto options = std::make_shared<Options>();
  command
      ->add_option("--source", options->source,
                   "target, version or SQL file (fleetctl help sources)")
      ->required();
  options->plan.AddTo(*command);
  command->get_option("--targets")->required();
  options->start.AddTo(*command);
  SetExamples(
      *command,
      "  fleetctl sync --source prod-eu --targets tag:saas\n"
      "  fleetctl sync --source schema.sql --targets tag:saas,region:eu-* "
      "--policy careful.yaml\n"
      "  fleetctl sync --source prod-eu --targets all --rename "
      "table:orders=purchases\n"
      "  fleetctl sync --source prod-eu@17 --targets name:saas-eu-03 "
      "--allow-hazards DELETES_DATA");
  command->callback([options, &invocation] {
    invocation.run = [options, &invocation] {
      return RunSync(*options, invocation);
    };
  });
}

}  // namespace fleet
