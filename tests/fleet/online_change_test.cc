// A large table is changed by pt-online-schema-change while clients write to
// it: every write they made is in the table afterwards, once, and nothing of
// the tool is left; also when the agent is killed in the middle.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <random>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "lib/base/status.h"
#include "lib/engine/open_session.h"
#include "tests/testing/mariadb_instance.h"
#include "tests/testing/matchers.h"
#include "tests/testing/mini_fleet.h"
#include "tests/testing/real_mysql.h"

namespace fleet::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr int kRows = 1'000'000;
constexpr char kSource[] = "prod";
constexpr char kTarget[] = "saas-01";
// A password that needs every kind of quoting there is.
constexpr char kPassword[] = "p\"a\\s's #;=w%rd";

constexpr char kTable[] =
    "CREATE TABLE orders (id INT AUTO_INCREMENT PRIMARY KEY, v INT NOT NULL, "
    "note VARCHAR(60) NOT NULL, KEY (v));";
constexpr char kChange[] =
    "ALTER TABLE orders MODIFY v BIGINT NOT NULL, "
    "ADD added INT NOT NULL DEFAULT 7;";
constexpr char kChecksum[] =
    "SELECT CONCAT(COUNT(*), ' rows, ', COALESCE(SUM(CAST(CRC32(CONCAT_WS('|', "
    "id, v, note)) AS UNSIGNED)), 0)) FROM orders";

// Clients of one table. What they do to it they do to another one of the same
// rows in the same transaction: that one is the truth.
class Writers {
 public:
  Writers(const std::string& url, int threads) {
    for (int i = 0; i < threads; ++i) {
      threads_.emplace_back([this, url, i] { Write(url, i); });
    }
  }
  ~Writers() { Stop(); }

  void Stop() {
    stop_ = true;
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }
  int committed() const { return committed_; }

 private:
  void Write(const std::string& url, int seed) {
    auto session = OpenSession(url, {});
    ASSERT_OK(session);
    std::mt19937 random(static_cast<unsigned>(seed));
    while (!stop_) {
      // A lock timeout or a deadlock: neither table has it.
      if (Transaction(**session, random).ok()) {
        ++committed_;
      } else {
        (*session)->Rollback().IgnoreError();
      }
      absl::SleepFor(absl::Milliseconds(1));
    }
  }

  static absl::Status Transaction(Session& session, std::mt19937& random) {
    const int id = 1 + static_cast<int>(random() % (kRows + kRows / 10));
    const int v = static_cast<int>(random() % 1000);
    std::string sql;
    switch (random() % 4) {
      case 0:
        sql = absl::StrCat("INSERT IGNORE INTO %.orders (id, v, note) VALUES (",
                           id, ", ", v, ", 'new')");
        break;
      case 1:
        sql = absl::StrCat("DELETE FROM %.orders WHERE id = ", id);
        break;
      default:
        sql = absl::StrCat("UPDATE %.orders SET v = ", v,
                           ", note = 'changed' WHERE id = ", id);
    }
    RETURN_IF_ERROR(session.Begin());
    RETURN_IF_ERROR(session.Execute(In("saas-01", sql)));
    RETURN_IF_ERROR(session.Execute(In("mirror", sql)));
    return session.Commit();
  }

  static std::string In(absl::string_view database, std::string sql) {
    return sql.replace(sql.find('%'), 1, absl::StrCat("`", database, "`"));
  }

  std::atomic<bool> stop_ = false;
  std::atomic<int> committed_ = 0;
  std::vector<std::thread> threads_;
};

class OnlineChange : public ::testing::Test {
 protected:
  OnlineChange() : fleet_(ScratchUrl()) {
    for (const char* sql :
         {"CREATE DATABASE `prod`", "CREATE DATABASE `mirror`",
          "CREATE DATABASE `saas-01`",
          "CREATE USER app@'%' IDENTIFIED BY 'p\"a\\\\s\\'s #;=w%rd'",
          "GRANT ALL ON *.* TO app@'%'"}) {
      Execute(sql);
    }
    Sql(kSource, kTable);
    for (const char* database : {kTarget, "mirror"}) {
      Sql(database, absl::StrCat(kTable,
                                 "INSERT INTO orders SELECT seq, seq % 1000, "
                                 "repeat('x', 40) FROM seq_1_to_",
                                 kRows, "; ANALYZE TABLE orders;"));
    }
    const std::string password_file = fleet_.folder() + "/password";
    WriteWholeFile(password_file, kPassword);
    EXPECT_EQ(chmod(password_file.c_str(), 0600), 0);
    fleet_.AddTarget({kSource, server_.Url(kSource), "eu", "source", true});
    FleetTarget target{kTarget, AppUrl(kTarget), "eu", "saas", false};
    target.password_file = password_file;
    fleet_.AddTarget(target);
    WriteWholeFile(Policy(),
                   "version: 1\nwaves: [{name: all, bake: 0s}]\n"
                   "online_change: {tool: pt-online-schema-change, "
                   "from: 1MiB}\n");
  }

