#ifndef LIB_ENGINE_POSTGRES_LINT_RULES_H_
#define LIB_ENGINE_POSTGRES_LINT_RULES_H_

#include <vector>

#include "lib/engine/lint.h"
#include "lib/schema/path.h"

// PG-L01 … PG-L64. Locks, rewrites and scans are those that
// tests/lib/engine/postgres/lock_test.cc sees on a server.

namespace fleet::postgres {

// The numbers of the rules that statements carry.
enum class Rule {
  kVolatileDefault = 1,
  kSerialColumn = 2,
  kIdentityColumn = 3,
  kStoredColumn = 4,
  kDomainColumn = 5,
  kNotNullColumn = 6,
  kConstantDefault = 10,
  kSetNotNull = 11,
  kDropNotNull = 12,
  kRewritingType = 13,
  kWideningType = 14,
  kIndexedType = 15,
  kAddCheck = 16,
  kAddForeignKey = 17,
  kDropForeignKey = 19,
  kAddKey = 20,
  kAddExclusion = 22,
  kCreateIndex = 24,
  kDropIndex = 25,
  kUniqueIndex = 31,
  kDropTable = 32,
  kDropColumn = 35,
  kRename = 36,
  kAddEnumValue = 38,
  kRemoveEnumValue = 39,
  kDomainCheck = 40,
  kForeignKeyOfNew = 44,
  kTrigger = 45,
  kRowSecurity = 46,
  kMoveTable = 47,
  kReplaceView = 49,
  kManyLocks = 52,
  kTypeStyle = 54,
  kExtension = 57,
  kDropSchema = 58,
  kReplicaIdentity = 60,
  kSecurityDefiner = 62,
  kSequence = 63,
};

// All 64, by number.
absl::Span<const LintRule> LintRules();

// Marks `statement` with a rule about `subject`.
void Lint(Rule rule, const Path& subject, v1::Statement& statement);

// Marks what locks several tables in one transaction.
void LintTransactions(std::vector<v1::Statement>& statements);

}  // namespace fleet::postgres

#endif  // LIB_ENGINE_POSTGRES_LINT_RULES_H_
