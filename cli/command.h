#ifndef CLI_COMMAND_H_
#define CLI_COMMAND_H_

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "cli/exit_code.h"
#include "cli/style.h"

namespace CLI {
class App;
}

// A verb: one file, one row in main.cc's table. The file's Add function
// declares the verb's options on a CLI11 sub-command and sets Invocation::run
// in its callback; main runs it and turns its answer into an exit status.

namespace fleet {

// Options every verb takes.
struct Globals {
  std::string coordinator = "127.0.0.1:7443";
  std::string ca_file;
  std::string cert_file;
  std::string key_file;
  std::string output = "table";
  std::string color = "auto";
  bool no_input = false;
  bool quiet = false;
  bool verbose = false;  // every statement's line
  int timeout_s = 0;     // 0: the verb's own
};

struct Invocation {
  Globals globals;
  std::function<absl::StatusOr<ExitCode>()> run;

  // Results go to stdout, talk to stderr.
  Style out() const { return Style::For(1, globals.color); }
  Style err() const { return Style::For(2, globals.color); }
  bool json() const { return globals.output == "json"; }
};

struct Command {
  const char* name;
  void (*add)(CLI::App& app, Invocation& invocation);
};

// Help text: the examples stand before the options.
void SetExamples(CLI::App& command, const std::string& examples);

void AddSync(CLI::App& app, Invocation& invocation);
void AddPlan(CLI::App& app, Invocation& invocation);
void AddDiff(CLI::App& app, Invocation& invocation);
void AddDrift(CLI::App& app, Invocation& invocation);
void AddHistory(CLI::App& app, Invocation& invocation);
// `history verify` and `history export`.
void AddHistoryRecords(CLI::App& history, Invocation& invocation);
void AddRecover(CLI::App& app, Invocation& invocation);
void AddRollback(CLI::App& app, Invocation& invocation);
void AddRollout(CLI::App& app, Invocation& invocation);
void AddTarget(CLI::App& app, Invocation& invocation);
void AddCompletion(CLI::App& app, Invocation& invocation);
void AddVersion(CLI::App& app, Invocation& invocation);

// The user's name for the history: $FLEETCTL_USER, else the login name.
std::string UserName();

}  // namespace fleet

#endif  // CLI_COMMAND_H_
