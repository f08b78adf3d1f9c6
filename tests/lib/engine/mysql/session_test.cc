#include "lib/engine/session.h"

#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "lib/engine/introspect.h"
#include "lib/engine/marker.h"
#include "lib/engine/mysql/dialect.h"
#include "lib/engine/open_session.h"
#include "tests/testing/matchers.h"
#include "tests/testing/real_mysql.h"

namespace fleet {
namespace {

class MysqlSessionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(url_, testing::CreateMysqlDatabase());
    ASSERT_OK_AND_ASSIGN(session_, OpenSession(url_, SessionOptions()));
  }
  std::string Value(const std::string& sql) {
    const auto rows = session_->Query(sql);
    EXPECT_OK(rows);
    return rows.ok() && (*rows)->rows() > 0 ? std::string((*rows)->at(0, 0))
                                            : "";
  }

  std::string url_;
  std::unique_ptr<Session> session_;
};

TEST_F(MysqlSessionTest, PinsWhatChangesMeaning) {
  EXPECT_TRUE(absl::StrContains(Value("SELECT @@sql_mode"), "STRICT_ALL"));
  EXPECT_EQ(Value("SELECT @@time_zone"), "+00:00");
  EXPECT_EQ(Value("SELECT @@character_set_client"), "utf8mb4");
  ASSERT_OK(
      session_->RunScript("SET sql_mode=''; SET time_zone='+05:00';", "x.sql"));
  EXPECT_TRUE(absl::StrContains(Value("SELECT @@sql_mode"), "STRICT_ALL"));
  EXPECT_EQ(Value("SELECT @@time_zone"), "+00:00");
}

TEST_F(MysqlSessionTest, OneMessageCarriesOneStatement) {
  const absl::Status status =
      session_->Execute("CREATE TABLE a (x INT); CREATE TABLE b (x INT)");
  EXPECT_EQ(ErrorClassOf(status), ErrorClass::kPlan) << status;
  EXPECT_EQ(Value("SELECT count(*) FROM information_schema.tables WHERE "
                  "table_schema = DATABASE()"),
            "0");
}

TEST_F(MysqlSessionTest, ErrorsHaveTheirClass) {
  ASSERT_OK(session_->Execute("CREATE TABLE t (a INT PRIMARY KEY)"));
  ASSERT_OK(session_->Execute("INSERT INTO t VALUES (1)"));
  EXPECT_EQ(ErrorClassOf(session_->Execute("INSERT INTO t VALUES (1)")),
            ErrorClass::kData);
  EXPECT_EQ(ErrorClassOf(session_->Execute("SELEKT 1")), ErrorClass::kPlan);
  EXPECT_TRUE(
      absl::StartsWith(session_->Execute("SELEKT 1").message(), "1064"));
  EXPECT_EQ(OpenSession(absl::StrCat(url_.substr(0, url_.find("/test_")),
                                     "/nowhere", url_.substr(url_.find('?'))),
                        SessionOptions())
                .status()
                .code(),
            absl::StatusCode::kNotFound);
}

TEST_F(MysqlSessionTest, AWarningAboutLostOptionsIsAnError) {
  ASSERT_OK(session_->Execute("SET SESSION innodb_strict_mode = 0"));
  const absl::Status status = session_->Execute(
      "CREATE TABLE t (a INT) ROW_FORMAT=DYNAMIC KEY_BLOCK_SIZE=4");
  EXPECT_FALSE(status.ok());
  EXPECT_TRUE(absl::StrContains(status.message(), "a warning")) << status;
}

TEST_F(MysqlSessionTest, ALockedTableIsRetryable) {
  ASSERT_OK(session_->Execute("CREATE TABLE t (a INT)"));
  ASSERT_OK_AND_ASSIGN(const auto other, OpenSession(url_, SessionOptions()));
  ASSERT_OK(other->Begin());
  ASSERT_OK(other->Query("SELECT * FROM t"));
  ASSERT_OK(session_->SetTimeouts(1'000, 0));
  EXPECT_EQ(ErrorClassOf(session_->Execute("ALTER TABLE t ADD b INT")),
            ErrorClass::kRetryable);
  ASSERT_OK(other->Rollback());
  EXPECT_OK(session_->Execute("ALTER TABLE t ADD b INT"));
}

TEST_F(MysqlSessionTest, TheFenceOutlivesImpliedCommits) {
  ASSERT_OK(session_->TakeFence(absl::ZeroDuration()));
  ASSERT_OK(session_->Execute("CREATE TABLE t (a INT)"));
  ASSERT_OK_AND_ASSIGN(const auto other, OpenSession(url_, SessionOptions()));
  EXPECT_EQ(other->TakeFence(absl::ZeroDuration()).code(),
            absl::StatusCode::kAborted);
  session_->ReleaseFence();
  EXPECT_OK(other->TakeFence(absl::ZeroDuration()));
  EXPECT_EQ(session_->TakeFence(absl::ZeroDuration()).code(),
            absl::StatusCode::kAborted);
}

TEST_F(MysqlSessionTest, EpochsAndMarkersDoNotShow) {
  const Dialect& dialect = MysqlDialect();
  ASSERT_OK(EnsureMarkers(*session_, dialect));
  ASSERT_OK(EnsureMarkers(*session_, dialect));
  ASSERT_OK(ClaimEpoch(*session_, dialect, 5));
  ASSERT_OK(ClaimEpoch(*session_, dialect, 5));
  EXPECT_EQ(ClaimEpoch(*session_, dialect, 4).code(),
            absl::StatusCode::kFailedPrecondition);
  AppliedMarker marker;
  marker.plan_id = "p'";
  marker.rollout = "r-1";
  ASSERT_OK(WriteMarker(*session_, dialect, 5, marker));
  EXPECT_FALSE(WriteMarker(*session_, dialect, 5, marker).ok());
  ASSERT_OK_AND_ASSIGN(const bool there, HasMarker(*session_, dialect, marker));
  EXPECT_TRUE(there);
  ASSERT_OK_AND_ASSIGN(const Schema schema, Introspect(*session_, dialect));
  EXPECT_TRUE(schema.OfKind(v1::TABLE).empty());
}

}  // namespace
}  // namespace fleet