  static std::string ScratchUrl() {
    const absl::StatusOr<std::string> url = MysqlServerUrl();
    EXPECT_OK(url);
    return url.ok() ? *url : "";
  }

  // As the user that has a password.
  std::string AppUrl(const std::string& database) {
    std::string url = server_.Url(database);
    const size_t user = url.find("://") + 3;
    return url.replace(user, url.find('@') - user, "app");
  }

  void AllowTool(const std::string& options) {
    fleet_.SetAgentLines(absl::StrCat(
        "online_tools: {pt-online-schema-change: ", options, "}\n"));
  }

  std::string Policy() const { return fleet_.folder() + "/policy.yaml"; }

  // What scripts pass over.
  void Execute(const std::string& sql) {
    auto session = OpenSession(server_.Url("information_schema"), {});
    ASSERT_OK(session);
    ASSERT_OK((*session)->Execute(sql));
  }

  void Sql(const std::string& database, const std::string& sql) {
    auto session = OpenSession(server_.Url(database), {});
    ASSERT_OK(session);
    ASSERT_OK((*session)->RunScript(sql, "test.sql"));
  }

  std::string Value(const std::string& database, const std::string& sql) {
    auto session = OpenSession(server_.Url(database), {});
    EXPECT_OK(session);
    if (!session.ok()) return "";
    auto rows = (*session)->Query(sql);
    EXPECT_OK(rows) << sql;
    return rows.ok() && (*rows)->rows() > 0 ? std::string((*rows)->at(0, 0))
                                            : "";
  }

  std::vector<std::string> SyncArguments() const {
    return {"sync",
            "--source",
            kSource,
            "--targets",
            "tag:saas",
            "--policy",
            Policy(),
            "--auto-approve",
            "--allow-hazards",
            "TABLE_REWRITE,ACQUIRES_SHARE_LOCK"};
  }

  void ExpectEveryWriteIsThere() {
    EXPECT_EQ(Value(kTarget, kChecksum), Value("mirror", kChecksum));
    EXPECT_EQ(
        Value(kTarget,
              "SELECT CONCAT(COUNT(*), ' ', MIN(added), ' ', MAX(added)) "
              "FROM orders"),
        absl::StrCat(Value(kTarget, "SELECT COUNT(*) FROM orders"), " 7 7"));
  }

  void ExpectNothingIsLeft() {
    EXPECT_EQ(Value(kTarget,
                    "SELECT GROUP_CONCAT(TABLE_NAME) FROM "
                    "information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() "
                    "AND TABLE_NAME NOT LIKE 'fleetctl%'"),
              "orders");
    EXPECT_EQ(Value(kTarget,
                    "SELECT COUNT(*) FROM information_schema.TRIGGERS "
                    "WHERE EVENT_OBJECT_SCHEMA = DATABASE()"),
              "0");
    const ProcessResult diff =
        fleet_.Run({"diff", server_.Url(kTarget), server_.Url(kSource),
                    "--detailed-exitcode"});
    EXPECT_EQ(diff.exit_code, 0) << diff.out << diff.err;
  }

  // The copy is being filled, by at least `rows`.
  bool IsCopying(int rows) {
    if (Value(kTarget,
              "SELECT COUNT(*) FROM information_schema.TABLES WHERE "
              "TABLE_SCHEMA = DATABASE() AND TABLE_NAME = "
              "'orders_fleetctl_new'") == "0") {
      return false;
    }
    auto session = OpenSession(server_.Url(kTarget), {});
    if (!session.ok()) return false;
    auto found = (*session)->Query(absl::StrCat(
        "SELECT 1 FROM orders_fleetctl_new LIMIT 1 OFFSET ", rows));
    return found.ok() && (*found)->rows() > 0;
  }

  MariadbInstance server_;
  MiniFleet fleet_;
};

