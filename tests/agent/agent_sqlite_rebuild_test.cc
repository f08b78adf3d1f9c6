#include "absl/strings/str_cat.h"
#include "tests/agent/agent_fixture.h"
#include "tests/agent/database.h"

// Rebuilds of SQLite tables with rows in them, by a whole agent.

namespace fleet {
namespace {

constexpr char kBefore[] =
    "CREATE TABLE users(id INTEGER PRIMARY KEY AUTOINCREMENT, email TEXT);"
    "CREATE TABLE posts(author INT REFERENCES users ON DELETE CASCADE);"
    "CREATE INDEX users_email ON users(email);"
    "CREATE VIEW mails AS SELECT email FROM users;"
    "INSERT INTO users VALUES (1, 'a'), (2, 'b'), (40, 'gone');"
    "INSERT INTO posts VALUES (1), (2), (2);"
    "DELETE FROM users WHERE id = 40;";
constexpr char kAfter[] =
    "CREATE TABLE users(id INTEGER PRIMARY KEY AUTOINCREMENT, "
    "email TEXT NOT NULL UNIQUE);"
    "CREATE TABLE posts(author INT REFERENCES users ON DELETE CASCADE);"
    "CREATE INDEX users_email ON users(email);"
    "CREATE VIEW mails AS SELECT email FROM users;";

class AgentRebuildTest : public AgentFixture,
                         public ::testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    database_.Run(absl::StrCat("PRAGMA journal_mode = ", GetParam(), ";"));
    database_.Run(kBefore);
    plan_ = database_.PlanTo(kAfter);
    Configure(database_.url(), v1::SQLITE);
  }

  void ExpectRows() {
    EXPECT_EQ(database_.Value("SELECT group_concat(id || email) FROM users"),
              "1a,2b");
    EXPECT_EQ(database_.Value("SELECT count(*) FROM posts"), "3");
    EXPECT_EQ(database_.Value("SELECT seq FROM sqlite_sequence"), "40");
    EXPECT_EQ(database_.Value("PRAGMA integrity_check"), "ok");
    EXPECT_EQ(database_.Value("PRAGMA journal_mode"), GetParam());
  }

  Database database_{"sqlite:" + folder_.Path("t.db"), /*create=*/true};
};

TEST_P(AgentRebuildTest, KeepsEveryRow) {
  StartAgent();
  SendPrepare();
  ASSERT_TRUE(AwaitReady());
  SendGo();
  const v1::Result result = AwaitResult();
  EXPECT_EQ(result.state(), v1::TARGET_HEALTHY) << result.message();
  EXPECT_EQ(database_.Fingerprint(), plan_.to_fingerprint());
  ExpectRows();
}

TEST_P(AgentRebuildTest, IsDoneAfterACrash) {
  WriteInterruptedJournal();
  StartAgent();
  const v1::Result result = AwaitResult();
  EXPECT_EQ(result.state(), v1::TARGET_HEALTHY) << result.message();
  ExpectRows();
}

INSTANTIATE_TEST_SUITE_P(Journals, AgentRebuildTest,
                         ::testing::Values("delete", "wal"),
                         [](const auto& info) {
                           return std::string(info.param);
                         });

}  // namespace
}  // namespace fleet
