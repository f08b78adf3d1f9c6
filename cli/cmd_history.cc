#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/print_changes.h"
#include "cli/print_rollout.h"
#include "cli/table.h"
#include "cli/target_state.h"
#include "lib/base/printable.h"
#include "lib/base/status.h"

namespace fleet {
namespace {

struct Options {
  std::string target;
  int limit = 0;
  bool changes = false;
};

std::string How(const v1::Version& version) {
  switch (version.cause()) {
    case v1::BASELINE:
      return "first seen";
    case v1::ROLLOUT:
      return absl::StrCat(version.rollout(), " sync ", version.source());
    case v1::ROLLBACK:
      return absl::StrCat(version.rollout(), " rollback to ", version.source());
    case v1::DRIFT:
      return "drift, not by fleetctl";
    default:
      return "";
  }
}

std::string PrintVersions(const v1::GetHistoryReply& reply,
                          const Options& options, const Style& style) {
  const v1::TargetStatus& status = reply.target();
  std::string text = absl::StrCat(
      style.Paint(Colour::kBold, status.target().name()), "  ",
      Printable(status.target().flavour()), " ", ServerVersion(status.target()),
      "  ", Printable(status.target().region()), "  now at ", status.version(),
      " (", status.fingerprint().substr(0, 8), ")  ",
      TargetState(status, style), "\n");
  Table table({"VER", "WHEN", "FINGERPRINT", "BY", "HOW", "CHANGE", "NAMES"});
  for (const v1::HistoryEntry& entry : reply.entries()) {
    const v1::Version& version = entry.version();
    table.AddRow({absl::StrCat(version.number()), PrintTime(version.time_ms()),
                  version.fingerprint().substr(0, 8), Printable(version.by()),
                  Printable(How(version)), Printable(version.summary()),
                  Printable(absl::StrJoin(version.names(), ", "))});
  }
  text += table.Text(style);
  if (!options.changes) return text;
  for (const v1::HistoryEntry& entry : reply.entries()) {
    if (entry.changes().empty()) continue;
    absl::StrAppend(&text, "\nversion ", entry.version().number(), "\n",
                    PrintChanges(entry.changes(), style));
  }
  return text;
}

std::string PrintRollouts(const v1::GetHistoryReply& reply,
                          const Style& style) {
  Table table({"ROLLOUT", "STATE", "STARTED", "BY", "SOURCE", "NOTE"});
  for (const v1::Rollout& rollout : reply.rollouts()) {
    table.AddRow({rollout.id(), StateName(rollout.state()),
                  PrintTime(rollout.started_ms()),
                  Printable(rollout.requested_by()),
                  Printable(rollout.source()), Printable(rollout.message())});
  }
  return table.empty() ? "no rollouts yet\n" : table.Text(style);
}

absl::StatusOr<ExitCode> RunHistory(const Options& options,
                                    const Invocation& invocation) {
  ASSIGN_OR_RETURN(std::unique_ptr<Client> client,
                   Client::Connect(invocation.globals));
  v1::GetHistoryRequest request;
  request.set_target(options.target);
  request.set_limit(options.limit);
  request.set_with_changes(options.changes);
  ASSIGN_OR_RETURN(const v1::GetHistoryReply reply,
                   client->GetHistory(request));
  const Style style = invocation.out();
  const std::string text = invocation.json() ? PrintJson(reply)
                           : options.target.empty()
                               ? PrintRollouts(reply, style)
                               : PrintVersions(reply, options, style);
  std::fputs(text.c_str(), stdout);
  return kExitOk;
}

}  // namespace

void AddHistory(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand(
      "history", "recorded versions of a target, or the fleet's rollouts");
  auto options = std::make_shared<Options>();
  command->add_option("TARGET", options->target,
                      "target (default: the rollouts of the fleet)");
  command->add_option("--limit", options->limit, "how many (default 20)")
      ->check(CLI::Range(1, 10000));
  command->add_flag("-p,--changes", options->changes,
                    "with what changed in each version");
  SetExamples(*command,
              "  fleetctl history saas-eu-14\n"
              "  fleetctl history saas-eu-14 -p --limit 3\n"
              "  fleetctl history\n"
              "  fleetctl history verify\n"
              "  fleetctl history export --target saas-eu-14 > history.jsonl");
  command->callback([command, options, &invocation] {
    if (!command->get_subcommands().empty()) return;
    invocation.run = [options, &invocation] {
      return RunHistory(*options, invocation);
    };
  });
  AddHistoryRecords(*command, invocation);
}

}  // namespace fleet
