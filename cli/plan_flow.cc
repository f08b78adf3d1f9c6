#include "cli/plan_flow.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>

#include "absl/random/random.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "cli/live_region.h"
#include "cli/print_changes.h"
#include "cli/schema_source.h"
#include "cli/watch.h"
#include "lib/base/printable.h"
#include "lib/base/status.h"

namespace fleet {
namespace {

void AddList(const std::vector<std::string>& texts,
             google::protobuf::RepeatedPtrField<std::string>* out) {
  for (const std::string& text : texts) {
    for (absl::string_view item :
         absl::StrSplit(text, ',', absl::SkipWhitespace())) {
      *out->Add() = std::string(item);
    }
  }
}

// "Reading schemas 12/41", in place on a terminal, once per stage elsewhere.
class StageLine {
 public:
  explicit StageLine(const Invocation& invocation)
      : style_(invocation.err()), quiet_(invocation.globals.quiet) {}
  ~StageLine() { region_.Clear(); }

  void Show(const std::string& stage, int done, int total) {
    if (quiet_) return;
    if (style_.is_terminal()) {
      region_.Draw({absl::StrCat(Printable(stage), " ", done, "/", total)});
    } else if (stage != last_) {
      std::fprintf(stderr, "%s\n", Printable(stage).c_str());
    }
    last_ = stage;
  }

