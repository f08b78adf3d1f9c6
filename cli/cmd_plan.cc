#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "absl/strings/str_cat.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/plan_flow.h"
#include "cli/print_changes.h"
#include "lib/base/status.h"

namespace fleet {
namespace {

struct Options {
  std::string source;
  PlanFlags plan;
  bool detailed_exit_code = false;
  std::string id;  // plan show ID
};

void Print(const v1::FleetPlan& plan, const PlanDetail& detail,
           const Invocation& invocation) {
  std::string text;
  if (invocation.json()) {
    text = PrintJson(plan);
  } else if (invocation.globals.output == "sql") {
    text = PrintFleetPlanSql(plan);
  } else {
    text = PrintFleetPlan(plan, invocation.out(), detail);
    if (!plan.cohorts().empty()) {
      absl::StrAppend(&text, "Saved as ", plan.id(),
                      ", good until a target's schema changes.\n\n"
                      "  fleetctl rollout start ",
                      plan.id(),
                      "        run exactly this\n  fleetctl plan show ",
                      plan.id(), " -o sql    print every statement\n");
    }
  }
  std::fputs(text.c_str(), stdout);
}

absl::StatusOr<ExitCode> RunPlan(const Options& options,
                                 const Invocation& invocation) {
  if (options.source.empty() || options.plan.targets.empty()) {
    return WithExitCode(absl::InvalidArgumentError(
                            "plan needs --source and --targets\n  fleetctl "
                            "plan --source prod-eu --targets tag:saas"),
                        kExitUsage);
  }
  ASSIGN_OR_RETURN(v1::MakePlanRequest request, options.plan.Request());
  RETURN_IF_ERROR(SetSource(options.source, &request));
  ASSIGN_OR_RETURN(std::unique_ptr<Client> client,
                   Client::Connect(invocation.globals));
  ASSIGN_OR_RETURN(const v1::FleetPlan plan,
                   MakeFleetPlan(*client, request, invocation));
  Print(plan, options.plan.detail, invocation);
  if (options.detailed_exit_code && !plan.cohorts().empty()) {
    return kExitDifferences;
  }
  return kExitOk;
}

absl::StatusOr<ExitCode> RunShow(const Options& options,
                                 const Invocation& invocation) {
  ASSIGN_OR_RETURN(std::unique_ptr<Client> client,
                   Client::Connect(invocation.globals));
  v1::GetPlanRequest request;
  request.set_id(options.id);
  ASSIGN_OR_RETURN(const v1::FleetPlan plan, client->GetPlan(request));
  Print(plan, options.plan.detail, invocation);
  return kExitOk;
}

}  // namespace

void AddPlan(CLI::App& app, Invocation& invocation) {
  CLI::App* command =
      app.add_subcommand("plan", "show what a sync would change, and save it");
  auto options = std::make_shared<Options>();
  command->add_option("--source", options->source,
                      "target, version or SQL file (fleetctl help sources)");
  options->plan.AddTo(*command);
  command->add_flag("--detailed-exitcode", options->detailed_exit_code,
                    "exit with 2 when there are changes");
  SetExamples(*command,
              "  fleetctl plan --source prod-eu --targets tag:saas\n"
              "  fleetctl plan --source schema.sql --targets region:eu-* "
              "--detailed-exitcode\n"
              "  fleetctl plan show p-7f3a91 -o sql");
  CLI::App* show = command->add_subcommand("show", "print a saved plan");
  show->add_option("ID", options->id, "plan id or its beginning")->required();
  show->add_flag("--summary", options->plan.detail.summary, "counts only");
  show->add_flag("--expand", options->plan.detail.expand, "name every target");
  SetExamples(*show, "  fleetctl plan show p-7f3a91");
  command->callback([options, show, &invocation] {
    const bool shows = show->parsed();
    invocation.run = [options, shows, &invocation] {
      return shows ? RunShow(*options, invocation)
                   : RunPlan(*options, invocation);
    };
  });
}

}  // namespace fleet
