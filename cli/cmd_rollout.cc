#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "absl/strings/str_cat.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/plan_flow.h"
#include "cli/print_changes.h"
#include "cli/print_rollout.h"
#include "cli/table.h"
#include "cli/watch.h"
#include "lib/base/clock.h"
#include "lib/base/printable.h"
#include "lib/base/status.h"

namespace fleet {
namespace {

struct Options {
  std::string id;
  std::vector<std::string> targets;
  std::string message;
  bool watch = false;
  bool active = false;
  int limit = 0;
  StartFlags start;
};

// A verb that steers a running rollout: one row each.
struct Steering {
  const char* name;
  const char* help;
  v1::SteerRolloutRequest::Action action;
  const char* done;  // what is said afterwards
};
constexpr Steering kSteering[] = {
    {"pause", "hold after the targets now running",
     v1::SteerRolloutRequest::PAUSE, "is paused"},
    {"resume", "go on after a pause", v1::SteerRolloutRequest::RESUME,
     "goes on"},
    {"abort", "start nothing more, end when the running targets have ended",
     v1::SteerRolloutRequest::ABORT, "is being aborted"},
    {"approve", "let the waiting wave start", v1::SteerRolloutRequest::PROMOTE,
     "goes on with the next wave"},
    {"retry", "try failed targets again", v1::SteerRolloutRequest::RETRY,
     "tries again"},
};

absl::StatusOr<ExitCode> RunList(const Options& options,
                                 const Invocation& invocation) {
  ASSIGN_OR_RETURN(std::unique_ptr<Client> client,
                   Client::Connect(invocation.globals));
  v1::ListRolloutsRequest request;
  request.set_active_only(options.active);
  request.set_limit(options.limit);
  ASSIGN_OR_RETURN(const v1::ListRolloutsReply reply,
                   client->ListRollouts(request));
  if (invocation.json()) {
    std::fputs(PrintJson(reply).c_str(), stdout);
    return kExitOk;
  }
  const Style style = invocation.out();
  Table table({"ID", "STATE", "STARTED", "BY", "SOURCE", "TARGETS", "NOTE"});
  for (const v1::Rollout& rollout : reply.rollouts()) {
    int done = 0;
    for (const v1::TargetProgress& target : rollout.targets()) {
      done += target.state() == v1::TARGET_HEALTHY;
    }
    table.AddRow({rollout.id(), StateName(rollout.state()),
                  PrintTime(rollout.started_ms()),
                  Printable(rollout.requested_by()),
                  Printable(rollout.source()),
                  absl::StrCat(done, "/", rollout.targets_size()),
                  Printable(rollout.message())});
  }
  std::fputs(table.empty() ? "no rollouts yet\n" : table.Text(style).c_str(),
             stdout);
  return kExitOk;
}

absl::StatusOr<ExitCode> RunStatus(const Options& options,
                                   const Invocation& invocation) {
  ASSIGN_OR_RETURN(std::unique_ptr<Client> client,
                   Client::Connect(invocation.globals));
  v1::GetRolloutRequest request;
  request.set_id(options.id);
  ASSIGN_OR_RETURN(const v1::Rollout rollout, client->GetRollout(request));
  if (options.watch) return WatchRollout(*client, rollout.id(), invocation);
  const std::string text =
      invocation.json()
          ? PrintJson(rollout)
          : PrintRolloutTree(rollout, SystemClock().WallMs(), invocation.out());
  std::fputs(text.c_str(), stdout);
  return kExitOk;
}

absl::StatusOr<ExitCode> RunStart(const Options& options,
                                  const Invocation& invocation) {
  ASSIGN_OR_RETURN(std::unique_ptr<Client> client,
                   Client::Connect(invocation.globals));
  v1::GetPlanRequest request;
  request.set_id(options.id);
  ASSIGN_OR_RETURN(const v1::FleetPlan plan, client->GetPlan(request));
  return ConfirmAndRun(*client, plan, PlanDetail{}, options.start, invocation);
}

absl::StatusOr<ExitCode> RunSteering(const Steering& steering,
                                     const Options& options,
                                     const Invocation& invocation) {
  ASSIGN_OR_RETURN(std::unique_ptr<Client> client,
                   Client::Connect(invocation.globals));
  v1::SteerRolloutRequest request;
  request.set_id(options.id);
  request.set_action(steering.action);
  for (const std::string& target : options.targets) {
    request.add_targets(target);
  }
  request.set_by(UserName());
  request.set_message(options.message);
  ASSIGN_OR_RETURN(const v1::Rollout rollout, client->SteerRollout(request));
  if (options.watch) return WatchRollout(*client, rollout.id(), invocation);
  const std::string text = invocation.json()
                               ? PrintJson(rollout)
                               : absl::StrCat(rollout.id(), " ", steering.done,
                                              "\n  fleetctl rollout status ",
                                              rollout.id(), " --watch\n");
  std::fputs(text.c_str(), stdout);
  return kExitOk;
}

using Runner = absl::StatusOr<ExitCode> (*)(const Options&, const Invocation&);

CLI::App* AddVerb(CLI::App& parent, const char* name, const char* help,
                  const std::shared_ptr<Options>& options, Runner runner,
                  Invocation& invocation) {
  CLI::App* verb = parent.add_subcommand(name, help);
  verb->callback([options, runner, &invocation] {
    invocation.run = [options, runner, &invocation] {
      return runner(*options, invocation);
    };
  });
  return verb;
}

void AddSteering(CLI::App& parent, const std::shared_ptr<Options>& options,
                 Invocation& invocation) {
  for (const Steering& steering : kSteering) {
    CLI::App* verb = parent.add_subcommand(steering.name, steering.help);
    verb->add_option("ID", options->id, "rollout")->required();
    verb->add_option("-m,--message", options->message,
                     "a note for the history");
    verb->add_flag("-w,--watch", options->watch, "follow it afterwards");
    if (steering.action == v1::SteerRolloutRequest::RETRY) {
      verb->add_option("--target", options->targets,
                       "only these targets (default: all that failed)");
    }
    SetExamples(*verb,
                absl::StrCat("  fleetctl rollout ", steering.name, " r-119"));
    verb->callback([options, &steering, &invocation] {
      invocation.run = [options, &steering, &invocation] {
        return RunSteering(steering, *options, invocation);
      };
    });
  }
}

}  // namespace

void AddRollout(CLI::App& app, Invocation& invocation) {
  CLI::App* command =
      app.add_subcommand("rollout", "follow and steer rollouts");
  command->require_subcommand(1);
  SetExamples(*command,
              "  fleetctl rollout status --watch\n"
              "  fleetctl rollout approve r-119 -m \"canary looks good\"\n"
              "  fleetctl rollout retry r-119 --target saas-eu-14");
  auto options = std::make_shared<Options>();
  CLI::App* list = AddVerb(*command, "list", "rollouts, newest first", options,
                           RunList, invocation);
  list->add_flag("--active", options->active, "only those not over");
  list->add_option("--limit", options->limit, "how many (default 20)")
      ->check(CLI::Range(1, 1000));
  SetExamples(*list, "  fleetctl rollout list --active");

  CLI::App* status = AddVerb(*command, "status", "where a rollout stands",
                             options, RunStatus, invocation);
  status->add_option("ID", options->id, "rollout (default: the newest)");
  status->add_flag("-w,--watch", options->watch,
                   "follow it and exit by its outcome");
  SetExamples(*status,
              "  fleetctl rollout status\n"
              "  fleetctl rollout status r-119 --watch");

  CLI::App* start = AddVerb(*command, "start", "run a saved plan, exactly",
                            options, RunStart, invocation);
  start->add_option("PLAN", options->id, "plan id or its beginning")
      ->required();
  options->start.AddTo(*start);
  SetExamples(*start, "  fleetctl rollout start p-7f3a91");
  AddSteering(*command, options, invocation);
}

}  // namespace fleet
