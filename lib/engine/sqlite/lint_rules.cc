#include "lib/engine/sqlite/lint_rules.h"

#include "absl/strings/match.h"

namespace fleet::sqlite {
namespace {

constexpr RuleUse kShown = RuleUse::kShown;
constexpr RuleUse kObeyed = RuleUse::kObeyed;
constexpr RuleUse kNever = RuleUse::kNever;
constexpr char kLock[] = "EXCLUSIVE";

// id, use, what it matches, lock, rewrites, scans, what to do instead, hazards.
constexpr LintRule kRules[] = {
    // clang-format off
    {"SL-L01", kShown, "any write", kLock, false, false,
     "one short transaction; PRAGMA journal_mode = WAL lets readers go on", {}},
    {"SL-L02", kObeyed, "ADD COLUMN that SQLite does not take", kLock, true,
     true, "the table is rebuilt", {}},
    {"SL-L03", kShown, "ADD COLUMN with a check", kLock, false,
     true, "as it is: rows are read, none is written",
     {{v1::FULL_SCAN, "this reads every row of table"}}},
    {"SL-L04", kShown, "DROP COLUMN", kLock, true, true,
     "keep the column until no client asks for it",
     {{v1::TABLE_REWRITE, "this rewrites every row of table"}}},
    {"SL-L05", kShown, "a change that takes a rebuild", kLock, true, true,
     "as it is: copied, counted, checked, renamed, in one transaction",
     {{v1::TABLE_REWRITE, "this copies every row of table"}}},
    {"SL-L06", kObeyed, "a rebuild with foreign keys enforced", kLock, false,
     false, "foreign keys are off before BEGIN, which is read back", {}},
    {"SL-L07", kNever, "PRAGMA foreign_keys in a transaction", kLock, false,
     false, "it is set before", {}},
    {"SL-L08", kNever, "a rebuild that renames the old table first", kLock,
     false, false, "the new one is made, filled and renamed", {}},
    {"SL-L09", kObeyed, "a rebuild that forgets what hangs on the table", kLock,
     false, false,
     "indexes, triggers, views and the highest number come back; the schema is "
     "compared with what was planned before COMMIT", {}},
    {"SL-L10", kObeyed, "COMMIT without a look at the rows", kLock, false,
     false, "rows are counted, references and pages checked before COMMIT", {}},
    {"SL-L11", kNever, "PRAGMA writable_schema", kLock, false, false,
     "the table is rebuilt", {}},
    {"SL-L12", kShown, "RENAME", kLock, false, false,
     "clients learn both names first",
     {{v1::BREAKS_CLIENTS, "clients that know the old name fail on"}}},
    {"SL-L13", kShown, "CREATE INDEX over rows", kLock, false, true,
     "a quiet hour: writers wait",
     {{v1::INDEX_BUILD, "nobody writes while an index is built over table"}}},
    {"SL-L14", kObeyed, "DROP TABLE with foreign keys enforced", kLock, false,
     false, "foreign keys are off: no row of another table goes with it", {}},
    {"SL-L15", kObeyed, "a string in double quotes", kLock, false, false,
     "names are quoted where they are names, and only there", {}},
    {"SL-L16", kObeyed, "what the agent's SQLite library is too old for", kLock,
     false, false, "refused, naming the version", {}},
    {"SL-L17", kObeyed, "a definition that calls an application's function",
     kLock, false, false, "refused, naming the function", {}},
    {"SL-L18", kShown, "a type with a length", kLock, false, false,
     "SQLite stores longer values, too: CHECK (length(a) <= 10)", {}},
    {"SL-L19", kObeyed, "a rebuild on a full disk", kLock, false, false,
     "free space is asked for first, of 2.2 times the table", {}},
    {"SL-L20", kObeyed, "a file on a network file system", kLock, false, false,
     "refused: locks do not hold there", {}},
    {"SL-L21", kNever, "a plan over several files", kLock, false, false,
     "one file, one plan", {}},
    // clang-format on
};

bool HasLength(const Object& column) {
  return absl::StrContains(column.Get("type"), "(");
}

void LintType(const Object& column, v1::Statement& statement) {
  if (HasLength(column)) Lint(Rule::kTypeLength, column.path(), statement);
}

}  // namespace

absl::Span<const LintRule> LintRules() { return kRules; }

void Lint(Rule rule, const Path& subject, v1::Statement& statement) {
  fleet::Lint(kRules[static_cast<int>(rule) - 1], subject.Dotted(), statement);
}

void LintPlan(const Schema& to, std::vector<v1::Statement>& statements) {
  int group = -1;
  for (v1::Statement& statement : statements) {
    Path path;
    for (const std::string& component : statement.path()) {
      path = path.Child(component);
    }
    if (statement.group() != group) Lint(Rule::kWrite, path, statement);
    group = statement.group();
    if (statement.op() != v1::CREATE) continue;
    const Object* column = to.Find(v1::COLUMN, path);
    if (column != nullptr && statement.kind() == v1::COLUMN) {
      LintType(*column, statement);
    }
    if (statement.kind() != v1::TABLE) continue;
    for (const Object& part : to.ChildrenOf(path, v1::COLUMN)) {
      LintType(part, statement);
    }
  }
}

}  // namespace fleet::sqlite
