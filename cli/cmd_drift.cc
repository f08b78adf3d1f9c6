#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>

#include "absl/strings/str_cat.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/print_changes.h"
#include "cli/print_rollout.h"
#include "lib/base/fold_names.h"
#include "lib/base/printable.h"
#include "lib/base/status.h"

namespace fleet {
namespace {

struct Options {
  std::vector<std::string> selectors;
  bool refresh = false;
  bool detailed_exit_code = false;
};

std::string PrintCensus(const v1::GetDriftReply& reply, const Style& style) {
  std::string text = "VERSION CENSUS\n";
  for (const v1::Census& row : reply.census()) {
    const std::string version =
        row.version().empty() ? "not recorded" : Printable(row.version());
    const int bar = std::min(row.targets_size(), 40);
    std::string blocks;
    for (int i = 0; i < bar; ++i) {
      absl::StrAppend(&blocks, style.Symbol("█", "#"));
    }
    absl::StrAppend(&text, "  ", Fit(row.fingerprint().substr(0, 8), 8), "  ",
                    Fit(version, 16), " ", row.targets_size(), " ", blocks,
                    "  ",
                    Printable(FoldedNames(std::vector<std::string>(
                        row.targets().begin(), row.targets().end()))),
                    "\n");
  }
  return text;
}

std::string PrintFinding(const v1::DriftFinding& finding, const Style& style) {
  std::string text = absl::StrCat(
      "  ", style.Paint(Colour::kYellow, finding.target()), "  since ",
      PrintTime(finding.found().time_ms()), ", not what version ",
      finding.expected().number(), " was\n");
  return absl::StrCat(text, PrintChanges(finding.changes(), style));
}

std::string PrintDrift(const v1::GetDriftReply& reply, const Style& style) {
  std::string text = absl::StrCat(PrintCensus(reply, style), "\n");
  if (!reply.findings().empty()) {
    absl::StrAppend(
        &text,
        style.Paint(Colour::kYellow,
                    absl::StrCat("DRIFTED ", reply.findings_size())),
        "\n");
    for (const v1::DriftFinding& finding : reply.findings()) {
      text += PrintFinding(finding, style);
    }
    text += "\n";
  }
  int current = 0;
  int unreachable = 0;
  int unknown = 0;
  for (const v1::TargetStatus& status : reply.targets()) {
    current += status.state() == v1::CURRENT;
    unreachable += status.state() == v1::UNREACHABLE;
    unknown += status.state() == v1::UNKNOWN;
  }
  absl::StrAppend(&text, current, " as recorded, ", reply.findings_size(),
                  " drifted, ", unreachable, " unreachable, ", unknown,
                  " unknown.\n");
  for (const v1::DriftFinding& finding : reply.findings()) {
    const std::string name = Printable(finding.target());
    absl::StrAppend(&text, "  fleetctl rollback --targets name:", name,
                    " --to ", finding.expected().number(), "    put it back\n");
    if (&finding - &reply.findings(0) >= 2) break;
  }
  return text;
}

absl::StatusOr<ExitCode> RunDrift(const Options& options,
                                  const Invocation& invocation) {
  ASSIGN_OR_RETURN(std::unique_ptr<Client> client,
                   Client::Connect(invocation.globals));
  v1::GetDriftRequest request;
  for (const std::string& selector : options.selectors) {
    request.add_selectors(selector);
  }
  request.set_refresh(options.refresh);
  ASSIGN_OR_RETURN(const v1::GetDriftReply reply, client->GetDrift(request));
  const std::string text = invocation.json()
                               ? PrintJson(reply)
                               : PrintDrift(reply, invocation.out());
  std::fputs(text.c_str(), stdout);
  if (options.detailed_exit_code && !reply.findings().empty()) {
    return kExitDifferences;
  }
  return kExitOk;
}

}  // namespace

void AddDrift(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand(
      "drift", "find targets whose schema no rollout of ours produced");
  auto options = std::make_shared<Options>();
  command
      ->add_option("--targets", options->selectors,
                   "only these (fleetctl help selectors)")
      ->type_name("SELECTOR");
  command->add_flag("--refresh", options->refresh,
                    "read the databases now instead of the last report");
  command->add_flag("--detailed-exitcode", options->detailed_exit_code,
                    "exit with 2 when something drifted");
  SetExamples(*command,
              "  fleetctl drift\n"
              "  fleetctl drift --targets tag:saas --refresh "
              "--detailed-exitcode");
  command->callback([options, &invocation] {
    invocation.run = [options, &invocation] {
      return RunDrift(*options, invocation);
    };
  });
}

}  // namespace fleet