 private:
  const Style style_;
  const bool quiet_;
  LiveRegion region_;
  std::string last_;
};

absl::Status NeedsFlag(const v1::FleetPlan& plan, bool typed) {
  const std::string flag =
      typed ? absl::StrCat("--confirm ", plan.id()) : "--auto-approve";
  return WithExitCode(
      absl::InvalidArgumentError(absl::StrCat(
          "this needs an answer and there is no terminal to ask on; add ", flag,
          "\n  the plan is saved: fleetctl rollout start ", plan.id())),
      kExitUsage);
}

// OK when the user agrees.
absl::Status Confirm(const v1::FleetPlan& plan, const StartFlags& flags,
                     const Invocation& invocation) {
  const bool typed = NeedsTypedId(plan);
  if (!flags.confirm.empty() && flags.confirm == plan.id()) {
    return absl::OkStatus();
  }
  // Hazards that had to be allowed by name were allowed with this command.
  if (flags.auto_approve) return absl::OkStatus();
  if (invocation.globals.no_input || isatty(STDIN_FILENO) == 0) {
    return NeedsFlag(plan, typed);
  }
  if (typed) {
    std::fprintf(stderr,
                 "This plan destroys something (see the lines marked !).\n"
                 "Type the plan id to go on, anything else to stop: %s\n> ",
                 plan.id().c_str());
  } else {
    std::fprintf(stderr, "Roll out? Only 'yes' goes on: ");
  }
  std::string answer;
  std::getline(std::cin, answer);
  if (absl::StripAsciiWhitespace(answer) == (typed ? plan.id() : "yes")) {
    return absl::OkStatus();
  }
  return WithExitCode(
      absl::FailedPreconditionError(absl::StrCat(
          "stopped; nothing was changed. The plan is saved:\n  fleetctl "
          "rollout start ",
          plan.id())),
      kExitPolicy);
}

}  // namespace

void AddRenames(CLI::App& command, std::vector<std::string>& renames) {
  command
      .add_option("--rename", renames,
                  "what was renamed, not dropped: table:old=new, column:t.a=b")
      ->type_name("SORT:OLD=NEW")
      ->allow_extra_args(false);
}

void PlanFlags::AddTo(CLI::App& command) {
  command
      .add_option("--targets", targets,
                  "selector of the targets (fleetctl help selectors)")
      ->type_name("SELECTOR");
  command.add_option("--exclude", exclude, "selector of targets to leave out")
      ->type_name("SELECTOR");
  command.add_option("--policy", policy_file, "rollout policy, a YAML file")
      ->type_name("FILE");
  command
      .add_option("--tables", tables,
                  "only these tables; source=target renames")
      ->type_name("PATTERNS");
  command.add_option("--exclude-tables", exclude_tables, "not these tables")
      ->type_name("PATTERNS");
  scope.AddTo(command);
  AddRenames(command, renames);
  hazards.AddTo(command);
  command.add_flag("--allow-drop-tables", allow_drop_tables,
                   "also drop tables that only a target has");
  command.add_flag("--skip-rehearsal", skip_rehearsal,
                   "do not try the plan on a scratch database first");
  command.add_flag("--offline", offline,
                   "plain statements: quicker, but clients wait meanwhile");
  command.add_flag("--summary", detail.summary, "counts only, no statements");
  command.add_flag("--expand", detail.expand, "name every target");
}

absl::StatusOr<v1::MakePlanRequest> PlanFlags::Request() const {
  v1::MakePlanRequest request;
  for (const std::string& selector : targets) request.add_selectors(selector);
  for (const std::string& selector : exclude) request.add_exclude(selector);
  std::vector<std::string> patterns;
  for (const std::string& list : tables) {
    for (absl::string_view item :
         absl::StrSplit(list, ',', absl::SkipWhitespace())) {
      const std::string pattern(item);
      if (absl::StrContains(pattern, '=')) {
        request.mutable_scope()->add_renames(pattern);
        request.mutable_scope()->add_tables(
            pattern.substr(0, pattern.find('=')));
      } else {
        request.mutable_scope()->add_tables(pattern);
      }
    }
  }
  if (!exclude_tables.empty()) {
    AddList(exclude_tables, request.mutable_scope()->mutable_exclude_tables());
  }
  RETURN_IF_ERROR(scope.AddToScope(request.mutable_scope()));
  for (const std::string& hint : renames) request.add_renames(hint);
  ASSIGN_OR_RETURN(const HazardPolicy policy, hazards.Policy());
  request.set_allow_all_hazards(policy.allow_all);
  for (v1::HazardType hazard : policy.allowed) {
    request.add_allow_hazards(hazard);
  }
  request.set_max_risk(policy.max_risk);
  request.set_allow_drop_tables(allow_drop_tables);
  request.set_skip_rehearsal(skip_rehearsal);
  request.set_offline(offline);
  request.set_requested_by(UserName());
  if (!policy_file.empty()) {
    absl::StatusOr<std::string> text = ReadFileOrStdin(policy_file);
    if (!text.ok()) return WithExitCode(text.status(), kExitConfig);
    request.set_policy_yaml(*std::move(text));
    request.set_policy_file_name(policy_file);
  }
  return request;
}

absl::Status SetSource(const std::string& source,
                       v1::MakePlanRequest* request) {
  if (!IsSqlFile(source)) {
    request->set_source(source);
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(*request->mutable_sql(), ReadFileOrStdin(source));
  request->set_sql_file_name(source == "-" ? "stdin" : source);
  return absl::OkStatus();
}

absl::StatusOr<v1::FleetPlan> MakeFleetPlan(Client& client,
                                            const v1::MakePlanRequest& request,
                                            const Invocation& invocation) {
  StageLine line(invocation);
  line.Show("reading schemas", 0, 0);
  absl::StatusOr<v1::FleetPlan> plan =
      client.MakePlan(request, [&line](const v1::MakePlanReply& reply) {
        line.Show(reply.stage(), reply.done(), reply.total());
      });
  const std::string& file = request.policy_file_name();
  if (!plan.ok() && absl::IsInvalidArgument(plan.status()) && !file.empty() &&
      absl::StartsWith(plan.status().message(), file)) {
    return WithExitCode(plan.status(), kExitConfig);
  }
  return plan;
}

void StartFlags::AddTo(CLI::App& command) {
  command.add_flag("--auto-approve", auto_approve,
                   "do not ask; hazards must still be allowed by name");
  command.add_option("--confirm", confirm, "the plan's id, instead of asking")
      ->type_name("PLAN");
  command.add_flag("--detach", detach, "start and do not watch");
  command.add_option("-m,--message", message, "a note for the history")
      ->type_name("TEXT");
}

absl::StatusOr<ExitCode> StartAndWatch(Client& client,
                                       const std::string& plan_id,
                                       const StartFlags& flags,
                                       const Invocation& invocation) {
  v1::StartRolloutRequest request;
  request.set_fleet_plan_id(plan_id);
  request.set_requested_by(UserName());
  request.set_message(flags.message);
  absl::BitGen random;
  request.set_request_id(
      absl::StrCat(absl::Hex(random()), absl::Hex(random())));
  ASSIGN_OR_RETURN(const v1::Rollout rollout, client.StartRollout(request));
  if (flags.detach) {
    const std::string text = invocation.json()
                                 ? PrintJson(rollout)
                                 : absl::StrCat("Started ", rollout.id(),
                                                "\n  fleetctl rollout status ",
                                                rollout.id(), " --watch\n");
    std::fputs(text.c_str(), stdout);
    return kExitOk;
  }
  return WatchRollout(client, rollout.id(), invocation);
}

absl::StatusOr<ExitCode> ConfirmAndRun(Client& client,
                                       const v1::FleetPlan& plan,
                                       const PlanDetail& detail,
                                       const StartFlags& flags,
                                       const Invocation& invocation) {
  // With -o json the result is the rollout; the plan is talk then.
  FILE* stream = invocation.json() ? stderr : stdout;
  const Style style = invocation.json() ? invocation.err() : invocation.out();
  std::fputs(PrintFleetPlan(plan, style, detail).c_str(), stream);
  std::fflush(stream);
  if (plan.cohorts().empty()) {
    const bool incomplete = plan.unreachable_size() + plan.refused_size() > 0;
    return incomplete ? kExitUnreachable : kExitOk;
  }
  RETURN_IF_ERROR(Confirm(plan, flags, invocation));
  return StartAndWatch(client, plan.id(), flags, invocation);
}

absl::StatusOr<ExitCode> PlanAndRun(const v1::MakePlanRequest& request,
                                    const PlanDetail& detail,
                                    const StartFlags& flags,
                                    const Invocation& invocation) {
  ASSIGN_OR_RETURN(std::unique_ptr<Client> client,
                   Client::Connect(invocation.globals));
  ASSIGN_OR_RETURN(const v1::FleetPlan plan,
                   MakeFleetPlan(*client, request, invocation));
  return ConfirmAndRun(*client, plan, detail, flags, invocation);
}

}  // namespace fleet
