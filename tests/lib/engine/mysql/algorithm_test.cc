// A statement names the cheapest algorithm that the server takes: for each one
// that the cases make, every cheaper one is refused by the real server, and the
// named one is not.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lib/engine/make_plan.h"
#include "lib/engine/registry.h"
#include "lib/engine/scratch.h"
#include "lib/schema/scope.h"
#include "tests/testing/case_file.h"
#include "tests/testing/matchers.h"
#include "tests/testing/real_mysql.h"

namespace fleet {
namespace {

using ::fleet::testing::CaseFile;

constexpr char kCases[] = FLEET_SOURCE_DIR "/tests/cases";

// What may follow the clauses, from cheap to dear.
const std::vector<std::string>& Tails(bool is_mariadb) {
  static const auto* mariadb = new std::vector<std::string>{
      ", ALGORITHM=INSTANT, LOCK=NONE", ", ALGORITHM=NOCOPY, LOCK=NONE",
      ", ALGORITHM=INPLACE, LOCK=NONE", ", ALGORITHM=INPLACE, LOCK=SHARED",
      ", ALGORITHM=COPY, LOCK=SHARED"};
  static const auto* mysql = new std::vector<std::string>{
      ", ALGORITHM=INSTANT", ", ALGORITHM=INPLACE, LOCK=NONE",
      ", ALGORITHM=INPLACE, LOCK=SHARED", ", ALGORITHM=COPY, LOCK=SHARED"};
  return is_mariadb ? *mariadb : *mysql;
}

std::vector<std::string> TextsOf(
    const google::protobuf::RepeatedPtrField<std::string>& texts) {
  return {texts.begin(), texts.end()};
}

// Where the server takes a cheaper one, and the dearer one is right or does no
// harm.
constexpr absl::string_view kExceptions[] = {
    // Taken at once, and then rows are in the table that the check refuses.
    "mysql/column/check.case",
    // Taken for these tables; where another character set is about, "cannot
    // change column type", and there is no telling from here.
    "mysql/column/collation_with_others.case",
    // NOCOPY is named for a key that has to be built; where only its comment or
    // another option differs, or one is there already, the server builds none.
    "mysql/foreign_key/dangling.case",
    "mysql/index/comment.case",
    "mysql/unique_key/options.case",
};

class AlgorithmTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(dialect_, DialectNamed("mysql"));
    ASSERT_OK_AND_ASSIGN(const std::string url, testing::MysqlServerUrl());
    ASSERT_OK_AND_ASSIGN(scratch_, Scratch::Open(v1::MYSQL, url));
  }

  // Whether the case's plan could be made; the scratch then holds its start.
  bool Plan(const CaseFile& file, v1::Plan& plan) {
    if (file.is_refused || !file.renames.empty()) return false;
    absl::StatusOr<Schema> to =
        SchemaOfSql(*scratch_, *dialect_, file.to, "to");
    absl::StatusOr<Schema> from =
        SchemaOfSql(*scratch_, *dialect_, file.from, "from");
    if (!to.ok() || !from.ok()) return false;  // for another flavour
    to = ApplySourceScope(*to, file.scope);
    from = ApplyScope(*from, file.scope);
    if (!to.ok() || !from.ok()) return false;
    is_mariadb_ = from->info().flavour == "mariadb";
    absl::StatusOr<v1::Plan> made =
        MakePlan(*from, *to, *dialect_, from->info(), {});
    if (!made.ok()) return false;
    plan = *std::move(made);
    return true;
  }

  static bool IsException(const std::string& name) {
    return std::find(std::begin(kExceptions), std::end(kExceptions), name) !=
           std::end(kExceptions);
  }

  void RunStatement(const std::string& name, const v1::Statement& statement) {
    Session& session = scratch_->session();
    ASSERT_OK(session.ExecuteAll(TextsOf(statement.settings()), nullptr));
    TryFromTheCheapest(name, statement, session);
    ASSERT_OK(session.ExecuteAll(TextsOf(statement.settings_end()), nullptr));
  }

  void TryFromTheCheapest(const std::string& name,
                          const v1::Statement& statement, Session& session) {
    for (const std::string& tail : Tails(is_mariadb_)) {
      const size_t at = statement.sql().rfind(", ALGORITHM=");
      if (at == std::string::npos) break;
      if (statement.sql().substr(at) == tail) {
        ++stated_;
        break;
      }
      const std::string cheaper =
          absl::StrCat(statement.sql().substr(0, at), tail);
      if (session.Execute(cheaper).ok()) {
        EXPECT_TRUE(IsException(name))
            << name << ": " << statement.sql() << "\n  needs only " << tail;
        return;
      }
      ++refused_;
    }
    EXPECT_OK(session.Execute(statement.sql())) << name;
  }

  const Dialect* dialect_ = nullptr;
  std::unique_ptr<Scratch> scratch_;
  bool is_mariadb_ = true;
  int stated_ = 0;
  int refused_ = 0;
};

TEST_F(AlgorithmTest, NoCheaperOneWouldDo) {
  for (const std::string& name : testing::ListCases(kCases)) {
    if (!absl::StartsWith(name, "mysql/")) continue;
    std::ifstream in(absl::StrCat(kCases, "/", name), std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(in)),
                           std::istreambuf_iterator<char>());
    ASSERT_OK_AND_ASSIGN(const CaseFile file, testing::ParseCase(text));
    v1::Plan plan;
    if (!Plan(file, plan)) continue;
    for (const v1::Statement& statement : plan.statements()) {
      RunStatement(name, statement);
    }
  }
  std::printf(
      "%d statements name their algorithm; %d cheaper ones are refused\n",
      stated_, refused_);
  EXPECT_GT(stated_, 100);
  EXPECT_GT(refused_, 100);
}

}  // namespace
}  // namespace fleet
