#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "lib/base/status.h"
#include "lib/engine/make_plan.h"
#include "lib/engine/postgres/lint_rules.h"
#include "lib/engine/postgres/scratch.h"
#include "lib/engine/registry.h"
#include "lib/engine/scratch.h"
#include "lib/schema/scope.h"
#include "tests/lib/engine/postgres/statement_watch.h"
#include "tests/testing/case_file.h"
#include "tests/testing/matchers.h"
#include "tests/testing/real_postgres.h"

// Every statement that the renderers write for the cases, in its online and its
// offline form: what the plan says that it locks, rewrites and reads is what a
// server does.

namespace fleet {
namespace {

using testing::CaseFile;
using testing::Seen;
using testing::StatementWatch;

const char kCases[] = FLEET_SOURCE_DIR "/tests/cases";

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string((std::istreambuf_iterator<char>(file)),
                     std::istreambuf_iterator<char>());
}

// "ALTER TABLE ADD CONSTRAINT CHECK NOT VALID": the key words it begins with.
std::string FormOf(absl::string_view sql) {
  std::vector<absl::string_view> words;
  for (absl::string_view word : absl::StrSplit(sql, ' ')) {
    const bool key = !word.empty() &&
                     absl::ascii_isupper(static_cast<unsigned char>(word[0])) &&
                     word.find_first_of("\"'(.") == word.npos;
    if (key && words.size() < 7) words.push_back(word);
  }
  return absl::StrJoin(words, " ");
}

std::string TextOf(const v1::Plan& plan) {
  std::string text;
  for (const v1::Statement& statement : plan.statements()) {
    absl::StrAppend(&text, statement.sql(), ";");
  }
  return text;
}

// The relation that the statement is about was there before the plan.
bool IsAboutOld(const v1::Statement& statement, const Schema& from) {
  if (statement.path_size() < 2) return false;
  const Path relation{statement.path(0), statement.path(1)};
  for (v1::ObjectKind kind : {v1::TABLE, v1::VIEW, v1::MATERIALIZED_VIEW,
                              v1::SEQUENCE, v1::FOREIGN_TABLE}) {
    if (from.Find(kind, relation) != nullptr) return true;
  }
  return false;
}

class LockTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(dialect_, DialectNamed("postgres"));
    ASSERT_OK_AND_ASSIGN(const std::string url, testing::PostgresServerUrl());
    ASSERT_OK_AND_ASSIGN(scratch_, Scratch::Open(v1::POSTGRES, url));
    server_url_ = url;
  }

  // The scratch database by the name it has now.
  std::string ScratchUrl() {
    auto rows = scratch_->session().Query("SELECT current_database()");
    EXPECT_OK(rows);
    return WithDatabase(server_url_, (*rows)->at(0, 0));
  }

  // Both forms of the plan of a case; one where they are the same.
  absl::StatusOr<std::vector<v1::Plan>> PlansOf(const CaseFile& file) {
    ASSIGN_OR_RETURN(const Schema to,
                     SchemaOfSql(*scratch_, *dialect_, file.to, "to"));
    ASSIGN_OR_RETURN(from_,
                     SchemaOfSql(*scratch_, *dialect_, file.from, "from"));
    std::optional<Renamed> renamed;
    if (!file.renames.empty()) {
      ASSIGN_OR_RETURN(
          renamed, RenameOnScratch(*scratch_, *dialect_, file.renames, from_,
                                   to, {}, RenderOptions()));
      RETURN_IF_ERROR(
          SchemaOfSql(*scratch_, *dialect_, file.from, "from").status());
    }
    const Schema& start = renamed ? renamed->schema : from_;
    KeepOptions keep;
    keep.drop_tables = true;
    ASSIGN_OR_RETURN(const Expected expected, ExpectedSchema(to, start, keep));
    std::vector<v1::Plan> plans;
    for (bool online : {true, false}) {
      PlanOptions options;
      options.render.online = online;
      options.with_reverse = false;
      options.renamed = renamed ? &*renamed : nullptr;
      ASSIGN_OR_RETURN(
          v1::Plan plan,
          MakePlan(start, expected.schema, *dialect_, from_.info(), options));
      if (plans.empty() || TextOf(plans.front()) != TextOf(plan)) {
        plans.push_back(std::move(plan));
      }
    }
    return plans;
  }

  void Compare(const v1::Statement& statement, const Seen& seen) {
    const std::string what = absl::StrCat(name_, ": ", statement.sql());
    const bool old = IsAboutOld(statement, from_);
    // What is new has its lock by being made.
    if (old || !seen.lock.empty()) {
      // The lock on a composite type's own relation is nobody's concern.
      if (!absl::StrContains(statement.sql(), " ADD VALUE ") &&
          !absl::StartsWith(statement.sql(), "DROP TYPE ")) {
        EXPECT_EQ(statement.lock(), seen.lock) << what;
      }
    }
    EXPECT_EQ(statement.rewrites_table(), seen.rewrites) << what;
    if (old) {
      EXPECT_EQ(statement.scans_table(), seen.scans) << what;
    }
    for (const std::string& id : statement.rules()) {
      const LintRule* rule = FindRule(dialect_->lint_rules(), id);
      ASSERT_NE(rule, nullptr) << id;
      EXPECT_EQ(rule->use, RuleUse::kShown) << what;
      rules_.insert(id);
    }
    ++compared_;
    forms_.insert(FormOf(statement.sql()));
  }

  // The scratch holds the case's `from`.
  void WatchPlan(const v1::Plan& plan) {
    auto watch = StatementWatch::Open(ScratchUrl());
    ASSERT_OK(watch);
    ASSERT_OK((*watch)->Begin(dialect_->PlanPrologue(plan)));
    for (const v1::Statement& statement : plan.statements()) {
      const absl::StatusOr<Seen> seen = (*watch)->Run(statement);
      ASSERT_OK(seen) << name_ << ": " << statement.sql();
      Compare(statement, *seen);
    }
  }

  void WatchCase(const CaseFile& file) {
    auto plans = PlansOf(file);
    ASSERT_OK(plans) << name_;
    for (const v1::Plan& plan : *plans) {
      if (&plan != &plans->front()) {
        ASSERT_OK(SchemaOfSql(*scratch_, *dialect_, file.from, "from"));
        absl::StrAppend(&name_, " offline");
      }
      WatchPlan(plan);
    }
  }

  const Dialect* dialect_ = nullptr;
  std::unique_ptr<Scratch> scratch_;
  std::string server_url_;
  std::string name_;
  Schema from_;
  int compared_ = 0;
  std::set<std::string> forms_;
  std::set<std::string> rules_;
};

