#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "absl/strings/str_cat.h"
#include "agent/agent.h"
#include "agent/config.h"
#include "agent/rollback_command.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/printable.h"
#include "lib/base/status.h"
#include "lib/base/version.h"

// fleet-agent: everything is in the configuration file; SIGTERM and SIGINT stop
// it within 10 s, and what was running goes on at the next start.

namespace fleet {
namespace {

constexpr int kExitOk = 0;
constexpr int kExitError = 1;
constexpr int kExitUsage = 64;
constexpr int kExitConfig = 78;

struct Flags {
  std::string config;
  bool check_config = false;
  std::string log_level = "info";
  std::string log_format = "text";
  RollbackCommand rollback;
  bool is_rollback = false;
};

int Fail(const absl::Status& status, int exit_code) {
  std::fprintf(stderr, "error: %s\n",
               Printable(status.message(), /*keep_newlines=*/true).c_str());
  return exit_code;
}

// Blocks the signals for every thread that starts later, so that sigwait in
// the main thread is the only one to get them.
sigset_t BlockStopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

int Run(const Flags& flags) {
  if (absl::Status status = ConfigureLog(flags.log_level, flags.log_format);
      !status.ok()) {
    return Fail(status, kExitUsage);
  }
  absl::StatusOr<AgentConfig> config = ReadAgentConfig(flags.config);
  if (!config.ok()) return Fail(config.status(), kExitConfig);
  if (flags.check_config) {
    std::printf("%s: ok, agent %s with %zu targets\n", flags.config.c_str(),
                config->name.c_str(), config->targets.size());
    return kExitOk;
  }
  if (flags.is_rollback) {
    const absl::Status status = flags.rollback.Run(*config);
    return status.ok() ? kExitOk : Fail(status, kExitError);
  }
  const sigset_t signals = BlockStopSignals();
  std::signal(SIGPIPE, SIG_IGN);  // a lost connection is an error of its call
  absl::StatusOr<std::unique_ptr<Agent>> agent =
      Agent::Open(*std::move(config), SystemClock());
  if (!agent.ok()) return Fail(agent.status(), kExitError);
  (*agent)->Start();
  LogInfo("agent started", {{"version", std::string(kVersion)}});
  int signal = 0;
  sigwait(&signals, &signal);
  LogInfo("stopping", {{"signal", absl::StrCat(signal)}});
  if (!(*agent)->Stop()) {
    LogWarning("a database does not react; leaving it to the next start");
    std::_Exit(kExitOk);  // threads are still in their drivers
  }
  LogInfo("stopped");
  return kExitOk;
}

void AddRollback(CLI::App& app, Flags& flags) {
  CLI::App* command = app.add_subcommand(
      "rollback",
      "take one target back to a recorded version, with no coordinator; stop "
      "the agent first");
  RollbackCommand& rollback = flags.rollback;
  command
      ->add_option("--target", rollback.target, "its name in the configuration")
      ->required();
  command->add_option("--to", rollback.to, "version number or name")
      ->required();
  command->add_flag("--break-glass", rollback.break_glass,
                    "yes, past the coordinator and everybody's approval");
  command->add_option("--allow-hazards", rollback.allow_hazards,
                      "hazards to allow by name (DELETES_DATA,…), or all");
  command->add_flag("--allow-drop-tables", rollback.drop_tables,
                    "also drop tables that the version lacks");
  command->add_flag("--skip-rehearsal", rollback.no_rehearsal,
                    "do not try the plan on the scratch database first");
  command->add_flag("--dry-run", rollback.dry_run, "only print the plan");
  command->callback([&flags] { flags.is_rollback = true; });
}

int Main(int argc, char** argv) {
  CLI::App app("works on the databases beside it for the fleet coordinator",
               "fleet-agent");
  Flags flags;
  app.add_option("--config", flags.config, "the agent's YAML file")
      ->required()
      ->envname("FLEET_AGENT_CONFIG");
  app.add_flag("--check-config", flags.check_config,
               "read the file, say what is wrong with it, and end");
  app.add_option("--log-level", flags.log_level, "least important to log")
      ->check(CLI::IsMember({"debug", "info", "warning", "error"}))
      ->capture_default_str();
  app.add_option("--log-format", flags.log_format, "form of the log lines")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  app.set_version_flag("--version", std::string(kVersion));
  app.fallthrough();
  AddRollback(app, flags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitOk : kExitUsage;
  }
  return Run(flags);
}

}  // namespace
}  // namespace fleet

int main(int argc, char** argv) { return fleet::Main(argc, argv); }
