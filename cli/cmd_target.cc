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
  std::vector<std::string> selectors;
  std::string name;
  bool refresh = false;
};

std::string Labels(const v1::Target& target) {
  return absl::StrJoin(target.labels(), ",",
                       [](std::string* out, const v1::Label& label) {
                         absl::StrAppend(out, label.key(), "=", label.value());
                       });
}

absl::StatusOr<v1::ListTargetsReply> Ask(const Options& options,
                                         const Invocation& invocation) {
  ASSIGN_OR_RETURN(std::unique_ptr<Client> client,
                   Client::Connect(invocation.globals));
  v1::ListTargetsRequest request;
  for (const std::string& selector : options.selectors) {
    request.add_selectors(selector);
  }
  request.set_refresh(options.refresh);
  return client->ListTargets(request);
}

absl::StatusOr<ExitCode> RunList(const Options& options,
                                 const Invocation& invocation) {
  ASSIGN_OR_RETURN(const v1::ListTargetsReply reply, Ask(options, invocation));
  if (invocation.json()) {
    std::fputs(PrintJson(reply).c_str(), stdout);
    return kExitOk;
  }
  const Style style = invocation.out();
  Table table({"NAME", "STATE", "VERSION", "FINGERPRINT", "ENGINE", "REGION",
               "TAGS", "AGENT"});
  for (const v1::TargetStatus& status : reply.targets()) {
    const v1::Target& target = status.target();
    table.AddRow(
        {Printable(target.name()), TargetState(status, style),
         status.version() > 0 ? absl::StrCat(status.version()) : "-",
         status.fingerprint().substr(0, 8),
         absl::StrCat(Printable(target.flavour()), " ", ServerVersion(target)),
         Printable(target.region()),
         Printable(absl::StrJoin(target.tags(), ",")),
         Printable(target.agent())});
  }
  std::fputs(table.empty() ? "no targets yet: no agent has connected\n"
                           : table.Text(style).c_str(),
             stdout);
  return kExitOk;
}

absl::StatusOr<ExitCode> RunShow(Options options,
                                 const Invocation& invocation) {
  options.selectors = {absl::StrCat("name:", options.name)};
  ASSIGN_OR_RETURN(const v1::ListTargetsReply reply, Ask(options, invocation));
  if (invocation.json()) {
    std::fputs(PrintJson(reply.targets(0)).c_str(), stdout);
    return kExitOk;
  }
  const Style style = invocation.out();
  for (const v1::TargetStatus& status : reply.targets()) {
    const v1::Target& target = status.target();
    const std::string rows[][2] = {
        {"name", Printable(target.name())},
        {"state", TargetState(status, style)},
        {"engine",
         absl::StrCat(Printable(target.flavour()), " ", ServerVersion(target))},
        {"region", Printable(target.region())},
        {"tags", Printable(absl::StrJoin(target.tags(), ", "))},
        {"labels", Printable(Labels(target))},
        {"agent", absl::StrCat(Printable(target.agent()),
                               status.connected() ? "" : " (away)")},
        {"last seen", PrintTime(status.last_seen_ms())},
        {"version", absl::StrCat(status.version())},
        {"fingerprint", status.fingerprint()},
        {"rollout", status.rollout()},
        {"read only", target.read_only() ? "yes" : ""},
        {"error", Printable(status.error())},
    };
    for (const auto& row : rows) {
      if (row[1].empty()) continue;
      std::printf("%s  %s\n", Fit(row[0], 12).c_str(), row[1].c_str());
    }
  }
  return kExitOk;
}

}  // namespace

void AddTarget(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand("target", "list and show targets");
  command->require_subcommand(1);
  SetExamples(*command,
              "  fleetctl target list\n"
              "  fleetctl target list --targets region:eu-* --refresh\n"
              "  fleetctl target show saas-eu-03");
  auto options = std::make_shared<Options>();
  CLI::App* list = command->add_subcommand("list", "all targets, by name");
  list->add_option("-l,--targets", options->selectors,
                   "only these (fleetctl help selectors)")
      ->type_name("SELECTOR");
  list->add_flag("--refresh", options->refresh, "ask the agents first");
  SetExamples(*list, "  fleetctl target list --targets tag:saas");
  list->callback([options, &invocation] {
    invocation.run = [options, &invocation] {
      return RunList(*options, invocation);
    };
  });
  CLI::App* show = command->add_subcommand("show", "one target, whole");
  show->add_option("NAME", options->name, "target")->required();
  show->add_flag("--refresh", options->refresh, "ask its agent first");
  SetExamples(*show, "  fleetctl target show saas-eu-03");
  show->callback([options, &invocation] {
    invocation.run = [options, &invocation] {
      return RunShow(*options, invocation);
    };
  });
}

}  // namespace fleet
