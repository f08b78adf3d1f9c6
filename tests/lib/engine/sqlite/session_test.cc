#include "lib/engine/session.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "lib/engine/open_session.h"
#include "tests/testing/matchers.h"

namespace fleet {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using testing::StatusIs;

class SqliteSessionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/fleetctl-test-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string File() const { return folder_ + "/test.db"; }

  std::unique_ptr<Session> Open() const {
    SessionOptions options;
    options.create = true;
    absl::StatusOr<std::unique_ptr<Session>> session =
        OpenSession("sqlite:" + File(), options);
    EXPECT_OK(session);
    return session.ok() ? *std::move(session) : nullptr;
  }

  static std::string One(Session& session, absl::string_view sql) {
    const auto rows = session.Query(sql);
    EXPECT_OK(rows);
    if (!rows.ok() || (*rows)->rows() != 1) return "?";
    return std::string((*rows)->at(0, 0));
  }

  std::string folder_;
};

TEST_F(SqliteSessionTest, SaysWhatItIs) {
  const auto session = Open();
  EXPECT_EQ(session->info().engine, v1::SQLITE);
  EXPECT_EQ(session->info().flavour, "sqlite");
  EXPECT_GE(session->info().server_version, 3'035'000);
}

TEST_F(SqliteSessionTest, PinsSettings) {
  const auto session = Open();
  EXPECT_EQ(One(*session, "PRAGMA synchronous"), "3");
  EXPECT_EQ(One(*session, "PRAGMA foreign_keys"), "0");
  EXPECT_EQ(One(*session, "PRAGMA busy_timeout"), "5000");
  EXPECT_THAT(session->Query("SELECT \"no such column\""),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       StartsWith("SQLITE_ERROR: no such column")));
  ASSERT_OK(session->Execute("PRAGMA writable_schema = ON"));
  EXPECT_FALSE(session->Execute("DELETE FROM sqlite_schema").ok());
}

TEST_F(SqliteSessionTest, CannotReachOtherFiles) {
  const auto session = Open();
  EXPECT_FALSE(session->Execute("ATTACH '/tmp/x.db' AS x").ok());
  EXPECT_FALSE(session->Execute("VACUUM INTO '/tmp/x.db'").ok());
}

TEST_F(SqliteSessionTest, RunsExactlyOneStatement) {
  const auto session = Open();
  EXPECT_OK(session->Execute("CREATE TABLE a (x); -- and nothing more\n ;"));
  EXPECT_THAT(session->Execute("CREATE TABLE b (x); DROP TABLE a"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("more than one statement")));
  EXPECT_EQ(One(*session, "SELECT group_concat(name) FROM sqlite_schema"), "a");
  EXPECT_FALSE(session->Execute("").ok());
  EXPECT_FALSE(session->Execute("-- only a comment").ok());
  EXPECT_FALSE(session->Execute(absl::string_view("SELECT 1\0;", 10)).ok());
}

TEST_F(SqliteSessionTest, ReadsValuesAsText) {
  const auto session = Open();
  ASSERT_OK_AND_ASSIGN(
      const auto rows,
      session->Query("SELECT 1, NULL, 'a' UNION ALL SELECT 2, '', x'00ff'"));
  ASSERT_EQ(rows->rows(), 2);
  ASSERT_EQ(rows->columns(), 3);
  EXPECT_EQ(rows->at(0, 0), "1");
  EXPECT_TRUE(rows->is_null(0, 1));
  EXPECT_FALSE(rows->is_null(1, 1));
  EXPECT_EQ(rows->at(1, 1), "");
  EXPECT_EQ(rows->at(1, 2), absl::string_view("\0\xff", 2));
}

TEST_F(SqliteSessionTest, ClassifiesErrors) {
  const auto session = Open();
  ASSERT_OK(session->Execute("CREATE TABLE t (x UNIQUE)"));
  ASSERT_OK(session->Execute("INSERT INTO t VALUES (1)"));
  const absl::Status data = session->Execute("INSERT INTO t VALUES (1)");
  EXPECT_THAT(std::string(data.message()),
              StartsWith("SQLITE_CONSTRAINT: UNIQUE"));
  EXPECT_EQ(ErrorClassOf(data), ErrorClass::kData);
  EXPECT_EQ(ErrorClassOf(session->Execute("CREATE TABLE t (x)")),
            ErrorClass::kPlan);
}

TEST_F(SqliteSessionTest, WaitsForOtherWritersNoLongerThanAllowed) {
  const auto first = Open();
  const auto second = Open();
  ASSERT_OK(first->Begin());
  ASSERT_OK(second->SetTimeouts(50, 0));
  const absl::Status busy = second->Begin();
  EXPECT_THAT(
      busy, StatusIs(absl::StatusCode::kAborted, StartsWith("SQLITE_BUSY: ")));
  EXPECT_EQ(ErrorClassOf(busy), ErrorClass::kRetryable);
  EXPECT_THAT(second->TakeFence(absl::Milliseconds(50)),
              StatusIs(absl::StatusCode::kAborted,
                       HasSubstr("another process writes")));
  ASSERT_OK(first->Rollback());
  EXPECT_OK(second->TakeFence(absl::ZeroDuration()));
  EXPECT_EQ(One(*second, "PRAGMA busy_timeout"), "50");
  EXPECT_OK(first->Begin());  // the fence holds nothing
}

