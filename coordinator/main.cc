// fleet-coordinator: plans, approves, rolls out and records. SIGTERM and SIGINT
// stop it, SIGHUP starts it anew over its state directory.

#include <pthread.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "coordinator/coordinator.h"
#include "lib/base/log.h"
#include "lib/base/status.h"
#include "lib/base/version.h"

namespace fleet {
namespace {

constexpr int kExitOk = 0;
constexpr int kExitError = 1;
constexpr int kExitUsage = 64;

struct Flags {
  CoordinatorOptions options;
  std::string heartbeat = "10s";
  std::string fingerprint_every = "60s";
  std::string log_level = "info";
  std::string log_format = "text";
};

void AddFlags(CLI::App& app, Flags& flags) {
  CoordinatorOptions& options = flags.options;
  app.add_option("--listen", options.listen,
                 "where agents and fleetctl find it; port 0 takes a free one")
      ->type_name("HOST:PORT")
      ->capture_default_str();
  app.add_option("--state-dir", options.state_dir,
                 "where the history is kept; made if it is not there")
      ->type_name("DIR")
      ->required();
  app.add_option("--tls-ca", options.tls.ca_file,
                 "who may connect: a PEM file of authorities")
      ->type_name("FILE");
  app.add_option("--tls-cert", options.tls.cert_file,
                 "its own certificate chain, PEM")
      ->type_name("FILE");
  app.add_option("--tls-key", options.tls.key_file, "the key to it, PEM")
      ->type_name("FILE");
  app.add_option("--heartbeat", flags.heartbeat,
                 "how often agents say that they are there")
      ->type_name("DURATION")
      ->capture_default_str();
  app.add_option("--fingerprint-every", flags.fingerprint_every,
                 "how often agents look whether a schema has changed")
      ->type_name("DURATION")
      ->capture_default_str();
  app.add_option("--log-level", flags.log_level,
                 "debug, info, warning or error")
      ->type_name("LEVEL")
      ->capture_default_str();
  app.add_option("--log-format", flags.log_format, "text or json")
      ->type_name("FORMAT")
      ->capture_default_str();
}

absl::StatusOr<int64_t> ParseMs(const std::string& flag,
                                const std::string& text) {
  absl::Duration duration;
  if (!absl::ParseDuration(text, &duration) ||
      duration < absl::Milliseconds(10) || duration > absl::Hours(24)) {
    return absl::InvalidArgumentError(absl::StrCat(
        flag, " \"", text, "\" is not a time between 10ms and 24h; try 10s"));
  }
  return absl::ToInt64Milliseconds(duration);
}

absl::Status ReadFlags(Flags& flags) {
  RETURN_IF_ERROR(ConfigureLog(flags.log_level, flags.log_format));
  ASSIGN_OR_RETURN(flags.options.heartbeat_ms,
                   ParseMs("--heartbeat", flags.heartbeat));
  ASSIGN_OR_RETURN(flags.options.fingerprint_every_ms,
                   ParseMs("--fingerprint-every", flags.fingerprint_every));
  return absl::OkStatus();
}

int Fail(const absl::Status& status, int code) {
  std::fprintf(stderr, "fleet-coordinator: %s\n",
               std::string(status.message()).c_str());
  return code;
}

int Run(Flags& flags) {
  // Before any thread is made, so that all of them leave these to sigwait.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);

  flags.options.restart = [] { kill(getpid(), SIGHUP); };
  while (true) {
    absl::StatusOr<std::unique_ptr<Coordinator>> coordinator =
        Coordinator::Start(flags.options, SystemClock());
    if (!coordinator.ok()) return Fail(coordinator.status(), kExitError);
    // The same one again after a restart, where any was asked for.
    flags.options.listen = (*coordinator)->address();
    std::printf("listening on %s\n", flags.options.listen.c_str());
    std::fflush(stdout);
    LogInfo("coordinator started",
            {{"address", flags.options.listen},
             {"epoch", absl::StrCat((*coordinator)->log().epoch())},
             {"version", std::string(kVersion)}});
    int signal = 0;
    sigwait(&signals, &signal);
    LogInfo("coordinator stops", {{"signal", absl::StrCat(signal)}});
    coordinator->reset();
    if (signal != SIGHUP) return kExitOk;
  }
}

int Main(int argc, char** argv) {
  CLI::App app("the coordinator of a fleet of databases", "fleet-coordinator");
  app.set_version_flag("--version",
                       absl::StrCat("fleet-coordinator ", kVersion));
  Flags flags;
  AddFlags(app, flags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitOk : kExitUsage;
  }
  if (const absl::Status status = ReadFlags(flags); !status.ok()) {
    return Fail(status, kExitUsage);
  }
  return Run(flags);
}

}  // namespace
}  // namespace fleet

int main(int argc, char** argv) { return fleet::Main(argc, argv); }