TEST_F(LockTest, PlansSayWhatTheServerDoes) {
  const int major = dialect_->Major(scratch_->session().info().server_version);
  for (const std::string& path : testing::ListCases(kCases)) {
    if (!absl::StartsWith(path, "postgres/")) continue;
    auto file = testing::ParseCase(ReadFile(absl::StrCat(kCases, "/", path)));
    ASSERT_OK(file) << path;
    // Those cases differ from their namesakes in nothing that is compared.
    if (file->is_refused || file->offline) continue;
    if (file->requires_major > major) continue;
    name_ = path;
    WatchCase(*file);
  }
  std::set<std::string> unseen;
  for (const LintRule& rule : dialect_->lint_rules()) {
    if (rule.use == RuleUse::kShown) unseen.insert(std::string(rule.id));
  }
  for (const std::string& id : rules_) unseen.erase(id);
  EXPECT_THAT(unseen, ::testing::IsEmpty()) << "rules that no case shows";
  std::printf("%d statements of %zu forms compared, %zu rules seen\n",
              compared_, forms_.size(), rules_.size());
  EXPECT_GT(compared_, 500);
  EXPECT_GT(forms_.size(), 80u);
}

TEST_F(LockTest, RulesAreWhole) {
  const absl::Span<const LintRule> rules = dialect_->lint_rules();
  ASSERT_EQ(rules.size(), 64u);
  for (size_t i = 0; i < rules.size(); ++i) {
    const LintRule& rule = rules[i];
    EXPECT_EQ(rule.id, absl::StrCat("PG-L", i < 9 ? "0" : "", i + 1));
    EXPECT_FALSE(rule.matches.empty()) << rule.id;
    EXPECT_FALSE(rule.safe.empty()) << rule.id;
    EXPECT_TRUE(!rule.rewrites || rule.scans) << rule.id;
  }
}

}  // namespace
}  // namespace fleet
