// kill -9 of an agent, or of the server itself, in the middle of an ALTER that
// no transaction holds: no statement is committed twice, none is lost, and the
// rollout ends as if nothing happened.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <map>
#include <random>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "lib/base/status.h"
#include "lib/engine/open_session.h"
#include "tests/testing/mariadb_instance.h"
#include "tests/testing/matchers.h"
#include "tests/testing/mini_fleet.h"
#include "tests/testing/real_mysql.h"

namespace fleet::testing {
namespace {

using ::testing::HasSubstr;

constexpr int kRounds = 20;
// Into an ALTER that takes a few hundred.
constexpr int kDelayMsMax = 120;
constexpr char kSource[] = "prod-eu";

constexpr char kPolicy[] =
    "version: 1\nregions: [eu, us, ap]\nwaves:\n"
    "  - {name: canary, canary: 1, bake: 0s}\n"
    "  - {name: \"{{region}}\", each: region, max_parallel: 2, bake: 0s}\n";

constexpr char kBase[] =
    "CREATE TABLE big (id INT PRIMARY KEY, v INT NOT NULL, pad VARCHAR(200));";
constexpr char kRows[] =
    "INSERT INTO big SELECT seq, seq, repeat('x', 200) FROM seq_1_to_100000;";

// A table is copied, one comes, one clause is instant, and one statement leaves
// a trace in nothing but the text of a view.
std::string Round(int n) {
  return absl::StrCat(
      "CREATE TABLE t", n, " (id INT PRIMARY KEY, a VARCHAR(20));",
      "ALTER TABLE big MODIFY v ", n % 2 == 0 ? "INT" : "BIGINT",
      " NOT NULL, ADD c", n, " INT NOT NULL DEFAULT ", n, ";",
      "CREATE OR REPLACE VIEW w AS SELECT id, v + ", n, " AS x FROM big;",
      "ALTER TABLE t", n, " COMMENT = 'round ", n, "';");
}

// What a kill fell into.
enum class Moment { kTooLate, kBetween, kInStatement };

class MariadbKill : public ::testing::Test {
 protected:
  MariadbKill() : fleet_(ScratchUrl()) {
    Add(kSource, "eu", "source", true);
    Sql(kSource, kBase);
    for (const char* region : {"ap", "eu", "us"}) {
      for (int n = 1; n <= 2; ++n) {
        targets_.push_back(absl::StrCat("saas-", region, "-0", n));
        Add(targets_.back(), region, "saas", false);
        Sql(targets_.back(), absl::StrCat(kBase, kRows));
      }
    }
    fleet_.Start();
    policy_ = fleet_.folder() + "/policy.yaml";
    WriteWholeFile(policy_, kPolicy);
  }

  static std::string ScratchUrl() {
    const absl::StatusOr<std::string> url = MysqlServerUrl();
    EXPECT_OK(url);
    return url.ok() ? *url : "";
  }

  void Add(const std::string& name, const std::string& region,
           const std::string& tag, bool read_only) {
    auto session = OpenSession(server_.Url("information_schema"), {});
    ASSERT_OK(session);
    ASSERT_OK(
        (*session)->Execute(absl::StrCat("CREATE DATABASE `", name, "`")));
    fleet_.AddTarget({name, server_.Url(name), region, tag, read_only});
  }

  void Sql(const std::string& database, const std::string& sql) {
    auto session = OpenSession(server_.Url(database), {});
    ASSERT_OK(session);
    ASSERT_OK((*session)->RunScript(sql, "test.sql"));
  }

  // An ALTER runs on a target of the region, as the server says.
  bool IsInStatement(const std::string& region) {
    auto session = OpenSession(server_.Url("information_schema"), {});
    if (!session.ok()) return false;
    auto rows = (*session)->Query(absl::StrCat(
        "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE DB LIKE "
        "'saas-",
        region, "-%' AND COMMAND = 'Query' AND INFO LIKE 'ALTER%'"));
    return rows.ok() && (*rows)->at(0, 0) != "0";
  }