TEST_F(SqliteSessionTest, EndsStatementsThatTakeTooLong) {
  const auto session = Open();
  ASSERT_OK(session->SetTimeouts(0, 30));
  const char endless[] =
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) "
      "SELECT count(*) FROM n";
  EXPECT_THAT(session->Query(endless),
              StatusIs(absl::StatusCode::kDeadlineExceeded,
                       StartsWith("SQLITE_INTERRUPT: ")));
  ASSERT_OK(session->SetTimeouts(0, 0));
  std::thread canceller([&session] {
    absl::SleepFor(absl::Milliseconds(30));
    session->Cancel();
  });
  EXPECT_FALSE(session->Query(endless).ok());
  canceller.join();
  EXPECT_EQ(One(*session, "SELECT 1"), "1");
}

TEST_F(SqliteSessionTest, RollsBack) {
  const auto session = Open();
  ASSERT_OK(session->Rollback());  // nothing to do
  ASSERT_OK(session->Begin());
  ASSERT_OK(session->Execute("CREATE TABLE t (x)"));
  ASSERT_OK(session->Rollback());
  ASSERT_OK(session->Begin());
  ASSERT_OK(session->Execute("CREATE TABLE u (x)"));
  ASSERT_OK(session->Commit());
  EXPECT_EQ(One(*session, "SELECT group_concat(name) FROM sqlite_schema"), "u");
}

TEST_F(SqliteSessionTest, ReadsOneSnapshot) {
  const auto session = Open();
  ASSERT_OK(session->Execute("CREATE TABLE t (x)"));
  ASSERT_OK_AND_ASSIGN(const auto rows,
                       session->QuerySnapshot({"SELECT 1", "SELECT 'two'"}));
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[1]->at(0, 0), "two");
  EXPECT_FALSE(session->QuerySnapshot({"SELECT 1", "SELECT nope"}).ok());
  ASSERT_OK(session->Begin());  // not left in a transaction
  ASSERT_OK(session->Execute("INSERT INTO t VALUES (1)"));
  EXPECT_OK(session->QuerySnapshot({"SELECT x FROM t"}));
  ASSERT_OK(session->Commit());
  EXPECT_EQ(One(*session, "SELECT count(*) FROM t"), "1");
}

TEST_F(SqliteSessionTest, ExecuteAllSaysWhichFailed) {
  const auto session = Open();
  int failed = 7;
  EXPECT_FALSE(session
                   ->ExecuteAll({"CREATE TABLE a (x)", "CREATE TABLE a (x)",
                                 "CREATE TABLE b (x)"},
                                &failed)
                   .ok());
  EXPECT_EQ(failed, 1);
  EXPECT_OK(session->ExecuteAll({"DROP TABLE a"}, &failed));
  EXPECT_EQ(failed, -1);
}

TEST_F(SqliteSessionTest, RunsScripts) {
  const auto session = Open();
  ASSERT_OK(session->RunScript(
      "\xEF\xBB\xBF-- a dump\n.headers on\nPRAGMA foreign_keys=OFF;\n"
      "BEGIN TRANSACTION;\n/* one; */ CREATE TABLE t (x DEFAULT \"text\");\n"
      ".mode box\nINSERT INTO t VALUES ('a;b');;\n"
      "CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; SELECT 2; END;\n"
      "COMMIT;\nPRAGMA foreign_keys=ON; -- the end",
      "dump.sql"));
  EXPECT_EQ(One(*session, "SELECT x FROM t"), "a;b");
  EXPECT_EQ(One(*session, "SELECT count(*) FROM sqlite_schema"), "2");
  EXPECT_EQ(One(*session, "PRAGMA foreign_keys"), "0");
  EXPECT_FALSE(session->Query("SELECT \"pinned again\"").ok());
}

TEST_F(SqliteSessionTest, ScriptErrorsSayWhere) {
  const auto session = Open();
  EXPECT_THAT(
      session->RunScript("CREATE TABLE t (x);\n\nSELECT é, nope;", "a.sql"),
      StatusIs(absl::StatusCode::kInvalidArgument,
               StartsWith("a.sql:3:8: SQLITE_ERROR: no such column")));
  EXPECT_THAT(session->RunScript("SELECT 1;\nINSERT INTO t SELEC 1;", "b.sql"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       StartsWith("b.sql:2:15: SQLITE_ERROR: near")));
  EXPECT_THAT(session->RunScript("BEGIN; CREATE TABLE u (x);", "c.sql"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("ends inside a transaction")));
  EXPECT_EQ(One(*session, "SELECT group_concat(name) FROM sqlite_schema"), "t");
}

TEST_F(SqliteSessionTest, MissingAndForeignFilesAreToldApart) {
  EXPECT_THAT(OpenSession("sqlite:" + File(), SessionOptions()),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("test.db")));
  std::ofstream(File()) << std::string(4096, 'x');
  EXPECT_THAT(OpenSession("sqlite:" + File(), SessionOptions()),
              StatusIs(absl::StatusCode::kDataLoss,
                       HasSubstr("SQLITE_NOTADB: file is not a database")));
  EXPECT_THAT(
      OpenSession("sqlite:", SessionOptions()),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("no file")));
  EXPECT_THAT(
      OpenSession("sqlite:" + folder_, SessionOptions()),
      StatusIs(absl::StatusCode::kUnavailable, HasSubstr("SQLITE_CANTOPEN")));
}

TEST_F(SqliteSessionTest, ReadOnlyWritesNothing) {
  ASSERT_OK(Open()->Execute("CREATE TABLE t (x)"));
  SessionOptions options;
  options.read_only = true;
  ASSERT_OK_AND_ASSIGN(const auto session,
                       OpenSession("sqlite:" + File(), options));
  EXPECT_THAT(session->Execute("INSERT INTO t VALUES (1)"),
              StatusIs(absl::StatusCode::kPermissionDenied,
                       StartsWith("SQLITE_READONLY")));
  EXPECT_OK(session->QuerySnapshot({"SELECT * FROM t"}));
}

}  // namespace
}  // namespace fleet
