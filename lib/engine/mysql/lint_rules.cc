#include "lib/engine/mysql/lint_rules.h"

namespace fleet::mysql {
namespace {

constexpr RuleUse kShown = RuleUse::kShown;
constexpr RuleUse kObeyed = RuleUse::kObeyed;
constexpr RuleUse kNever = RuleUse::kNever;
constexpr char kNone[] = "NONE";
constexpr char kShared[] = "SHARED";
constexpr char kExclusive[] = "EXCLUSIVE";

// id, use, what it matches, lock, rewrites, scans, what to do instead.
constexpr LintRule kRules[] = {
    // clang-format off
    {"MY-L01", kObeyed, "ALTER TABLE without ALGORITHM and LOCK", "", false,
     false, "both are stated; a server that needs more refuses", {}},
    {"MY-L02", kShown, "a change that copies the table", kShared, true, true,
     "a quiet hour, or a tool that copies it while clients write", {}},
    {"MY-L03", kShown, "another type of a column", kShared, true, true,
     "a new column, filled in batches", {}},
    {"MY-L04", kShown, "a varchar that grows past 255 bytes", kShared, true,
     true, "lengths on one side of 255 bytes", {}},
    {"MY-L05", kShown, "a varchar that shrinks", kShared, true, true,
     "values are measured before anything is applied", {}},
    {"MY-L06", kShown, "a char of another length, varchar to text", kShared,
     true, true, "a new column, filled in batches", {}},
    {"MY-L07", kShown, "another character set or collation", kShared, true,
     true, "a tool that copies the table while clients write", {}},
    {"MY-L08", kShown, "enum or set members in the middle, or gone", kShared,
     true, true, "new members at the end", {}},
    {"MY-L09", kObeyed, "more members than the stored size holds", kShared,
     true, true, "counted: such a change is announced as a copy", {}},
    {"MY-L10", kShown, "NULL to NOT NULL", kNone, true, true,
     "NULLs are counted before anything is applied", {}},
    {"MY-L11", kShown, "NOT NULL to NULL", kNone, true, true,
     "a quiet hour: every row is written", {}},
    {"MY-L12", kShown, "ADD COLUMN with AUTO_INCREMENT", kShared, true, true,
     "number the rows in a plain column first", {}},
    {"MY-L13", kShown, "ADD COLUMN that is computed and stored", kShared, true,
     true, "VIRTUAL", {}},
    {"MY-L14", kShown, "ADD COLUMN with a default that is computed", kShared,
     true, true, "add it without, then set the default", {}},
    {"MY-L15", kObeyed, "ADD COLUMN that is not instant here", kNone, true,
     true, "the flavour, full-text keys and the row format are looked at", {}},
    {"MY-L16", kShown, "DROP COLUMN", kNone, false, false,
     "keep the column until no client asks for it", {}},
    {"MY-L17", kObeyed, "INSTANT on MySQL 8.0.29, which corrupts", kNone,
     false, false, "refused by that server: it was withdrawn; upgrade it", {}},
    {"MY-L18", kObeyed, "DROP COLUMN and another order without ALGORITHM",
     kNone, false, false, "the algorithm is stated", {}},
    {"MY-L19", kObeyed, "more instant changes than a table keeps versions of",
     kNone, false, false, "the server refuses; rebuild the table first", {}},
    {"MY-L20", kShown, "ADD PRIMARY KEY", kNone, true, true,
     "dropped and added in one statement", {}},
    {"MY-L21", kShown, "DROP PRIMARY KEY alone", kShared, true, true,
     "give the table another key in the same change", {}},
    {"MY-L22", kShown, "ADD FOREIGN KEY", kShared, true, true,
     "orphans are counted before anything is applied", {}},
    {"MY-L23", kObeyed, "a foreign key without its key or table", "", false,
     false, "made after both, with the source's own keys", {}},
    {"MY-L24", kShown, "ADD CHECK", kShared, true, true,
     "rows that break it are counted before anything is applied", {}},
    {"MY-L25", kShown, "a full-text or spatial index", kShared, false, true,
     "a quiet hour: writers wait", {}},
    {"MY-L26", kShown, "an index over rows", kNone, false, true,
     "watch innodb_online_alter_log_max_size and replicas", {}},
    {"MY-L27", kShown, "a unique index", kNone, false, true,
     "equal values are counted before anything is applied", {}},
    {"MY-L28", kShown, "DROP INDEX", kNone, false, false,
     "hide it first (IGNORED, INVISIBLE), and look at the queries", {}},
    {"MY-L29", kObeyed, "an index hidden next to a rebuild", kNone, false,
     false, "seen in the plan; take one at a time", {}},
    {"MY-L30", kShown, "PARTITION BY, REMOVE, REORGANIZE", kShared, true, true,
     "ranges that only come and go are added and dropped", {}},
    {"MY-L31", kShown, "DROP PARTITION", kExclusive, false, false,
     "archive its rows", {}},
    {"MY-L32", kShown, "a table that is not of InnoDB", kShared, false, false,
     "InnoDB: a crash in the middle leaves such a table in pieces", {}},
    {"MY-L33", kShown, "another row format or block size", kNone, true, true,
     "a quiet hour, and twice the table's size on disk", {}},
    {"MY-L34", kNever, "RENAME TABLE, RENAME COLUMN", kExclusive, false, false,
     "what has another name is dropped and made, with its hazard", {}},
    {"MY-L35", kShown, "DROP TABLE", kExclusive, false, false,
     "keep it aside for a while", {}},
    {"MY-L36", kNever, "DROP TABLE of several tables", kExclusive, false,
     false, "one statement each", {}},
    {"MY-L37", kNever, "CREATE OR REPLACE TABLE", kExclusive, false, false,
     "the table is altered", {}},
    {"MY-L38", kNever, "TRUNCATE, DROP DATABASE", kExclusive, false, false,
     "no plan has it", {}},
    {"MY-L39", kObeyed, "a wait for a lock without end", "", false, false,
     "lock_wait_timeout is set, with some retries", {}},
    {"MY-L40", kObeyed, "a transaction that has been open for long", "", false,
     false, "looked for before anything is applied", {}},
    {"MY-L41", kObeyed, "a session that is not strict", "", false, false,
     "sql_mode is pinned and read back; warnings fail the step", {}},
    {"MY-L42", kObeyed, "several statements are no transaction", "", false,
     false, "each stands alone, with the fingerprint after it", {}},
    {"MY-L43", kObeyed, "what one would not design today", "", false, false,
     "the source is reproduced as it is", {}},
    {"MY-L44", kObeyed, "a definer that the target does not know", "", false,
     false, "kept as it is; create the account on the target first", {}},
    {"MY-L45", kObeyed, "DDL on a cluster, which waits for all its nodes", "",
     false, false, "looked for before anything is applied", {}},
    {"MY-L46", kShown, "ADD or DROP SYSTEM VERSIONING", kShared, true, true,
     "system_versioning_alter_history is KEEP", {}},
    // clang-format on
};

}  // namespace

absl::Span<const LintRule> LintRules() { return kRules; }

void AddRule(Rule rule, v1::Statement& statement) {
  fleet::Lint(kRules[static_cast<int>(rule) - 1], "", statement);
}

}  // namespace fleet::mysql
