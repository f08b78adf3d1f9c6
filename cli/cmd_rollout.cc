#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/plan_flow.h"
#include "cli/print_changes.h"
#include "cli/print_rollout.h"
#include "cli/simulate.h"
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
  std::string wave;
  std::vector<std::string> settings;  // "parallel=2"
  bool full = false;
  bool watch = false;
  bool active = false;
  int limit = 0;
  std::string per_target = "30s";
  StartFlags start;
};

// A verb that steers a running rollout: one row each.
struct SteeringVerb {
  const char* name;
  const char* help;
  v1::SteerRolloutRequest::Action action;
  const char* done;     // what is said afterwards
  const char* example;  // after the verb
};
constexpr SteeringVerb kSteering[] = {
    {"pause", "hold after the targets now running",
     v1::SteerRolloutRequest::PAUSE, "is paused", "r-119"},
    {"resume", "go on after a pause", v1::SteerRolloutRequest::RESUME,
     "goes on", "r-119"},
    {"abort", "start nothing more, end when the running targets have ended",
     v1::SteerRolloutRequest::ABORT, "is being aborted", "r-119"},
    {"approve", "let the waiting wave start", v1::SteerRolloutRequest::PROMOTE,
     "goes on with the next wave", "r-119 --wave eu -m \"canary looks good\""},
    {"promote", "let the waiting wave start, or all that are left (--full)",
     v1::SteerRolloutRequest::PROMOTE, "goes on", "r-119 --full"},
    {"retry", "try failed targets again", v1::SteerRolloutRequest::RETRY,
     "tries again", "r-119 --target saas-eu-14"},
    {"skip", "go on without these targets", v1::SteerRolloutRequest::SKIP,
     "goes on without them",
     "r-119 --target saas-eu-14 -m \"moves next week\""},
    {"resolve", "diverged targets are put right and may be retried",
     v1::SteerRolloutRequest::RESOLVE, "may be retried",
     "r-119 --target saas-eu-14 -m \"dropped the half-made index\""},
    {"set", "change how it runs: parallel=N lock-timeout=5s",
     v1::SteerRolloutRequest::SET, "is changed",
     "r-119 parallel=2 lock-timeout=5s"},
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

// "parallel=2", "lock-timeout=5s".
absl::Status AddSetting(absl::string_view text,
                        v1::SteerRolloutRequest* request) {
  const std::pair<absl::string_view, absl::string_view> pair =
      absl::StrSplit(text, absl::MaxSplits('=', 1));
  int32_t count = 0;
  absl::Duration duration;
  if (pair.first == "parallel" && absl::SimpleAtoi(pair.second, &count) &&
      count >= 1) {
    request->set_max_parallel(count);
    return absl::OkStatus();
  }
  if (pair.first == "lock-timeout" &&
      absl::ParseDuration(pair.second, &duration) &&
      duration >= absl::Milliseconds(1) &&
      duration < absl::InfiniteDuration()) {
    request->set_lock_timeout_ms(absl::ToInt64Milliseconds(duration));
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("\"", Printable(text),
                   "\" is not a setting; write parallel=2 or "
                   "lock-timeout=5s"));
}

absl::StatusOr<ExitCode> RunSimulate(const Options& options,
                                     const Invocation& invocation) {
  absl::Duration per_target;
  if (!absl::ParseDuration(options.per_target, &per_target) ||
      per_target < absl::ZeroDuration() ||
      per_target == absl::InfiniteDuration()) {
    return WithExitCode(
        absl::InvalidArgumentError("--per-target wants a duration such as 30s"),
        kExitUsage);
  }
  ASSIGN_OR_RETURN(std::unique_ptr<Client> client,
                   Client::Connect(invocation.globals));
  v1::GetPlanRequest request;
  request.set_id(options.id);
  ASSIGN_OR_RETURN(const v1::FleetPlan plan, client->GetPlan(request));
  const int64_t target_ms = absl::ToInt64Milliseconds(per_target);
  const Forecast forecast = Simulate(plan, target_ms);
  const std::string text =
      invocation.json() ? PrintForecastJson(forecast)
                        : PrintForecast(forecast, target_ms, invocation.out());
  std::fputs(text.c_str(), stdout);
  return kExitOk;
}

absl::StatusOr<ExitCode> RunSteering(const SteeringVerb& steering,
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
  for (const std::string& setting : options.settings) {
    RETURN_IF_ERROR(WithExitCode(AddSetting(setting, &request), kExitUsage));
  }
  request.set_wave(options.wave);
  request.set_full(options.full);
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

void AddSteeringOptions(CLI::App& verb, const SteeringVerb& steering,
                        Options& options) {
  switch (steering.action) {
    case v1::SteerRolloutRequest::RETRY:
      verb.add_option("--target", options.targets,
                      "only these targets (default: all that failed)");
      break;
    case v1::SteerRolloutRequest::SKIP:
    case v1::SteerRolloutRequest::RESOLVE:
      verb.add_option("--target", options.targets, "these targets")->required();
      break;
    case v1::SteerRolloutRequest::PROMOTE:
      verb.add_option("--wave", options.wave,
                      "only if it is this one that waits");
      verb.add_flag("--full", options.full,
                    "later waves too: no approval, no bake");
      break;
    case v1::SteerRolloutRequest::SET:
      verb.add_option("SETTING", options.settings, "parallel=N, lock-timeout=T")
          ->required();
      break;
    default:
      break;
  }
}

void AddSteering(CLI::App& parent, const std::shared_ptr<Options>& options,
                 Invocation& invocation) {
  for (const SteeringVerb& steering : kSteering) {
    CLI::App* verb = parent.add_subcommand(steering.name, steering.help);
    verb->add_option("ID", options->id, "rollout")->required();
    verb->add_option("-m,--message", options->message,
                     "a note for the history");
    verb->add_flag("-w,--watch", options->watch, "follow it afterwards");
    AddSteeringOptions(*verb, steering, *options);
    SetExamples(*verb, absl::StrCat("  fleetctl rollout ", steering.name, " ",
                                    steering.example));
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

  CLI::App* simulate =
      AddVerb(*command, "simulate",
              "how long a plan's rollout would take, and the worst it could do",
              options, RunSimulate, invocation);
  simulate->add_option("PLAN", options->id, "plan id or its beginning")
      ->required();
  simulate->add_option("--per-target", options->per_target,
                       "how long one target takes (default 30s)");
  SetExamples(*simulate,
              "  fleetctl rollout simulate p-7f3a91 --per-target 2m");
  AddSteering(*command, options, invocation);
}

}  // namespace fleet
