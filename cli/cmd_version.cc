#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "absl/strings/str_cat.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/print_changes.h"
#include "lib/base/printable.h"
#include "lib/base/status.h"
#include "lib/base/version.h"

namespace fleet {
namespace {

absl::StatusOr<ExitCode> RunVersion(bool client_only,
                                    const Invocation& invocation) {
  v1::ServerVersion server;
  if (!client_only) {
    ASSIGN_OR_RETURN(std::unique_ptr<Client> client,
                     Client::Connect(invocation.globals));
    ASSIGN_OR_RETURN(server, client->GetVersion());
  }
  if (invocation.json()) {
    const std::string text =
        client_only ? absl::StrCat("{\"version\": \"", kVersion, "\"}\n")
                    : PrintJson(server);
    std::fputs(text.c_str(), stdout);
    return kExitOk;
  }
  std::printf("fleetctl     %s\n", std::string(kVersion).c_str());
  if (!client_only) {
    std::printf("coordinator  %s at %s, epoch %llu, %d agents, %d targets\n",
                server.version().c_str(),
                invocation.globals.coordinator.c_str(),
                static_cast<unsigned long long>(server.epoch()),
                server.agents(), server.targets());
    if (!server.recovery().empty()) {
      std::printf("%s\n", Printable(server.recovery()).c_str());
    }
  }
  return kExitOk;
}

}  // namespace

void AddVersion(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand("version", "print versions");
  auto server = std::make_shared<bool>(false);
  command->add_flag("--server", *server, "ask the coordinator for its own too");
  SetExamples(*command, "  fleetctl version --server");
  command->callback([server, &invocation] {
    invocation.run = [server, &invocation] {
      return RunVersion(!*server, invocation);
    };
  });
}

}  // namespace fleet
