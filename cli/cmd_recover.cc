#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/print_changes.h"
#include "cli/table.h"
#include "lib/base/printable.h"
#include "lib/base/status.h"

namespace fleet {
namespace {

constexpr absl::Duration kRestartMax = absl::Seconds(60);

struct Options {
  bool from_agents = false;
  bool dry_run = false;
};

std::string CountOf(uint64_t number) {
  return number == 0 ? "–" : absl::StrCat(number);
}

std::string PrintRecovery(const v1::RecoverReply& reply, const Style& style) {
  Table table({"STREAM", "HERE", "RECOVERED", "FROM", "PUT ASIDE"});
  for (const v1::RecoveredStream& stream : reply.streams()) {
    if (stream.agent().empty()) continue;
    table.AddRow({Printable(stream.stream()), CountOf(stream.records_here()),
                  CountOf(stream.records()), Printable(stream.agent()),
                  CountOf(stream.put_aside())});
  }
  std::string text =
      table.empty()
          ? "nothing to recover: no replica has more than the coordinator\n"
          : table.Text(style);
  absl::StrAppend(&text, "agents asked: ",
                  Printable(absl::StrJoin(reply.agents(), ", ")), "\n");
  return text;
}

// The coordinator leaves and comes back with the new history.
absl::Status AwaitRestart(Client& client, uint64_t epoch) {
  const absl::Time deadline = absl::Now() + kRestartMax;
  while (absl::Now() < deadline) {
    const absl::StatusOr<v1::ServerVersion> version = client.GetVersion();
    if (version.ok() && version->epoch() != epoch &&
        version->recovery().empty()) {
      return absl::OkStatus();
    }
    absl::SleepFor(absl::Milliseconds(200));
  }
  return absl::UnavailableError(
      "the coordinator has not come back within a minute; its log says why");
}

absl::StatusOr<ExitCode> RunRecover(const Options& options,
                                    const Invocation& invocation) {
  if (!options.from_agents) {
    return WithExitCode(
        absl::InvalidArgumentError("say from where: fleetctl recover "
                                   "--from-agents"),
        kExitUsage);
  }
  ASSIGN_OR_RETURN(std::unique_ptr<Client> client,
                   Client::Connect(invocation.globals));
  ASSIGN_OR_RETURN(const v1::ServerVersion before, client->GetVersion());
  v1::RecoverRequest request;
  request.set_dry_run(options.dry_run);
  request.set_by(UserName());
  ASSIGN_OR_RETURN(const v1::RecoverReply reply, client->Recover(request));
  const std::string text = invocation.json()
                               ? PrintJson(reply)
                               : PrintRecovery(reply, invocation.out());
  std::fputs(text.c_str(), stdout);
  if (!reply.restarts()) return kExitOk;
  RETURN_IF_ERROR(AwaitRestart(*client, before.epoch()));
  if (!invocation.globals.quiet) {
    std::fprintf(stderr,
                 "The coordinator works with the recovered history; the old "
                 "one is in %s. Rollouts that were not over are paused:\n"
                 "  fleetctl rollout list\n",
                 Printable(reply.old_directory()).c_str());
  }
  return kExitOk;
}

}  // namespace

void AddRecover(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand(
      "recover", "rebuild the coordinator's history after its disk was lost");
  auto options = std::make_shared<Options>();
  command->add_flag("--from-agents", options->from_agents,
                    "from the replicas of the agents that are connected");
  command->add_flag("--dry-run", options->dry_run,
                    "only show what would be taken");
  SetExamples(*command,
              "  fleetctl recover --from-agents --dry-run\n"
              "  fleetctl recover --from-agents");
  command->callback([options, &invocation] {
    invocation.run = [options, &invocation] {
      return RunRecover(*options, invocation);
    };
  });
}

}  // namespace fleet
