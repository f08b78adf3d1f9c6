#include <CLI/CLI.hpp>
#include <cstdio>
#include <future>
#include <memory>
#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "cli/command.h"
#include "cli/hazard_flags.h"
#include "cli/plan_flow.h"
#include "cli/print_changes.h"
#include "cli/print_diff.h"
#include "cli/schema_source.h"
#include "lib/base/printable.h"
#include "lib/base/status.h"
#include "lib/engine/make_plan.h"
#include "lib/engine/registry.h"
#include "lib/engine/scratch.h"
#include "lib/schema/risk.h"
#include "lib/schema/scope.h"

namespace fleet {
namespace {

struct Options {
  std::string from;
  std::string to;
  SourceOptions source;
  HazardFlags hazards;
  bool offline = false;
  ScopeFlags scope;
  std::vector<std::string> renames;
  bool detailed_exit_code = false;
};

// The engine of the comparison, from the flag or from whichever side says it.
absl::StatusOr<const Dialect*> DialectFor(const Options& options) {
  if (!options.source.dialect.empty()) {
    return DialectNamed(options.source.dialect);
  }
  for (const std::string& side :
       {options.from, options.to, options.source.scratch}) {
    const v1::Engine engine = EngineOfSide(side);
    if (engine != v1::ENGINE_UNSPECIFIED) return DialectOf(engine);
  }
  return nullptr;
}

// Each by name, on stderr: the answer on stdout is whole without it.
void PrintLeftOut(const std::vector<LeftOut>& left_out) {
  for (const LeftOut& left : left_out) {
    std::fprintf(stderr, "left out: %s\n", Printable(left.reason).c_str());
  }
}

absl::StatusOr<ExitCode> RunDiff(const Options& options,
                                 const Invocation& invocation) {
  ASSIGN_OR_RETURN(const HazardPolicy policy, options.hazards.Policy());
  ASSIGN_OR_RETURN(const Dialect* dialect, DialectFor(options));
  // Two servers, or two of one server's processes: each side reads while the
  // other does.
  const auto read_to = [&options, &invocation](const Dialect* of) {
    return ReadSide(options.to, of, options.source, invocation.globals);
  };
  std::future<absl::StatusOr<Schema>> reading;
  if (dialect != nullptr) {
    reading = std::async(std::launch::async, read_to, dialect);
  }
  ASSIGN_OR_RETURN(Schema from, ReadSide(options.from, dialect, options.source,
                                         invocation.globals));
  if (dialect == nullptr) {
    ASSIGN_OR_RETURN(dialect, DialectOf(from.info().engine));
  }
  ASSIGN_OR_RETURN(Schema to,
                   reading.valid() ? reading.get() : read_to(dialect));
  if (to.info().engine != from.info().engine) {
    return absl::InvalidArgumentError(
        "the two sides are of different engines; both must be of one");
  }
  v1::Scope scope;
  RETURN_IF_ERROR(options.scope.AddToScope(&scope));
  if (!IsWhole(scope)) {
    ASSIGN_OR_RETURN(from, ApplyScope(from, scope));
    ASSIGN_OR_RETURN(to, ApplySourceScope(to, scope));
  }
  PlanOptions plan_options;
  plan_options.with_reverse = false;
  plan_options.render.online = !options.offline;
  std::optional<Renamed> renamed;
  if (!options.renames.empty()) {
    ASSIGN_OR_RETURN(std::unique_ptr<Scratch> scratch,
                     Scratch::Open(dialect->engine(), options.source.scratch));
    ASSIGN_OR_RETURN(
        renamed, RenameOnScratch(*scratch, *dialect, options.renames, from, to,
                                 scope, plan_options.render));
    plan_options.renamed = renamed ? &*renamed : nullptr;
  }
  ASSIGN_OR_RETURN(const PartialPlan partial,
                   MakePartialPlan(renamed ? renamed->schema : from, to,
                                   *dialect, from.info(), plan_options));
  const v1::Plan& plan = partial.plan;

  const absl::string_view output = invocation.globals.output;
  const absl::Status allowed = CheckHazards(plan, policy);
  if (output == "sql") {
    RETURN_IF_ERROR(WithExitCode(allowed, kExitPolicy));
    std::fputs(PlanToScript(plan, *dialect).c_str(), stdout);
    std::fputs(PrintRenameHints(plan).c_str(), stderr);
  } else if (output == "json") {
    std::fputs(PrintJson(plan).c_str(), stdout);
  } else {
    const DiffSides sides{options.from, options.to, from, partial.to};
    const std::string text = output == "markdown"
                                 ? PrintDiffMarkdown(plan, sides)
                                 : PrintDiff(plan, sides, invocation.out());
    std::fputs(text.c_str(), stdout);
  }
  if (!partial.left_out.empty()) {
    PrintLeftOut(partial.left_out);
    return kExitError;
  }
  if (!plan.statements().empty() && options.detailed_exit_code) {
    return kExitDifferences;
  }
  return kExitOk;
}

}  // namespace

void AddDiff(CLI::App& app, Invocation& invocation) {
  CLI::App* command =
      app.add_subcommand("diff", "print what turns one schema into another");
  auto options = std::make_shared<Options>();
  command->add_option("FROM", options->from, "database URL, SQL file or name")
      ->required();
  command->add_option("TO", options->to, "database URL, SQL file or name")
      ->required();
  command->add_option(
      "--scratch", options->source.scratch,
      "server where SQL files are loaded (role needs CREATEDB)");
  command->add_option("--dialect", options->source.dialect,
                      "engine of SQL files: postgres, mysql or sqlite");
  options->scope.AddTo(*command);
  AddRenames(*command, options->renames);
  options->hazards.AddTo(*command);
  command->add_flag("--offline", options->offline,
                    "plain statements: quicker, but clients wait meanwhile");
  command->add_flag("--detailed-exitcode", options->detailed_exit_code,
                    "exit with 2 when there are differences");
  SetExamples(*command,
              "  fleetctl diff old.sql new.sql --dialect postgres\n"
              "  fleetctl diff postgres://db1/app postgres://db2/app -o sql\n"
              "  fleetctl diff sqlite:tenant.db schema.sql "
              "--detailed-exitcode\n"
              "  fleetctl diff prod-eu@17 prod-eu@18\n"
              "  fleetctl diff old.sql new.sql --dialect postgres "
              "--rename column:orders.total=amount\n\n"
              "What cannot be changed is left out: it is named on stderr, the "
              "rest is printed,\nand the exit status is 1.");
  command->callback([options, &invocation] {
    invocation.run = [options, &invocation] {
      return RunDiff(*options, invocation);
    };
  });
}

}  // namespace fleet
