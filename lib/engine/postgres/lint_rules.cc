#include "lib/engine/postgres/lint_rules.h"

#include "lib/engine/postgres/ddl.h"

namespace fleet::postgres {
namespace {

constexpr RuleUse kShown = RuleUse::kShown;
constexpr RuleUse kObeyed = RuleUse::kObeyed;
constexpr RuleUse kNever = RuleUse::kNever;

// id, use, what it matches, lock, rewrites, scans, what to do instead, hazards.
constexpr LintRule kRules[] = {
    // clang-format off
    {"PG-L01", kShown, "ADD COLUMN with a volatile default", kAccessExclusive,
     true, true,
     "add it without, set the default, fill in batches, then NOT NULL",
     {{v1::TABLE_REWRITE, "a value for each row rewrites table"},
     {v1::ACQUIRES_ACCESS_EXCLUSIVE_LOCK,
     "nobody reads or writes meanwhile table"}}},
    {"PG-L02", kShown, "ADD COLUMN whose default is a sequence's next value",
     kAccessExclusive, true, true,
     "add it without, set the default, fill in batches", {{v1::TABLE_REWRITE,
     "a value for each row rewrites table"},
     {v1::ACQUIRES_ACCESS_EXCLUSIVE_LOCK,
     "nobody reads or writes meanwhile table"}}},
    {"PG-L03", kShown, "ADD COLUMN AS IDENTITY", kAccessExclusive, true, true,
     "add a plain column, fill it, then ADD GENERATED", {{v1::TABLE_REWRITE,
     "a value for each row rewrites table"},
     {v1::ACQUIRES_ACCESS_EXCLUSIVE_LOCK,
     "nobody reads or writes meanwhile table"}}},
    {"PG-L04", kShown, "ADD COLUMN GENERATED … STORED", kAccessExclusive, true,
     true, "a plain column, a trigger, and a fill in batches",
     {{v1::TABLE_REWRITE, "a value for each row rewrites table"},
     {v1::ACQUIRES_ACCESS_EXCLUSIVE_LOCK,
     "nobody reads or writes meanwhile table"}}},
    {"PG-L05", kShown, "ADD COLUMN of a domain with a constraint",
     kAccessExclusive, true, true,
     "a column of the base type and a check that is validated later",
     {{v1::TABLE_REWRITE, "a value for each row rewrites table"},
     {v1::ACQUIRES_ACCESS_EXCLUSIVE_LOCK,
     "nobody reads or writes meanwhile table"}}},
    {"PG-L06", kShown, "ADD COLUMN NOT NULL without a default",
     kAccessExclusive, false, true,
     "add it without NOT NULL, fill it, then NOT NULL", {{v1::DATA_DEPENDENT,
     "this fails when there are rows already, for want of a default of"}}},
    {"PG-L07", kObeyed, "ADD COLUMN with its check", kAccessExclusive, false,
     true, "checks are statements of their own, validated later", {}},
    {"PG-L08", kObeyed, "ADD COLUMN with its key", kAccessExclusive, false,
     true, "keys are made of an index that is built concurrently", {}},
    {"PG-L09", kObeyed, "ADD COLUMN with its reference", kAccessExclusive,
     false, false, "foreign keys are statements of their own, validated later",
     {}},
    {"PG-L10", kShown, "ADD COLUMN with a constant default", kAccessExclusive,
     false, false, "as it is: no row is written", {}},
    {"PG-L11", kShown, "SET NOT NULL without a proof", kAccessExclusive, false,
     true, "a check that is validated first", {{v1::FULL_SCAN,
     "this reads all rows of table"}, {v1::ACQUIRES_ACCESS_EXCLUSIVE_LOCK,
     "nobody reads or writes meanwhile table"}, {v1::DATA_DEPENDENT,
     "this fails on a NULL in table"}}},
    {"PG-L12", kShown, "DROP NOT NULL", kAccessExclusive, false, false,
     "clients learn to take NULL first", {}},
    {"PG-L13", kShown, "a change of type that rewrites", kAccessExclusive,
     true, true, "a new column, written twice for a while",
     {{v1::TABLE_REWRITE, "this rewrites table"},
     {v1::ACQUIRES_ACCESS_EXCLUSIVE_LOCK,
     "nobody reads or writes meanwhile table"}}},
    {"PG-L14", kShown, "a change of type that rewrites nothing",
     kAccessExclusive, false, false, "as it is: no row is written", {}},
    {"PG-L15", kShown, "a change of type or collation under an index",
     kAccessExclusive, false, true, "a new column with an index of its own",
     {{v1::INDEX_BUILD, "indexes over it are built anew for column"}}},
    {"PG-L16", kShown, "ADD CHECK over rows", kAccessExclusive, false, true,
     "NOT VALID, then VALIDATE in another transaction", {{v1::FULL_SCAN,
     "this reads all rows of table"}, {v1::ACQUIRES_ACCESS_EXCLUSIVE_LOCK,
     "nobody reads or writes meanwhile table"}, {v1::DATA_DEPENDENT,
     "a row that breaks it stops a check on table"}}},
    {"PG-L17", kShown, "ADD FOREIGN KEY over rows", kShareRowExclusive, false,
     true, "NOT VALID, then VALIDATE in another transaction", {{v1::FULL_SCAN,
     "this reads all rows of table"}, {v1::ACQUIRES_SHARE_ROW_EXCLUSIVE_LOCK,
     "nobody writes meanwhile to the other table or to table"},
     {v1::DATA_DEPENDENT,
     "a row that refers to nothing stops a foreign key of table"}}},
    {"PG-L18", kObeyed, "NOT VALID and VALIDATE in one transaction",
     kAccessExclusive, false, true, "VALIDATE has a transaction of its own",
     {}},
    {"PG-L19", kShown, "DROP FOREIGN KEY", kAccessExclusive, false, false,
     "a short lock_timeout, at a quiet time", {}},
    {"PG-L20", kShown, "ADD PRIMARY KEY or UNIQUE over rows", kAccessExclusive,
     false, true, "a unique index built concurrently, then USING INDEX",
     {{v1::INDEX_BUILD, "this builds an index over table"},
     {v1::ACQUIRES_ACCESS_EXCLUSIVE_LOCK,
     "nobody reads or writes meanwhile table"}, {v1::DATA_DEPENDENT,
     "this fails on duplicates in table"}}},
    {"PG-L21", kObeyed, "PRIMARY KEY USING INDEX on a column that may be NULL",
     kAccessExclusive, false, true, "NOT NULL is proven first", {}},
    {"PG-L22", kShown, "ADD EXCLUDE over rows", kAccessExclusive, false, true,
     "there is none; at a quiet time", {{v1::INDEX_BUILD,
     "this builds an index over table"}, {v1::ACQUIRES_ACCESS_EXCLUSIVE_LOCK,
     "nobody reads or writes meanwhile table"}, {v1::DATA_DEPENDENT,
     "rows that conflict stop a constraint of table"}}},
    {"PG-L23", kNever, "a foreign key on a partitioned table",
     kShareRowExclusive, false, true, "on each partition first", {}},
    {"PG-L24", kShown, "CREATE INDEX over rows", kShare, false, true,
     "CONCURRENTLY", {{v1::INDEX_BUILD, "this builds an index over table"},
     {v1::ACQUIRES_SHARE_LOCK, "nobody writes meanwhile to table"}}},
    {"PG-L25", kShown, "DROP INDEX", kAccessExclusive, false, false,
     "CONCURRENTLY", {}},
    {"PG-L26", kNever, "REINDEX", kShare, false, true, "CONCURRENTLY", {}},
    {"PG-L27", kObeyed, "CONCURRENTLY in a transaction", "", false, false,
     "such statements stand alone", {}},
    {"PG-L28", kObeyed, "CREATE INDEX CONCURRENTLY IF NOT EXISTS", "", false,
     false, "what a failed build left is seen, taken away and built again",
     {}},
    {"PG-L29", kObeyed, "CREATE INDEX CONCURRENTLY without a name", "", false,
     false, "every index is named", {}},
    {"PG-L30", kNever, "CONCURRENTLY on a partitioned table", "", false, false,
     "on each partition, then attached", {}},
    {"PG-L31", kShown, "a unique index over rows that may repeat", "", false,
     true, "duplicates are looked for before anything is done",
     {{v1::DATA_DEPENDENT, "this fails on duplicates in table"}}},
    {"PG-L32", kShown, "DROP TABLE", kAccessExclusive, false, false,
     "rename it, and drop it when nobody missed it", {{v1::DELETES_DATA,
     "this deletes all rows of table"}}},
    {"PG-L33", kNever, "CASCADE", "", false, false, "all that goes is named",
     {}},
    {"PG-L34", kNever, "TRUNCATE", kAccessExclusive, false, false,
     "rows are no part of a schema", {}},
    {"PG-L35", kShown, "DROP COLUMN", kAccessExclusive, false, false,
     "clients stop using it first", {{v1::DELETES_DATA,
     "this deletes all values of column"}}},
    {"PG-L36", kShown, "a rename", "", false, false,
     "a view under the old name, for a while", {{v1::BREAKS_CLIENTS,
     "clients that know the old name fail on"}}},
    {"PG-L37", kNever, "SET SCHEMA", kAccessExclusive, false, false,
     "a view in the old schema", {}},
    {"PG-L38", kShown, "ALTER TYPE ADD VALUE", "", false, false,
     "it cannot be used before COMMIT, nor taken away", {}},
    {"PG-L39", kShown, "a label of an enum removed or moved", kAccessExclusive,
     true, true, "a new type, and a new column of it", {}},
    {"PG-L40", kShown, "ALTER DOMAIN ADD CONSTRAINT over rows", kShare, false,
     true, "NOT VALID, then VALIDATE in another transaction", {{v1::FULL_SCAN,
     "this reads all rows of every table with a column of domain"},
     {v1::DATA_DEPENDENT, "a value that breaks it stops domain"}}},
    {"PG-L41", kNever, "ATTACH PARTITION", kAccessExclusive, false, true,
     "a check that matches first", {}},
    {"PG-L42", kNever, "DETACH PARTITION", kAccessExclusive, false, false,
     "CONCURRENTLY", {}},
    {"PG-L43", kNever, "CREATE TABLE … PARTITION OF", kAccessExclusive, false,
     false, "CREATE TABLE, then ATTACH", {}},
    {"PG-L44", kShown, "a foreign key of a new table", kShareRowExclusive,
     false, false, "a short lock_timeout: the other table is locked", {}},
    {"PG-L45", kShown, "CREATE, ENABLE, DISABLE or DROP TRIGGER", "", false,
     false, "a short lock_timeout", {}},
    {"PG-L46", kShown, "row level security, a policy or a rule",
     kAccessExclusive, false, false, "policies first, in the same transaction",
     {}},
    {"PG-L47", kShown, "SET UNLOGGED, TABLESPACE or ACCESS METHOD",
     kAccessExclusive, true, true, "a tool that copies the table meanwhile",
     {{v1::TABLE_REWRITE, "this rewrites table"},
     {v1::ACQUIRES_ACCESS_EXCLUSIVE_LOCK,
     "nobody reads or writes meanwhile table"}}},
    {"PG-L48", kNever, "REFRESH MATERIALIZED VIEW", kAccessExclusive, false,
     true, "CONCURRENTLY, with a unique index", {}},
    {"PG-L49", kShown, "DROP VIEW and CREATE VIEW", kAccessExclusive, false,
     false, "keep the columns; grants are lost", {}},
    {"PG-L50", kObeyed, "no lock_timeout", "", false, false,
     "each statement has one, and is tried again after a while", {}},
    {"PG-L51", kObeyed, "no statement_timeout", "", false, false,
     "each statement has one", {}},
    {"PG-L52", kShown, "strong locks on several tables in one transaction", "",
     false, false, "a deadlock is undone and tried again", {}},
    {"PG-L53", kObeyed, "a change of rows among changes of the schema", "",
     false, false, "no plan changes rows", {}},
    {"PG-L54", kShown,
     "a type that is changed sooner or later: char(n), timestamp, json, money, serial",
     "", false, false, "text, timestamptz, jsonb, numeric, identity", {}},
    {"PG-L55", kObeyed, "a name of more than 63 bytes", "", false, false,
     "refused, and names made here are cut with a digest", {}},
    {"PG-L56", kObeyed, "a name without its schema", "", false, false,
     "every name is qualified", {}},
    {"PG-L57", kShown, "CREATE, ALTER or DROP EXTENSION", "", false, false,
     "versions are looked for on each target before anything is done", {}},
    {"PG-L58", kShown, "DROP SCHEMA", "", false, false, "only an empty one",
     {}},
    {"PG-L59", kNever, "GRANT, REVOKE or OWNER", kAccessExclusive, false,
     false, "approved on their own", {}},
    {"PG-L60", kShown, "REPLICA IDENTITY", kAccessExclusive, false, false,
     "together with who reads the changes", {}},
    {"PG-L61", kNever, "a table in a publication", "", false, false,
     "subscribers first", {}},
    {"PG-L62", kShown, "SECURITY DEFINER without SET search_path", "", false,
     false, "SET search_path", {}},
    {"PG-L63", kShown, "a sequence dropped, given away or set back", "", false,
     false, "look at the highest value first", {}},
    {"PG-L64", kObeyed, "BEGIN or COMMIT in a statement", "", false, false,
     "transactions are the agent's", {}},
    // clang-format on
};

// Strong enough for two of them to wait for each other.
bool IsStrong(absl::string_view lock) {
  return lock == kAccessExclusive || lock == kShareRowExclusive ||
         lock == kShare;
}

// The table that a statement locks; empty where it is about none.
Path LockedTable(const v1::Statement& statement) {
  if (!IsStrong(statement.lock()) || statement.path_size() < 2) return Path();
  return Path{statement.path(0), statement.path(1)};
}

}  // namespace

absl::Span<const LintRule> LintRules() { return kRules; }

void Lint(Rule rule, const Path& subject, v1::Statement& statement) {
  fleet::Lint(kRules[static_cast<int>(rule) - 1], subject.Dotted(), statement);
}

void LintTransactions(std::vector<v1::Statement>& statements) {
  for (size_t begin = 0; begin < statements.size();) {
    size_t end = begin;
    Path first;
    bool several = false;
    for (; end < statements.size() &&
           statements[end].group() == statements[begin].group();
         ++end) {
      const Path table = LockedTable(statements[end]);
      if (table.empty()) continue;
      several = several || (!first.empty() && table != first);
      if (first.empty()) first = table;
    }
    for (; begin < end; ++begin) {
      const Path table = LockedTable(statements[begin]);
      if (!several || table.empty()) continue;
      Lint(Rule::kManyLocks, table, statements[begin]);
    }
  }
}

}  // namespace fleet::postgres
