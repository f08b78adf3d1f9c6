#ifndef LIB_ENGINE_MYSQL_LINT_RULES_H_
#define LIB_ENGINE_MYSQL_LINT_RULES_H_

#include "absl/types/span.h"
#include "lib/engine/lint.h"

// MY-L01 … MY-L46: what DDL of the family does to who uses the database, and
// what plans do about it. Hazards come from where a statement is written: they
// hang on the algorithm that all its clauses need together.

namespace fleet::mysql {

// The numbers of the rules that statements carry.
enum class Rule {
  kCopy = 2,
  kColumnType = 3,
  kVarcharGrows = 4,
  kVarcharShrinks = 5,
  kTextType = 6,
  kCharacterSet = 7,
  kMembers = 8,
  kNotNull = 10,
  kNullable = 11,
  kAddAutoIncrement = 12,
  kAddStored = 13,
  kAddComputedDefault = 14,
  kDropColumn = 16,
  kAddPrimaryKey = 20,
  kDropPrimaryKey = 21,
  kAddForeignKey = 22,
  kAddCheck = 24,
  kAddSpecialIndex = 25,
  kAddIndex = 26,
  kAddUnique = 27,
  kDropIndex = 28,
  kPartitioning = 30,
  kDropPartition = 31,
  kEngine = 32,
  kTableFormat = 33,
  kDropTable = 35,
  kVersioning = 46,
};

// All 46, by number.
absl::Span<const LintRule> LintRules();

void AddRule(Rule rule, v1::Statement& statement);

}  // namespace fleet::mysql

#endif  // LIB_ENGINE_MYSQL_LINT_RULES_H_
