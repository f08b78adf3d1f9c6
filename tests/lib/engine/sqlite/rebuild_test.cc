#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "lib/engine/introspect.h"
#include "lib/engine/make_plan.h"
#include "lib/engine/open_session.h"
#include "lib/engine/run_plan.h"
#include "lib/engine/scratch.h"
#include "lib/engine/sqlite/dialect.h"
#include "tests/testing/matchers.h"

// What a rebuild does to rows: the laws of tests/cases look at shapes only.

namespace fleet {
namespace {

using ::testing::HasSubstr;
using testing::StatusIs;

class RebuildTest : public ::testing::Test {
 protected:
  void SetUp() override {
    SessionOptions options;
    options.create = true;
    ASSERT_OK_AND_ASSIGN(session_, OpenSession("sqlite::memory:", options));
    ASSERT_OK_AND_ASSIGN(scratch_, Scratch::Open(v1::SQLITE, ""));
  }

  void Load(absl::string_view sql) {
    ASSERT_OK(session_->RunScript(sql, "test"));
  }

  // Brings the database to the schema of `sql`.
  absl::Status SyncTo(absl::string_view sql) {
    absl::StatusOr<Schema> from = Introspect(*session_, SqliteDialect());
    if (!from.ok()) return from.status();
    absl::StatusOr<Schema> to =
        SchemaOfSql(*scratch_, SqliteDialect(), sql, "to");
    if (!to.ok()) return to.status();
    absl::StatusOr<v1::Plan> plan =
        MakePlan(*from, *to, SqliteDialect(), session_->info(), PlanOptions());
    if (!plan.ok()) return plan.status();
    return RunPlan(*session_, SqliteDialect(), *plan, PlanDirection::kForward,
                   {});
  }

  std::string Value(absl::string_view sql) {
    const auto rows = session_->Query(sql);
    EXPECT_OK(rows);
    if (!rows.ok()) return "";
    std::string text;
    for (int i = 0; i < (*rows)->rows(); ++i) {
      for (int j = 0; j < (*rows)->columns(); ++j) {
        absl::StrAppend(&text, text.empty() ? "" : " ",
                        (*rows)->is_null(i, j) ? "NULL" : (*rows)->at(i, j));
      }
    }
    return text;
  }

  std::unique_ptr<Session> session_;
  std::unique_ptr<Scratch> scratch_;
};

TEST_F(RebuildTest, ChildrenAreNotDeletedWithTheOldTable) {
  Load(
      "CREATE TABLE p (id INTEGER PRIMARY KEY, a INT);"
      "CREATE TABLE c (p INT REFERENCES p ON DELETE CASCADE);"
      "INSERT INTO p VALUES (1, 7); INSERT INTO c VALUES (1);");
  ASSERT_OK(session_->Execute("PRAGMA foreign_keys = ON"));
  ASSERT_OK(
      SyncTo("CREATE TABLE p (id INTEGER PRIMARY KEY, a TEXT NOT NULL);"
             "CREATE TABLE c (p INT REFERENCES p ON DELETE CASCADE);"));
  EXPECT_EQ(Value("SELECT * FROM p"), "1 7");
  EXPECT_EQ(Value("SELECT * FROM c"), "1");
  EXPECT_THAT(Value("SELECT sql FROM sqlite_schema WHERE name = 'c'"),
              HasSubstr("REFERENCES p ON"));
}

TEST_F(RebuildTest, NumbersThatWereGivenStayTaken) {
  Load(
      "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a INT);"
      "INSERT INTO t VALUES (41, 1); DELETE FROM t;");
  ASSERT_OK(
      SyncTo("CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT)"));
  ASSERT_OK(session_->Execute("INSERT INTO t (a) VALUES ('x')"));
  EXPECT_EQ(Value("SELECT id FROM t"), "42");
  EXPECT_EQ(Value("SELECT count(*) FROM sqlite_sequence"), "1");
}

TEST_F(RebuildTest, RowsKeepTheirRowid) {
  Load(
      "CREATE TABLE t (a TEXT); INSERT INTO t (rowid, a) VALUES (5, 'x');"
      "INSERT INTO t (rowid, a) VALUES (9, 'y');");
  ASSERT_OK(SyncTo("CREATE TABLE t (a BLOB, b INT DEFAULT (1 + 1))"));
  EXPECT_EQ(Value("SELECT rowid, a, b FROM t"), "5 x 2 9 y 2");
  ASSERT_OK(SyncTo("CREATE TABLE t (c INT DEFAULT 3)"));
  EXPECT_EQ(Value("SELECT rowid, c FROM t"), "5 3 9 3");
}

TEST_F(RebuildTest, ConflictClausesLoseNoRows) {
  Load("CREATE TABLE t (a INT); INSERT INTO t VALUES (1), (1);");
  EXPECT_THAT(
      SyncTo("CREATE TABLE t (a INT UNIQUE ON CONFLICT IGNORE)"),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("UNIQUE")));
  EXPECT_EQ(Value("SELECT count(*) FROM t"), "2");
  EXPECT_EQ(Value("SELECT count(*) FROM sqlite_schema"), "1");
}

TEST_F(RebuildTest, NullsStopNotNull) {
  Load("CREATE TABLE t (a INT); INSERT INTO t VALUES (NULL);");
  EXPECT_THAT(
      SyncTo("CREATE TABLE t (a INT NOT NULL DEFAULT 0)"),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("NOT NULL")));
  EXPECT_EQ(Value("SELECT a FROM t"), "NULL");
}

TEST_F(RebuildTest, OrphansStopAForeignKeyBeforeCommit) {
  Load(
      "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p INT);"
      "INSERT INTO c VALUES (1);");
  const char wanted[] =
      "CREATE TABLE p (id INTEGER PRIMARY KEY);"
      "CREATE TABLE c (p INT, FOREIGN KEY (p) REFERENCES p);";
  EXPECT_THAT(SyncTo(wanted),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("a row of c refers to a row of p")));
  Load("INSERT INTO p VALUES (1)");
  EXPECT_OK(SyncTo(wanted));
  EXPECT_EQ(Value("SELECT p FROM c"), "1");
}

TEST_F(RebuildTest, SettingsAreBackAfterwards) {
  Load("CREATE TABLE t (a INT CHECK (json_valid(a)))");
  ASSERT_OK(SyncTo("CREATE TABLE t (a TEXT CHECK (json_valid(a)))"));
  EXPECT_EQ(Value("PRAGMA legacy_alter_table"), "0");
  EXPECT_EQ(Value("PRAGMA trusted_schema"), "0");
}

// A name that is taken is not taken again, whatever it belongs to.
TEST_F(RebuildTest, TheNewNameIsFree) {
  const char rest[] =
      "CREATE TABLE fleetctl_new_t (b INT);"
      "CREATE INDEX fleetctl_new_t_2 ON fleetctl_new_t (b);";
  Load(absl::StrCat("CREATE TABLE t (a INT); INSERT INTO t VALUES (1);", rest));
  ASSERT_OK(SyncTo(absl::StrCat("CREATE TABLE t (a TEXT);", rest)));
  EXPECT_EQ(Value("SELECT a FROM t"), "1");
}

}  // namespace
}  // namespace fleet
