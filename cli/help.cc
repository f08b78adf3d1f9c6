#include "cli/help.h"

#include <pwd.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "absl/strings/str_cat.h"
#include "lib/base/suggest.h"

namespace fleet {
namespace {

constexpr char kExamples[] =
    R"(  fleetctl sync --source prod-eu --targets tag:saas         plan, confirm, roll out, watch
  fleetctl plan --source schema.sql --targets region:eu-*   see what would change
  fleetctl rollout status --watch                           follow the newest rollout
  fleetctl rollback --targets tag:saas --to 15              go back to an earlier recorded version
  fleetctl diff old.sql new.sql --dialect postgres          compare two dumps, no coordinator needed)";

constexpr char kExitCodes[] =
    R"(  0  done; for plan, diff and drift: compared, whatever the result
  1  error; from diff also when an object was left out: it is named on stderr,
     with the reason, and the rest is printed
  2  differences found (only with --detailed-exitcode)
  3  stopped by policy: hazard, risk limit, rejected
  4  not signed in, or not allowed
  5  the rollout ended without success: failed, aborted
  6  the plan is stale: a schema changed since
  7  --timeout passed; the rollout goes on
  8  coordinator or agents unreachable
 64  usage
 78  configuration
130  detached by Ctrl-C; the rollout goes on
)";

constexpr char kSelectors[] =
    R"(A selector names targets.

  tag:saas                     targets with the tag
  tag:saas,region:eu-*         both (a comma is "and"); * and ? are wildcards
  tag:saas tag:shop            either (a space, or the flag once more, is "or")
  region:eu-west|us-east       one of several values
  !name:prod-eu-7              not
  label:tier=gold              a label
  state:drifted                how it stands: current, drifted, unknown,
                               unreachable
  version:<17                  its newest recorded version (=, <, <=, >, >=)
  saas-eu-*                    a bare word is a name
  all                          every target

Methods: tag, name, region, engine, agent, label, state, version.
)";

constexpr char kSources[] =
    R"(A source is what targets are made equal to.

  prod-eu                      a live target
  prod-eu@17                   a recorded version of it
  prod-eu@release-2026.10      a recorded version by name
  schema.sql                   an SQL file, loaded in a scratch database

`fleetctl diff` also takes postgres://…, mysql://… and sqlite:PATH on either side.
)";

struct Topic {
  const char* name;
  const char* text;
};
constexpr Topic kTopics[] = {{"exit-codes", kExitCodes},
                             {"selectors", kSelectors},
                             {"sources", kSources}};

class ExamplesFirst : public CLI::Formatter {
 public:
  std::string make_help(const CLI::App* app, std::string name,
                        CLI::AppFormatMode mode) const override {
    if (mode == CLI::AppFormatMode::Sub) return make_expanded(app);
    std::string text = absl::StrCat(make_description(app));
    if (!app->get_footer().empty()) {
      absl::StrAppend(&text, "\nEXAMPLES\n", app->get_footer(), "\n\n");
    }
    absl::StrAppend(&text, make_usage(app, name), make_positionals(app),
                    make_groups(app, mode), make_subcommands(app, mode));
    if (app->get_parent() == nullptr) {
      text +=
          "\nMore: fleetctl COMMAND --help, fleetctl help "
          "exit-codes|selectors|sources\n";
    }
    return text;
  }
};

}  // namespace

void SetExamples(CLI::App& command, const std::string& examples) {
  command.footer(examples);
}

void SetUpHelp(CLI::App& app) {
  app.formatter(std::make_shared<ExamplesFirst>());
  app.get_formatter()->column_width(34);
  app.set_help_flag("-h,--help", "show this and stop");
  SetExamples(app, kExamples);
}

void AddHelpTopics(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand("help", "explain a topic");
  auto topic = std::make_shared<std::string>();
  command->add_option("topic", *topic, "exit-codes, selectors or sources");
  command->callback([&app, &invocation, topic] {
    invocation.run = [&app, topic]() -> absl::StatusOr<ExitCode> {
      if (topic->empty()) {
        std::fputs(app.help().c_str(), stdout);
        return kExitOk;
      }
      std::vector<std::string> names;
      for (const Topic& known : kTopics) {
        if (*topic == known.name) {
          std::fputs(known.text, stdout);
          return kExitOk;
        }
        names.push_back(known.name);
      }
      for (const CLI::App* known : app.get_subcommands({})) {
        if (known->get_name() != *topic) continue;
        std::fputs(known->help().c_str(), stdout);
        return kExitOk;
      }
      return WithExitCode(
          absl::InvalidArgumentError(absl::StrCat("no help on \"", *topic, "\"",
                                                  DidYouMean(*topic, names))),
          kExitUsage);
    };
  });
}

std::string UserName() {
  if (const char* name = std::getenv("FLEETCTL_USER")) return name;
  if (const passwd* entry = getpwuid(getuid())) return entry->pw_name;
  return "unknown";
}

}  // namespace fleet
