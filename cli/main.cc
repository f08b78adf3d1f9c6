#include <CLI/CLI.hpp>
#include <clocale>
#include <csignal>
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "cli/command.h"
#include "cli/help.h"
#include "lib/base/printable.h"
#include "lib/base/suggest.h"

namespace fleet {
namespace {

constexpr Command kCommands[] = {
    {"sync", AddSync},       {"plan", AddPlan},
    {"diff", AddDiff},       {"drift", AddDrift},
    {"history", AddHistory}, {"rollback", AddRollback},
    {"rollout", AddRollout}, {"target", AddTarget},
    {"recover", AddRecover}, {"completion", AddCompletion},
    {"version", AddVersion},
};

void AddGlobals(CLI::App& app, Globals& globals) {
  app.add_option("--coordinator", globals.coordinator,
                 "address of the coordinator")
      ->envname("FLEETCTL_COORDINATOR")
      ->group("Global options");
  app.add_option("--ca-file", globals.ca_file,
                 "certificate authority of the coordinator")
      ->envname("FLEETCTL_CA_FILE")
      ->group("Global options");
  app.add_option("--cert-file", globals.cert_file, "own certificate")
      ->envname("FLEETCTL_CERT_FILE")
      ->group("Global options");
  app.add_option("--key-file", globals.key_file, "own private key")
      ->envname("FLEETCTL_KEY_FILE")
      ->group("Global options");
  app.add_option("-o,--output", globals.output, "form of the result")
      ->envname("FLEETCTL_OUTPUT")
      ->check(CLI::IsMember({"table", "json", "sql", "markdown"}))
      ->group("Global options");
  app.add_option("--color", globals.color, "when to use colour")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->group("Global options");
  app.add_flag("--no-input", globals.no_input, "never ask, fail instead")
      ->group("Global options");
  app.add_flag("-q,--quiet", globals.quiet, "no progress on stderr")
      ->group("Global options");
  app.add_flag("-v,--verbose", globals.verbose,
               "a line for every statement, however short")
      ->group("Global options");
  app.add_option("--timeout", globals.timeout_s,
                 "stop waiting after this many seconds")
      ->group("Global options");
}

// CLI11 only says that a sub-command is required.
std::string UnknownCommand(int argc, char** argv) {
  std::vector<std::string> names;
  for (const Command& command : kCommands) names.push_back(command.name);
  names.push_back("help");
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word.empty() || word[0] == '-') continue;
    if (std::find(names.begin(), names.end(), word) != names.end()) return "";
    return absl::StrCat("unknown command \"", Printable(word), "\"",
                        DidYouMean(word, names),
                        "\n  fleetctl --help lists the commands");
  }
  return "";
}

int Fail(const Invocation& invocation, const absl::Status& status) {
  const Style style = invocation.err();
  std::fprintf(stderr, "%s %s\n", style.Paint(Colour::kRed, "error:").c_str(),
               Printable(status.message(), /*keep_newlines=*/true).c_str());
  return ExitCodeOf(status);
}

int Main(int argc, char** argv) {
  std::setlocale(LC_CTYPE, "");
  std::signal(SIGPIPE, SIG_IGN);  // a closed pipe is a write error, not a death
  CLI::App app("keep many databases on one schema, in safe waves", "fleetctl");
  Invocation invocation;
  SetUpHelp(app);
  AddGlobals(app, invocation.globals);
  app.fallthrough();
  app.require_subcommand(0, 1);
  for (const Command& command : kCommands) command.add(app, invocation);
  AddHelpTopics(app, invocation);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    app.exit(help);
    return kExitOk;
  } catch (const CLI::ParseError& error) {
    const std::string unknown = UnknownCommand(argc, argv);
    const std::string text = unknown.empty() ? error.what() : unknown;
    std::fprintf(stderr, "error: %s\n",
                 Printable(text, /*keep_newlines=*/true).c_str());
    return kExitUsage;
  }
  if (!invocation.run) {
    std::fputs(app.help().c_str(), argc > 1 ? stderr : stdout);
    return argc > 1 ? kExitUsage : kExitOk;
  }
  const absl::StatusOr<ExitCode> exit_code = invocation.run();
  if (!exit_code.ok()) return Fail(invocation, exit_code.status());
  if (std::fflush(stdout) != 0) return kExitError;
  return *exit_code;
}

}  // namespace
}  // namespace fleet

int main(int argc, char** argv) { return fleet::Main(argc, argv); }
