#include <sqlite3.h>

#include <filesystem>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "lib/engine/sqlite/lint_rules.h"
#include "tests/lib/engine/sqlite/sqlite_database.h"

// Each rule that statements carry: a change that it is about, and one that it
// is not. What a statement says it reads is compared with the pages that SQLite
// reads.

namespace fleet {
namespace {

using ::testing::Contains;
using ::testing::Not;

struct Sample {
  const char* rule;
  const char* from;
  const char* to;
  const char* other;  // from the same, without the rule
};

constexpr Sample kSamples[] = {
    {"SL-L01", "CREATE TABLE t (a, b)", "CREATE TABLE t (a, b, c)",
     "CREATE TABLE t (a, b)"},
    {"SL-L03", "CREATE TABLE t (a, b)",
     "CREATE TABLE t (a, b, c INT DEFAULT 1 CHECK (c > 0))",
     "CREATE TABLE t (a, b, c INT DEFAULT 1)"},
    {"SL-L03", "CREATE TABLE t (a, b CHECK (b <> 'x'))",
     "CREATE TABLE t (a, b CHECK (b <> 'x'), c INT CHECK (c > 0))",
     "CREATE TABLE t (a, b CHECK (b <> 'x'), c INT NOT NULL DEFAULT 1)"},
    {"SL-L03", "CREATE TABLE t (a INT, b TEXT) STRICT",
     "CREATE TABLE t (a INT, b TEXT, c INT CHECK (c > 0)) STRICT",
     "CREATE TABLE t (a INT, b TEXT, c INT) STRICT"},
    {"SL-L04", "CREATE TABLE t (a, b)", "CREATE TABLE t (a)",
     "CREATE TABLE t (a, b); CREATE INDEX i ON t (b)"},
    {"SL-L05", "CREATE TABLE t (a, b)", "CREATE TABLE t (a, b INT)",
     "CREATE TABLE t (a, b, c INT)"},
    {"SL-L13", "CREATE TABLE t (a, b)",
     "CREATE TABLE t (a, b); CREATE INDEX i ON t (a)",
     "CREATE TABLE t (a, b); CREATE TABLE u (a); CREATE INDEX i ON u (a)"},
    {"SL-L13", "CREATE TABLE t (a, b)",
     "CREATE TABLE t (a, b); CREATE UNIQUE INDEX i ON t (a)",
     "CREATE TABLE t (a, b); CREATE VIEW v AS SELECT a FROM t"},
    {"SL-L18", "CREATE TABLE t (a, b)", "CREATE TABLE t (a, b, c VARCHAR(10))",
     "CREATE TABLE t (a, b, c TEXT)"},
    {"SL-L18", "CREATE TABLE t (a, b)",
     "CREATE TABLE t (a, b); CREATE TABLE u (a DECIMAL(10, 2))",
     "CREATE TABLE t (a, b); CREATE TABLE u (a NUMERIC)"},
};

std::set<std::string> RulesOf(const v1::Plan& plan) {
  std::set<std::string> rules;
  for (const v1::Statement& statement : plan.statements()) {
    rules.insert(statement.rules().begin(), statement.rules().end());
  }
  return rules;
}

// A file whose table t fills many pages, and what SQLite does to them.
class PageCounter {
 public:
  PageCounter() {
    char name[] = "/tmp/lint_test_XXXXXX";
    EXPECT_NE(mkdtemp(name), nullptr);
    folder_ = name;
    EXPECT_EQ(sqlite3_open((folder_ + "/test.db").c_str(), &database_),
              SQLITE_OK);
  }
  ~PageCounter() {
    sqlite3_close(database_);
    std::filesystem::remove_all(folder_);
  }
  PageCounter(const PageCounter&) = delete;
  PageCounter& operator=(const PageCounter&) = delete;

  void Run(const std::string& sql) {
    char* error = nullptr;
    EXPECT_EQ(sqlite3_exec(database_, sql.c_str(), nullptr, nullptr, &error),
              SQLITE_OK)
        << sql << ": " << (error == nullptr ? "" : error);
    sqlite3_free(error);
  }
  // Since it was last asked.
  int PagesRead() {
    return Take(SQLITE_DBSTATUS_CACHE_HIT) + Take(SQLITE_DBSTATUS_CACHE_MISS);
  }

 private:
  int Take(int what) {
    int value = 0;
    int high = 0;
    EXPECT_EQ(sqlite3_db_status(database_, what, &value, &high, 1), SQLITE_OK);
    return value;
  }

  std::string folder_;
  sqlite3* database_ = nullptr;
};

class LintTest : public ::testing::TestWithParam<Sample> {};

TEST_P(LintTest, IsCarriedWhereItApplies) {
  SqliteDatabase database(":memory:");
  database.Load(GetParam().from);
  ASSERT_OK_AND_ASSIGN(const v1::Plan plan, database.PlanTo(GetParam().to));
  EXPECT_THAT(RulesOf(plan), Contains(GetParam().rule));
  ASSERT_OK_AND_ASSIGN(const v1::Plan other, database.PlanTo(GetParam().other));
  EXPECT_THAT(RulesOf(other), Not(Contains(GetParam().rule)));
}

TEST_P(LintTest, StatementsSayWhatIsRead) {
  SqliteDatabase database(":memory:");
  database.Load(GetParam().from);
  for (const char* to : {GetParam().to, GetParam().other}) {
    ASSERT_OK_AND_ASSIGN(const v1::Plan plan, database.PlanTo(to));
    PageCounter pages;
    pages.Run(GetParam().from);
    pages.Run(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE "
        "i < 5000) INSERT INTO t SELECT i, hex(zeroblob(200)) FROM n");
    for (const v1::Statement& statement : plan.statements()) {
      pages.PagesRead();
      pages.Run(statement.sql());
      // Some 500 pages of rows.
      const bool reads = pages.PagesRead() > 400;
      const bool counts = statement.sql().find("count(*)") != std::string::npos;
      const bool drops = statement.sql().rfind("DROP TABLE", 0) == 0;
      if (counts || drops) continue;  // what a rebuild does besides
      EXPECT_EQ(statement.scans_table(), reads) << statement.sql();
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Rules, LintTest, ::testing::ValuesIn(kSamples));

TEST(LintRulesTest, RenamesCarryTheirs) {
  SqliteDatabase database(":memory:");
  database.Load("CREATE TABLE t (a, b)");
  ASSERT_OK_AND_ASSIGN(
      const v1::Plan plan,
      database.PlanTo("CREATE TABLE t (a, c)", {"column:t.b=c"}));
  EXPECT_THAT(RulesOf(plan), Contains("SL-L12"));
}

TEST(LintRulesTest, AreWhole) {
  std::set<std::string> shown;
  for (const Sample& sample : kSamples) shown.insert(sample.rule);
  shown.insert("SL-L12");  // LintRulesTest.RenamesCarryTheirs
  const absl::Span<const LintRule> rules = SqliteDialect().lint_rules();
  ASSERT_EQ(rules.size(), 21u);
  for (size_t i = 0; i < rules.size(); ++i) {
    const LintRule& rule = rules[i];
    EXPECT_EQ(rule.id, absl::StrCat("SL-L", i < 9 ? "0" : "", i + 1));
    EXPECT_FALSE(rule.matches.empty()) << rule.id;
    EXPECT_FALSE(rule.safe.empty()) << rule.id;
    EXPECT_EQ(rule.use == RuleUse::kShown,
              shown.count(std::string(rule.id)) > 0)
        << rule.id;
  }
}

}  // namespace
}  // namespace fleet
