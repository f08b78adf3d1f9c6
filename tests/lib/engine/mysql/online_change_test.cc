// What a tool that was cut off leaves, made by hand on a real server, and what
// is taken away of it.

#include "lib/engine/mysql/online_change.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "lib/engine/open_session.h"
#include "tests/testing/matchers.h"
#include "tests/testing/real_mysql.h"

namespace fleet::mysql {
namespace {

constexpr char kTable[] =
    "CREATE TABLE t (id INT PRIMARY KEY, v INT); INSERT INTO t VALUES (1, 1);";
constexpr char kCopy[] =
    "CREATE TABLE t_fleetctl_new LIKE t; INSERT INTO t_fleetctl_new VALUES "
    "(1, 1);";
constexpr char kTriggers[] =
    "CREATE TRIGGER pt_osc_ins AFTER INSERT ON t FOR EACH ROW REPLACE INTO "
    "`t_fleetctl_new` VALUES (NEW.id, NEW.v);"
    "CREATE TRIGGER pt_osc_del AFTER DELETE ON t FOR EACH ROW DELETE FROM "
    "`t_fleetctl_new` WHERE id = OLD.id;";

class OnlineChangeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(const std::string url, testing::CreateMysqlDatabase());
    ASSERT_OK_AND_ASSIGN(session_, OpenSession(url, {}));
    alter_.set_table("t");
    Run(kTable);
  }

  void Run(const std::string& sql) {
    ASSERT_OK(session_->RunScript(sql, "test.sql"));
  }
  std::string Value(const std::string& sql) {
    auto rows = session_->Query(sql);
    EXPECT_OK(rows) << sql;
    return rows.ok() && (*rows)->rows() > 0 ? std::string((*rows)->at(0, 0))
                                            : "";
  }
  std::string Tables() {
    return Value(
        "SELECT GROUP_CONCAT(TABLE_NAME ORDER BY LENGTH(TABLE_NAME), "
        "TABLE_NAME) FROM "
        "information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()");
  }
  std::string Triggers() {
    return Value(
        "SELECT COUNT(*) FROM information_schema.TRIGGERS WHERE "
        "TRIGGER_SCHEMA = DATABASE()");
  }
  void CleanUp() { ASSERT_OK(MysqlOnlineChanges().CleanUp(*session_, alter_)); }

  std::unique_ptr<Session> session_;
  v1::OnlineAlter alter_;
};

TEST_F(OnlineChangeTest, ACopyIsTakenAwayWithItsTriggers) {
  Run(absl::StrCat(kCopy, kTriggers));
  CleanUp();
  EXPECT_EQ(Tables(), "t");
  EXPECT_EQ(Triggers(), "0");
  // No lock is left behind, and the table is whole.
  Run("CREATE TABLE other (id INT); INSERT INTO t VALUES (2, 2);");
  EXPECT_EQ(Value("SELECT COUNT(*) FROM t"), "2");
  CleanUp();
  EXPECT_EQ(Tables(), "t,other");
}

TEST_F(OnlineChangeTest, OneThatHasNoRowYetIsOurs) {
  Run("CREATE TABLE t_fleetctl_new LIKE t;");
  CleanUp();
  EXPECT_EQ(Tables(), "t");
}

TEST_F(OnlineChangeTest, WhatWasGivenUpIsKnownAgain) {
  Run(absl::StrCat(kCopy,
                   "ALTER TABLE t_fleetctl_new COMMENT = 'given up by "
                   "fleetctl';"));
  CleanUp();
  EXPECT_EQ(Tables(), "t");
}

TEST_F(OnlineChangeTest, RowsThatNobodyKnowsStay) {
  Run(absl::StrCat(kCopy, "CREATE TABLE _t_old LIKE t;",
                   "CREATE TRIGGER mine AFTER INSERT ON t FOR EACH ROW SET "
                   "@x = 'a t_fleetctl_new of mine';"));
  CleanUp();
  EXPECT_EQ(Tables(), "t,_t_old,t_fleetctl_new");
  EXPECT_EQ(Triggers(), "1");
}

TEST_F(OnlineChangeTest, TheOldTableGoesWithItsTriggers) {
  Run(absl::StrCat(kCopy, kTriggers));
  Run("RENAME TABLE t TO _t_old, t_fleetctl_new TO t;");
  CleanUp();
  EXPECT_EQ(Tables(), "t");
  EXPECT_EQ(Triggers(), "0");
}

TEST_F(OnlineChangeTest, NamesThatAreTaken) {
  const std::string query = MysqlOnlineChanges().TakenNamesQuery(alter_);
  EXPECT_EQ(Value(query), "");
  Run("CREATE TABLE _t_old (id INT);");
  EXPECT_EQ(Value(query), "_t_old");
}

}  // namespace
}  // namespace fleet::mysql
