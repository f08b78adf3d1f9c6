// kill -9 of an agent or the coordinator in the middle of a wave: no statement
// is applied twice, none is lost, and the rollout ends as if nothing happened.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/testing/saas_fleet.h"

namespace fleet::testing {
namespace {

using ::testing::IsEmpty;

constexpr int kRounds = 20;

constexpr char kPolicy[] =
    "version: 1\nregions: [eu, us, ap]\nwaves:\n"
    "  - {name: canary, canary: 1, bake: 0s}\n"
    "  - {name: \"{{region}}\", each: region, max_parallel: 2, bake: 0s}\n";

constexpr char kBase[] = R"(
CREATE TYPE step AS ENUM ('s0');
CREATE TABLE ledger_rows (id bigserial PRIMARY KEY, v int NOT NULL);
)";

// Several transaction groups: a new enum value cannot share a transaction with
// its use, so each round has statements inside and outside of transactions.
std::string Round(int n) {
  return absl::StrCat(
      "CREATE TABLE before_", n, " (id int PRIMARY KEY, a text);",
      "CREATE INDEX before_", n, "_a ON before_", n, " (a);",
      "ALTER TYPE step ADD VALUE 's", n, "';", "CREATE TABLE after_", n,
      " (id int PRIMARY KEY, s step NOT NULL DEFAULT 's", n, "');",
      "CREATE VIEW both_", n, " AS SELECT b.a, c.s FROM before_", n,
      " b JOIN after_", n, " c USING (id);", "ALTER TABLE ledger_rows ADD c", n,
      " int NOT NULL DEFAULT ", n, ";");
}

class Kill : public ::testing::Test {
 protected:
  Kill() {
    saas_.Sql("prod-eu", kBase);
    saas_.fleet().Start();
    policy_ = saas_.Policy(kPolicy);
    EXPECT_EQ(saas_.fleet().Run(Sync()).exit_code, 0);
  }

  std::vector<std::string> Sync() const {
    return {"sync",     "--source", "prod-eu", "--targets",
            "tag:saas", "--policy", policy_,   "--auto-approve"};
  }

  // One round: change the source, start a sync, let `strike` do its worst
  // somewhere in the middle, and require the result of an undisturbed run.
  template <typename Strike>
  void OneRound(int round, int delay_ms, Strike strike) {
    SCOPED_TRACE(
        absl::StrCat("round ", round, ", killed after ", delay_ms, " ms"));
    // A plan needs its agents; the last round's victim may still be dialing.
    ASSERT_TRUE(saas_.fleet().WaitForTargets(13, absl::Seconds(60)))
        << saas_.fleet().Logs();
    saas_.Sql("prod-eu", Round(round));
    saas_.ClearLedgers();
    const std::string out =
        absl::StrCat(saas_.fleet().folder(), "/sync", round, ".out");
    std::unique_ptr<Process> sync = saas_.fleet().RunInBackground(Sync(), out);
    // The rollout starts once the plan is made and rehearsed.
    for (int i = 0; i < 1000 && sync->IsRunning(); ++i) {
      if (ReadWholeFile(out).find("wave 1/") != std::string::npos) break;
      absl::SleepFor(absl::Milliseconds(5));
    }
    absl::SleepFor(absl::Milliseconds(delay_ms));
    strike();
    EXPECT_EQ(sync->Wait(absl::Seconds(90)), 0)
        << ReadWholeFile(out) << saas_.fleet().Logs();
    EXPECT_THAT(saas_.Different(), IsEmpty());
    const std::string ledger = saas_.Ledger(saas_.targets()[0]);
    EXPECT_NE(ledger.find(absl::StrCat("CREATE TABLE public.after_", round)),
              std::string::npos)
        << ledger;
    for (const std::string& target : saas_.targets()) {
      EXPECT_EQ(saas_.Ledger(target), ledger) << target;
    }
  }

  SaasFleet saas_;
  std::string policy_;
};

TEST_F(Kill, AgentAtRandomMoments) {
  std::mt19937 random(20261121);
  for (int round = 1; round <= kRounds && !HasFailure(); ++round) {
    const std::vector<std::string> regions = saas_.fleet().Regions();
    const std::string region = regions[random() % regions.size()];
    OneRound(round, static_cast<int>(random() % 600), [&] {
      saas_.fleet().KillAgent(region);
      saas_.fleet().StartAgent(region);
    });
  }
}

TEST_F(Kill, CoordinatorAtRandomMoments) {
  std::mt19937 random(42);
  for (int round = 1; round <= kRounds && !HasFailure(); ++round) {
    OneRound(round, static_cast<int>(random() % 600), [&] {
      saas_.fleet().KillCoordinator();
      saas_.fleet().StartCoordinator();
    });
  }
}

}  // namespace
}  // namespace fleet::testing
