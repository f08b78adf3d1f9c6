#ifndef LIB_ENGINE_SQLITE_LINT_RULES_H_
#define LIB_ENGINE_SQLITE_LINT_RULES_H_

#include <vector>

#include "lib/engine/lint.h"
#include "lib/schema/schema.h"

// SL-L01 … SL-L21: what changes of a SQLite file do to who uses it, and what
// plans do about it. What is read is what tests/lib/engine/sqlite/lint_test.cc
// sees SQLite read.

namespace fleet::sqlite {

// The numbers of the rules that statements carry.
enum class Rule {
  kWrite = 1,
  kAddCheckedColumn = 3,
  kDropColumn = 4,
  kRebuild = 5,
  kRename = 12,
  kCreateIndex = 13,
  kTypeLength = 18,
};

// All 21, by number.
absl::Span<const LintRule> LintRules();

// Marks `statement` with a rule about `subject`.
void Lint(Rule rule, const Path& subject, v1::Statement& statement);

// Marks what only the whole plan shows: the first statement of each transaction
// locks the file; types of new columns of `to` that promise a length.
void LintPlan(const Schema& to, std::vector<v1::Statement>& statements);

}  // namespace fleet::sqlite

#endif  // LIB_ENGINE_SQLITE_LINT_RULES_H_
