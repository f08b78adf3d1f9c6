#include "cli/print_plan.h"

#include <algorithm>
#include <map>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "cli/print_changes.h"
#include "lib/base/fold_names.h"
#include "lib/base/printable.h"
#include "lib/engine/make_plan.h"
#include "lib/engine/registry.h"
#include "lib/schema/diff.h"
#include "lib/schema/risk.h"

namespace fleet {
namespace {

constexpr size_t kFingerprintShown = 8;

// "1 target", "2 targets".
std::string Counted(int64_t count, absl::string_view noun) {
  return absl::StrCat(count, " ", noun, count == 1 ? "" : "s");
}

std::string Names(const google::protobuf::RepeatedPtrField<std::string>& names,
                  bool expand) {
  const std::vector<std::string> list(names.begin(), names.end());
  return Printable(expand ? absl::StrJoin(list, "  ") : FoldedNames(list));
}

std::string CohortText(const v1::Cohort& cohort, const Style& style,
                       const PlanDetail& detail) {
  const v1::Plan& plan = cohort.plan();
  std::string text = absl::StrCat(
      style.Paint(Colour::kBold,
                  absl::StrCat("GROUP ", cohort.name(), " · ",
                               Counted(cohort.targets_size(), "target"))),
      " · risk ", PrintRisk(plan.risk(), style), "\n  ",
      Names(cohort.targets(), detail.expand), "\n  from ",
      plan.from_fingerprint().substr(0, kFingerprintShown), " ",
      style.Symbol("→", "->"), " ",
      plan.to_fingerprint().substr(0, kFingerprintShown),
      plan.rehearsed() ? "  rehearsed forward and back" : "  NOT rehearsed",
      "\n");
  if (detail.summary) {
    return absl::StrCat(text, "  ", PrintCounts(plan.changes()), ", ",
                        Counted(plan.statements_size(), "statement"), "\n");
  }
  absl::StrAppend(&text, PrintChanges(plan.changes(), style),
                  PrintStatements(plan.statements(), style, 0));
  text += PrintRenameHints(plan);
  if (!plan.kept().empty()) {
    absl::StrAppend(&text, "NOT TOUCHED  only on these targets: ",
                    Printable(absl::StrJoin(plan.kept(), ", ")), "\n");
  }
  return text;
}

std::string Notes(
    absl::string_view heading,
    const google::protobuf::RepeatedPtrField<v1::TargetNote>& notes,
    Colour colour, const Style& style) {
  std::string text;
  for (const v1::TargetNote& note : notes) {
    absl::StrAppend(&text, style.Paint(colour, Fit(heading, 13)),
                    Printable(note.target()), "  ", Printable(note.note()),
                    "\n");
  }
  return text;
}

// What stops the plan on a target, and what is worth knowing there.
std::string Findings(const v1::FleetPlan& plan, const Style& style) {
  std::string text;
  for (const v1::TargetFinding& one : plan.findings()) {
    const bool warning = one.finding().warning();
    absl::StrAppend(
        &text,
        style.Paint(warning ? Colour::kYellow : Colour::kRed,
                    Fit(warning ? "WARNING" : "BLOCKED", 13)),
        Printable(one.target()), "  ", Printable(one.finding().message()),
        "\n");
  }
  return text;
}

std::string Totals(const v1::FleetPlan& plan) {
  ChangeCounts counts;
  int risk = 0;
  int64_t statements = 0;
  for (const v1::Cohort& cohort : plan.cohorts()) {
    const auto& changes = cohort.plan().changes();
    const ChangeCounts one = CountChanges({changes.begin(), changes.end()});
    counts.add = std::max(counts.add, one.add);
    counts.change = std::max(counts.change, one.change);
    counts.drop = std::max(counts.drop, one.drop);
    risk = std::max(risk, cohort.plan().risk());
    statements +=
        int64_t{cohort.plan().statements_size()} * cohort.targets_size();
  }
  return absl::StrCat("Plan: ", plan.cohorts_size() > 1 ? "up to " : "",
                      counts.add, " to add, ", counts.change, " to change, ",
                      counts.drop, " to drop on ",
                      Counted(TargetCount(plan), "target"), ", ",
                      Counted(statements, "statement"), ".\nHighest risk ",
                      risk, " (", RiskBand(risk), ").\n");
}

}  // namespace

std::string PrintDuration(int64_t milliseconds) {
  return absl::FormatDuration(absl::Milliseconds(milliseconds));
}

int TargetCount(const v1::FleetPlan& plan) {
  int count = 0;
  for (const v1::Cohort& cohort : plan.cohorts()) {
    count += cohort.targets_size();
  }
  return count;
}

bool NeedsTypedId(const v1::FleetPlan& plan) {
  for (const v1::Cohort& cohort : plan.cohorts()) {
    for (const v1::Statement& statement : cohort.plan().statements()) {
      for (const v1::Hazard& hazard : statement.hazards()) {
        if (MustBeAllowed(hazard.type())) return true;
      }
    }
  }
  return false;
}

std::string PrintWaves(
    const google::protobuf::RepeatedPtrField<v1::Wave>& waves,
    const Style& style) {
  std::string text;
  size_t name_width = 0;
  for (const v1::Wave& wave : waves) {
    name_width = std::max(name_width, wave.name().size());
  }
  int number = 0;
  for (const v1::Wave& wave : waves) {
    std::string line = absl::StrCat(
        "  ", ++number, " ",
        Fit(Printable(wave.name()), static_cast<int>(name_width)), "  ",
        wave.targets_size() < 10 ? " " : "", wave.targets_size(), "  ",
        wave.max_parallel(), " at a time");
    if (wave.failure_tolerance() > 0) {
      absl::StrAppend(&line, ", ", wave.failure_tolerance(), " may fail");
    }
    if (wave.bake_ms() > 0) {
      absl::StrAppend(&line, ", then bake ", PrintDuration(wave.bake_ms()));
    }
    if (wave.manual_promotion()) {
      absl::StrAppend(&line, "  ", style.Symbol("‖", "||"),
                      " starts after approval");
    }
    absl::StrAppend(&text, line, "\n");
  }
  return text;
}

std::string PrintFleetPlan(const v1::FleetPlan& plan, const Style& style,
                           const PlanDetail& detail) {
  std::string text =
      absl::StrCat("Source   ", Printable(plan.source()), "  ",
                   plan.source_fingerprint().substr(0, kFingerprintShown),
                   "\nTargets  ", Printable(plan.selector()), "\n\n");
  for (const v1::Cohort& cohort : plan.cohorts()) {
    absl::StrAppend(&text, CohortText(cohort, style, detail), "\n");
  }
  if (!plan.in_sync().empty()) {
    absl::StrAppend(&text, style.Paint(Colour::kGreen, Fit("IN SYNC", 13)),
                    plan.in_sync_size(), "  ",
                    Names(plan.in_sync(), detail.expand), "\n");
  }
  absl::StrAppend(&text, Notes("BUSY", plan.busy(), Colour::kYellow, style),
                  Notes("UNREACHABLE", plan.unreachable(), Colour::kRed, style),
                  Notes("REFUSED", plan.refused(), Colour::kRed, style),
                  Findings(plan, style));
  if (plan.cohorts().empty()) {
    absl::StrAppend(
        &text,
        style.Paint(Colour::kGreen,
                    absl::StrCat("No changes. ", plan.in_sync_size(),
                                 plan.in_sync_size() == 1 ? " target matches "
                                                          : " targets match ",
                                 plan.source(), ".")),
        "\n");
    return text;
  }
  if (!absl::EndsWith(text, "\n\n")) absl::StrAppend(&text, "\n");
  absl::StrAppend(&text, "Waves (policy ", Printable(plan.policy().name()),
                  ")\n", PrintWaves(plan.waves(), style), "\n", Totals(plan));
  return text;
}

std::string PrintFleetPlanSql(const v1::FleetPlan& plan) {
  std::string text;
  for (const v1::Cohort& cohort : plan.cohorts()) {
    absl::StrAppend(&text, "-- group ", cohort.name(), ": ",
                    Names(cohort.targets(), false), "\n");
    const absl::StatusOr<const Dialect*> dialect =
        DialectOf(cohort.plan().engine());
    if (dialect.ok()) {
      absl::StrAppend(&text, PlanToScript(cohort.plan(), **dialect));
    }
  }
  return text;
}

}  // namespace fleet
