// Statement.checks on a real server: what is found in the rows, and around
// them, before a plan that would fail on it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lib/engine/introspect.h"
#include "lib/engine/make_plan.h"
#include "lib/engine/open_session.h"
#include "lib/engine/registry.h"
#include "lib/engine/run_checks.h"
#include "tests/testing/matchers.h"
#include "tests/testing/real_mysql.h"

namespace fleet {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ChecksTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(dialect_, DialectNamed("mysql"));
  }

  std::unique_ptr<Session> With(const std::string& sql) {
    const absl::StatusOr<std::string> url = testing::CreateMysqlDatabase();
    EXPECT_OK(url);
    absl::StatusOr<std::unique_ptr<Session>> session = OpenSession(*url, {});
    EXPECT_OK(session);
    EXPECT_OK((*session)->RunScript(sql, "test.sql"));
    return *std::move(session);
  }

  // What stops the plan from `before` (with its rows) to `after`.
  std::string Found(const std::string& before, const std::string& rows,
                    const std::string& after) {
    const auto target = With(before + rows);
    const auto source = With(after);
    const absl::StatusOr<Schema> from = Introspect(*target, *dialect_);
    const absl::StatusOr<Schema> to = Introspect(*source, *dialect_);
    EXPECT_OK(from);
    EXPECT_OK(to);
    const absl::StatusOr<v1::Plan> plan =
        MakePlan(*from, *to, *dialect_, from->info(), {});
    EXPECT_OK(plan);
    const absl::StatusOr<std::vector<v1::Finding>> findings =
        RunChecks(*target, *plan);
    EXPECT_OK(findings);
    std::string text;
    for (const v1::Finding& finding : *findings) {
      if (!finding.warning()) absl::StrAppend(&text, finding.message(), "\n");
    }
    return text;
  }

  const Dialect* dialect_ = nullptr;
};

TEST_F(ChecksTest, RowsThatAPlanWouldFailOn) {
  struct Case {
    const char* before;
    const char* bad;
    const char* good;
    const char* after;
    const char* found;
  };
  for (const Case& one : {
           Case{"CREATE TABLE t (id INT PRIMARY KEY, a INT);",
                "INSERT INTO t VALUES (1, NULL);",
                "INSERT INTO t VALUES (1, 1);",
                "CREATE TABLE t (id INT PRIMARY KEY, a INT NOT NULL);", "NULL"},
           Case{"CREATE TABLE t (id INT PRIMARY KEY, a INT);",
                "INSERT INTO t VALUES (1, 5), (2, 5);",
                "INSERT INTO t VALUES (1, NULL), (2, NULL), (3, 5);",
                "CREATE TABLE t (id INT PRIMARY KEY, a INT, UNIQUE KEY u (a));",
                "are equal where key u"},
           Case{"CREATE TABLE p (id INT PRIMARY KEY);"
                "CREATE TABLE t (id INT PRIMARY KEY, p INT, KEY (p));",
                "INSERT INTO t VALUES (1, 7);",
                "INSERT INTO t VALUES (1, NULL);",
                "CREATE TABLE p (id INT PRIMARY KEY);"
                "CREATE TABLE t (id INT PRIMARY KEY, p INT, KEY (p), "
                "CONSTRAINT f FOREIGN KEY (p) REFERENCES p (id));",
                "refer to rows that are not there"},
           Case{"CREATE TABLE t (id INT PRIMARY KEY, a INT);",
                "INSERT INTO t VALUES (1, -1);",
                "INSERT INTO t VALUES (1, NULL), (2, 3);",
                "CREATE TABLE t (id INT PRIMARY KEY, a INT, "
                "CONSTRAINT c CHECK (a > 0));",
                "do not satisfy check c"},
           Case{"CREATE TABLE t (id INT PRIMARY KEY, a VARCHAR(20));",
                "INSERT INTO t VALUES (1, 'longer than five');",
                "INSERT INTO t VALUES (1, 'short');",
                "CREATE TABLE t (id INT PRIMARY KEY, a VARCHAR(5));",
                "more than 5 characters"},
           Case{"CREATE TABLE t (id INT PRIMARY KEY, a ENUM('x','y'));",
                "INSERT INTO t VALUES (1, 'y');",
                "INSERT INTO t VALUES (1, 'x'), (2, NULL);",
                "CREATE TABLE t (id INT PRIMARY KEY, a ENUM('x'));", "goes"},
       }) {
    EXPECT_THAT(Found(one.before, one.bad, one.after), HasSubstr(one.found))
        << one.after;
    EXPECT_THAT(Found(one.before, one.good, one.after), IsEmpty()) << one.after;
  }
}

// What it says of another database no schema can tell.
TEST_F(ChecksTest, AForeignKeyToAnotherDatabase) {
  const auto other = With("CREATE TABLE p (id INT PRIMARY KEY);");
  auto name = other->Query("SELECT DATABASE()");
  ASSERT_OK(name);
  const std::string before =
      "CREATE TABLE t (id INT PRIMARY KEY, p INT, KEY (p));";
  const auto refers_to = [](absl::string_view database) {
    return absl::StrCat(
        "SET foreign_key_checks = 0; CREATE TABLE t (id INT PRIMARY KEY, p "
        "INT, KEY (p), CONSTRAINT f FOREIGN KEY (p) REFERENCES ",
        database, ".p (id));");
  };
  EXPECT_THAT(Found(before, "", refers_to("nowhere")),
              HasSubstr("refers to nowhere.p, which the server lacks"));
  EXPECT_THAT(Found(before, "", refers_to((*name)->at(0, 0))), IsEmpty());
}

}  // namespace
}  // namespace fleet