TEST_F(OnlineChange, AMillionRowsUnderWriteLoad) {
  AllowTool("[--chunk-time, \"0.3\"]");
  fleet_.Start();
  Sql(kSource, kChange);
  server_.FlushLog();
  Writers writers(server_.Url("mysql"), 4);
  const absl::Time begun = absl::Now();
  const std::string out = fleet_.folder() + "/sync.out";
  std::unique_ptr<Process> sync = fleet_.RunInBackground(SyncArguments(), out);
  int copying = 0;
  while (sync->IsRunning() && !IsCopying(1)) {
  }
  const int before = writers.committed();
  std::string shown;
  while (sync->IsRunning() && IsCopying(1)) {
    copying = writers.committed();
    absl::StrAppend(&shown, fleet_.Run({"rollout", "status", "r-1"}).out);
  }
  EXPECT_EQ(sync->Wait(absl::Seconds(300)), 0)
      << ReadWholeFile(out) << fleet_.Logs();
  const double seconds = absl::ToDoubleSeconds(absl::Now() - begun);
  writers.Stop();
  std::printf("%d rows in %.1f s; %d transactions committed meanwhile\n", kRows,
              seconds, copying - before);
  EXPECT_GT(copying - before, 100) << "writers waited for the change";
  ExpectEveryWriteIsThere();
  ExpectNothingIsLeft();
  EXPECT_THAT(server_.Committed(kTarget),
              AllOf(HasSubstr("orders_fleetctl_new"),
                    Not(HasSubstr("ALTER TABLE `orders` "))));
  EXPECT_THAT(shown, HasSubstr("pt-online-schema-change orders: "));
  EXPECT_THAT(fleet_.Logs(), Not(HasSubstr("w%rd")));
}

TEST_F(OnlineChange, AgentKilledInTheMiddleOfIt) {
  AllowTool("[--chunk-size, \"2000\", --sleep, \"0.02\"]");
  fleet_.Start();
  Sql(kSource, kChange);
  Writers writers(server_.Url("mysql"), 2);
  const std::string out = fleet_.folder() + "/sync.out";
  std::unique_ptr<Process> sync = fleet_.RunInBackground(SyncArguments(), out);
  for (const int rows : {1, 5'000, 50'000}) {
    const absl::Time limit = absl::Now() + absl::Seconds(60);
    while (sync->IsRunning() && absl::Now() < limit && !IsCopying(rows)) {
    }
    ASSERT_TRUE(IsCopying(rows)) << ReadWholeFile(out) << fleet_.Logs();
    fleet_.KillAgent("eu");
    fleet_.StartAgent("eu");
  }
  EXPECT_EQ(sync->Wait(absl::Seconds(300)), 0)
      << ReadWholeFile(out) << fleet_.Logs();
  writers.Stop();
  ExpectEveryWriteIsThere();
  ExpectNothingIsLeft();
}

TEST_F(OnlineChange, WhatTheToolCannotDoIsRefusedBeforeAnythingRuns) {
  AllowTool("[]");
  Sql(kTarget,
      "CREATE TRIGGER tr BEFORE INSERT ON orders FOR EACH ROW SET "
      "NEW.v = NEW.v + 0;");
  Sql(kSource,
      "CREATE TRIGGER tr BEFORE INSERT ON orders FOR EACH ROW SET "
      "NEW.v = NEW.v + 0;");
  fleet_.Start();
  Sql(kSource, kChange);
  const ProcessResult sync = fleet_.Run(SyncArguments());
  EXPECT_NE(sync.exit_code, 0);
  EXPECT_THAT(sync.out + sync.err,
              AllOf(HasSubstr("pt-online-schema-change cannot make the change"),
                    HasSubstr("it has triggers")));
  EXPECT_EQ(Value(kTarget,
                  "SELECT COUNT(*) FROM information_schema.COLUMNS "
                  "WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = "
                  "'orders'"),
            "3");
}

TEST_F(OnlineChange, AnAgentRunsNoToolThatItsConfigurationDoesNotName) {
  fleet_.Start();
  Sql(kSource, kChange);
  const ProcessResult sync = fleet_.Run(SyncArguments());
  EXPECT_NE(sync.exit_code, 0);
  EXPECT_THAT(sync.out + sync.err, HasSubstr("which its agent may not run"));
  EXPECT_EQ(Value(kTarget,
                  "SELECT COUNT(*) FROM information_schema.TABLES "
                  "WHERE TABLE_NAME LIKE 'orders%new'"),
            "0");
}

}  // namespace
}  // namespace fleet::testing