  // `strike(region)` does its worst until it has been in the middle of an ALTER
  // kRounds times.
  template <typename Strike>
  void Rounds(uint32_t seed, Strike strike) {
    std::mt19937 random(seed);
    const std::vector<std::string> regions = fleet_.Regions();
    std::map<Moment, int> count;
    for (int round = 1; count[Moment::kInStatement] < kRounds && !HasFailure();
         ++round) {
      ASSERT_LE(round, 4 * kRounds) << "rollouts end before they are hit";
      const std::string region = regions[random() % regions.size()];
      const int delay_ms = static_cast<int>(random() % kDelayMsMax);
      ++count[OneRound(round, region, delay_ms, strike)];
    }
    std::printf(
        "%d kills in the middle of an ALTER, %d between statements, %d came "
        "too late\n",
        count[Moment::kInStatement], count[Moment::kBetween],
        count[Moment::kTooLate]);
  }

  template <typename Strike>
  Moment OneRound(int round, const std::string& region, int delay_ms,
                  Strike strike) {
    SCOPED_TRACE(absl::StrCat("round ", round, ", ", region, " killed after ",
                              delay_ms, " ms"));
    EXPECT_TRUE(fleet_.WaitForTargets(7, absl::Seconds(60))) << fleet_.Logs();
    Sql(kSource, Round(round));
    server_.FlushLog();
    const std::string out =
        absl::StrCat(fleet_.folder(), "/sync", round, ".out");
    std::unique_ptr<Process> sync = fleet_.RunInBackground(
        {"sync", "--source", kSource, "--targets", "tag:saas", "--policy",
         policy_, "--auto-approve", "--allow-hazards", "all"},
        out);
    for (int i = 0; i < 2000 && sync->IsRunning(); ++i) {
      if (ReadWholeFile(out).find("wave 1/") != std::string::npos) break;
      absl::SleepFor(absl::Milliseconds(5));
    }
    while (sync->IsRunning() && !IsInStatement(region)) {
    }
    absl::SleepFor(absl::Milliseconds(delay_ms));
    Moment moment =
        IsInStatement(region) ? Moment::kInStatement : Moment::kBetween;
    if (!sync->IsRunning()) moment = Moment::kTooLate;
    strike(region);
    EXPECT_EQ(sync->Wait(absl::Seconds(120)), 0)
        << ReadWholeFile(out) << fleet_.Logs();
    ExpectAppliedOnce(round);
    return moment;
  }

  void ExpectAppliedOnce(int round) {
    const std::string first = Definitions(targets_[0]);
    EXPECT_THAT(first, HasSubstr(absl::StrCat("CREATE TABLE `t", round, "`")));
    EXPECT_THAT(first, HasSubstr("ALTER TABLE `big`"));
    EXPECT_THAT(first, HasSubstr("VIEW `w`"));
    for (const std::string& target : targets_) {
      EXPECT_EQ(Definitions(target), first) << target;
      const ProcessResult diff =
          fleet_.Run({"diff", server_.Url(target), server_.Url(kSource),
                      "--detailed-exitcode"});
      EXPECT_EQ(diff.exit_code, 0) << target << ": " << diff.out << diff.err;
    }
  }

  // What the server has committed, but for our own book-keeping.
  std::string Definitions(const std::string& target) {
    std::string text;
    const std::string all = server_.Committed(target);
    for (const absl::string_view line : absl::StrSplit(all, '\n')) {
      if (absl::StrContains(line, "fleetctl_meta") ||
          !(absl::StartsWith(line, "CREATE") ||
            absl::StartsWith(line, "ALTER"))) {
        continue;
      }
      absl::StrAppend(&text, line, "\n");
    }
    return text;
  }

  MariadbInstance server_;
  MiniFleet fleet_;
  std::vector<std::string> targets_;
  std::string policy_;
};

TEST_F(MariadbKill, AgentInTheMiddleOfAnAlter) {
  Rounds(20261127, [&](const std::string& region) {
    fleet_.KillAgent(region);
    fleet_.StartAgent(region);
  });
}

TEST_F(MariadbKill, ServerInTheMiddleOfAnAlter) {
  Rounds(11, [&](const std::string&) {
    server_.Kill();
    server_.Start();
  });
}

}  // namespace
}  // namespace fleet::testing
