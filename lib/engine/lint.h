#ifndef LIB_ENGINE_LINT_H_
#define LIB_ENGINE_LINT_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "proto/plan.pb.h"

// What is known to be dangerous on an engine, as rows of data: what a
// statement is, what it does to those who use the database, and what to do
// instead. Each engine has one table of them.

namespace fleet {

enum class RuleUse {
  kShown,   // statements that it applies to carry its id
  kObeyed,  // every plan is written so that it cannot apply
  kNever,   // no plan has such a statement
};

struct RuleHazard {
  v1::HazardType type = v1::HAZARD_UNSPECIFIED;
  // A sentence that the name of the table or object ends; empty: no hazard.
  absl::string_view text;
};

struct LintRule {
  static constexpr int kHazardsMax = 3;

  absl::string_view id;  // "PG-L24"
  RuleUse use = RuleUse::kShown;
  absl::string_view matches;  // what a statement is
  absl::string_view lock;     // in the engine's words; "": as may be
  bool rewrites = false;      // every row is written anew
  bool scans = false;         // every row is read
  absl::string_view safe;     // what to do instead, or what is done
  RuleHazard hazards[kHazardsMax];
};

// Marks `statement`: the rule's id, hazards about `subject` (a dotted path),
// rewrite and scan. Its lock is for the statement to say.
void Lint(const LintRule& rule, absl::string_view subject,
          v1::Statement& statement);

// nullptr where no rule has it.
const LintRule* FindRule(absl::Span<const LintRule> rules,
                         absl::string_view id);

}  // namespace fleet

#endif  // LIB_ENGINE_LINT_H_
