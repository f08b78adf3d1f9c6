// kill -9 of an agent, with or without the loss of its disk, or of the
// coordinator in the middle of a wave: no statement is applied twice, none is
// lost, and the rollout ends as if nothing happened.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
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
// its use, and what reads the rows of a table that is there stands alone, so
// each round has statements inside and outside of transactions.
std::string Round(int n) {
  return absl::StrCat(
      "CREATE TABLE before_", n, " (id int PRIMARY KEY, a text);",
      "CREATE INDEX before_", n, "_a ON before_", n, " (a);",
      "ALTER TYPE step ADD VALUE 's", n, "';", "CREATE TABLE after_", n,
      " (id int PRIMARY KEY, s step NOT NULL DEFAULT 's", n, "');",
      "CREATE VIEW both_", n, " AS SELECT b.a, c.s FROM before_", n,
      " b JOIN after_", n, " c USING (id);", "ALTER TABLE ledger_rows ADD c", n,
      " int NOT NULL DEFAULT ", n, ";", "CREATE UNIQUE INDEX ledger_", n,
      " ON ledger_rows (c", n, ", id);",
      "ALTER TABLE ledger_rows ADD CONSTRAINT k", n, " CHECK (v <> ", n, ");",
      n > 1 ? absl::StrCat("DROP INDEX ledger_", n - 1, ";") : "");
}

// What a kill fell into.
enum class Moment { kTooLate, kBetween, kInTransaction };

class Kill : public ::testing::Test {
 protected:
  Kill() {
    saas_.Sql("prod-eu", kBase);
    saas_.fleet().Start();
    policy_ = saas_.Policy(kPolicy);
    EXPECT_EQ(saas_.fleet().Run(Sync()).exit_code, 0);
    // So that a transaction is something that can be hit.
    saas_.SlowDown(absl::Milliseconds(20));
  }

  std::vector<std::string> Sync() const {
    return {"sync",     "--source", "prod-eu", "--targets",
            "tag:saas", "--policy", policy_,   "--auto-approve"};
  }

  // `strike(region)` does its worst in kRounds rounds that it really
  // interrupted; a round that ended before it is not one.
  template <typename Strike>
  void Rounds(uint32_t seed, Strike strike) {
    std::mt19937 random(seed);
    const std::vector<std::string> regions = saas_.fleet().Regions();
    int interrupted = 0, in_transaction = 0, too_late = 0;
    int delay_max_ms = 600;
    for (int round = 1; interrupted < kRounds && !HasFailure(); ++round) {
      const std::string region = regions[random() % regions.size()];
      const Moment moment =
          OneRound(round, region, static_cast<int>(random() % delay_max_ms),
                   /*aimed=*/random() % 2 == 0, strike);
      if (moment == Moment::kTooLate) {
        delay_max_ms = std::max(delay_max_ms * 3 / 4, 50);
        ASSERT_LE(++too_late, kRounds) << "rollouts end before they are hit";
        continue;
      }
      ++interrupted;
      in_transaction += moment == Moment::kInTransaction;
    }
    std::printf("%d kills, %d inside of a transaction, %d came too late\n",
                interrupted, in_transaction, too_late);
    EXPECT_GE(in_transaction, kRounds / 4);
  }

  // One round: change the source, start a sync, let `strike` do its worst
  // somewhere in the middle, and require the result of an undisturbed run.
  // `aimed`: at a transaction, where there soon is one.
  template <typename Strike>
  Moment OneRound(int round, const std::string& region, int delay_ms,
                  bool aimed, Strike strike) {
    SCOPED_TRACE(absl::StrCat("round ", round, ", ", region, " killed after ",
                              delay_ms, " ms", aimed ? ", aimed" : ""));
    // A plan needs its agents; the last round's victim may still be dialing.
    EXPECT_TRUE(saas_.fleet().WaitForTargets(13, absl::Seconds(60)))
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
    Moment moment = Moment::kBetween;
    for (int i = 0; i < (aimed ? 200 : 1) && sync->IsRunning(); ++i) {
      if (!saas_.IsInTransaction(region)) continue;
      moment = Moment::kInTransaction;
      break;
    }
    if (!sync->IsRunning()) moment = Moment::kTooLate;
    strike(region);
    EXPECT_EQ(sync->Wait(absl::Seconds(90)), 0)
        << ReadWholeFile(out) << saas_.fleet().Logs();
    ExpectAppliedOnce(round);
    return moment;
  }

  void ExpectAppliedOnce(int round) {
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
  Rounds(20261121, [&](const std::string& region) {
    saas_.fleet().KillAgent(region);
    saas_.fleet().StartAgent(region);
  });
}

// Nothing is left that knows how far it was, but the database.
TEST_F(Kill, AgentWithItsDiskAtRandomMoments) {
  Rounds(7, [&](const std::string& region) {
    saas_.fleet().KillAgent(region);
    saas_.fleet().LoseAgentDisk(region);
    saas_.fleet().StartAgent(region);
  });
}

TEST_F(Kill, CoordinatorAtRandomMoments) {
  Rounds(42, [&](const std::string&) {
    saas_.fleet().KillCoordinator();
    saas_.fleet().StartCoordinator();
  });
}

}  // namespace
}  // namespace fleet::testing
