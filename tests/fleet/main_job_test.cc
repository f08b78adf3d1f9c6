// The main job and its faults, by real processes over real databases.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/testing/saas_fleet.h"

namespace fleet::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr char kPolicy[] =
    "version: 1\nregions: [eu, us, ap]\nwaves:\n"
    "  - {name: canary, canary: 1, bake: 100ms}\n"
    "  - {name: \"{{region}}\", each: region, max_parallel: 2, bake: 100ms}\n";

constexpr char kVersion1[] = R"(
CREATE TYPE state AS ENUM ('new', 'paid');
CREATE TABLE tenants (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  slug varchar(40) NOT NULL UNIQUE, state state NOT NULL DEFAULT 'new');
CREATE TABLE orders (id bigserial PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES tenants, total numeric(10,2));
CREATE INDEX orders_tenant ON orders (tenant_id);
CREATE VIEW paid AS SELECT id, slug FROM tenants WHERE state = 'paid';
)";

constexpr char kVersion2[] = R"(
ALTER TYPE state ADD VALUE 'refunded';
ALTER TABLE tenants ADD COLUMN note text;
DROP VIEW paid;
ALTER TABLE tenants ALTER COLUMN slug TYPE varchar(63);
CREATE VIEW paid AS SELECT id, slug FROM tenants WHERE state = 'paid';
CREATE TABLE hooks (id bigint PRIMARY KEY, url text NOT NULL);
)";

// One fleet for all tests of this file: they build on each other's state only
// through Reset.
class MainJob : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    saas_ = new SaasFleet;
    saas_->Sql("prod-eu", kVersion1);
    saas_->fleet().Start();
    policy_ = saas_->Policy(kPolicy);
  }
  static void TearDownTestSuite() { delete saas_; }

  ProcessResult Sync(std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {
        "sync",     "--source", "prod-eu", "--targets",
        "tag:saas", "--policy", policy_,   "--auto-approve"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return saas_->fleet().Run(arguments);
  }

  void ExpectExit(const ProcessResult& result, int code) {
    EXPECT_EQ(result.exit_code, code)
        << result.out << result.err << saas_->fleet().Logs();
  }

  static SaasFleet* saas_;
  static std::string policy_;
};

SaasFleet* MainJob::saas_ = nullptr;
std::string MainJob::policy_;

TEST_F(MainJob, A1SyncMakesEveryTargetEqualInWaves) {
  const ProcessResult result = Sync({"-m", "first"});
  ExpectExit(result, 0);
  EXPECT_THAT(saas_->Different(), IsEmpty());
  EXPECT_THAT(
      result.out,
      AllOf(HasSubstr("GROUP A · 12 targets"), HasSubstr("saas-eu-[01-04]"),
            HasSubstr("rehearsed forward and back"), HasSubstr("canary")));
  // The next one has nothing to do and says so.
  const ProcessResult again = Sync();
  ExpectExit(again, 0);
  EXPECT_THAT(again.out, HasSubstr("No changes. 12 targets match prod-eu"));
}

TEST_F(MainJob, A2ChangedSourceReachesEveryTargetOnce) {
  saas_->Sql("prod-eu", kVersion2);
  saas_->ClearLedgers();
  const ProcessResult result = Sync();
  ExpectExit(result, 0);
  EXPECT_THAT(saas_->Different(), IsEmpty());
  const std::string ledger = saas_->Ledger("saas-ap-01");
  EXPECT_THAT(ledger, HasSubstr("CREATE TABLE public.hooks"));
  for (const std::string& target : saas_->targets()) {
    EXPECT_EQ(saas_->Ledger(target), ledger) << target;
  }
  const ProcessResult history = saas_->fleet().Run({"history", "saas-ap-01"});
  ExpectExit(history, 0);
  EXPECT_THAT(history.out, AllOf(HasSubstr("first seen"), HasSubstr("sync")));
}

TEST_F(MainJob, A3DriftIsFoundAndPutBack) {
  saas_->Sql("saas-us-02", "CREATE INDEX hotfix ON orders (total)");
  const ProcessResult drift = saas_->fleet().Run(
      {"drift", "--targets", "tag:saas", "--refresh", "--detailed-exitcode"});
  ExpectExit(drift, 2);
  EXPECT_THAT(drift.out, AllOf(HasSubstr("saas-us-02"), HasSubstr("hotfix"),
                               HasSubstr("1 drifted")));
  ExpectExit(Sync(), 0);
  EXPECT_THAT(saas_->Different(), IsEmpty());
}

TEST_F(MainJob, A4RollbackGoesBackToTheRecordedVersion) {
  const ProcessResult rollback = saas_->fleet().Run(
      {"rollback", "--targets", "tag:saas", "--to", "2", "--policy", policy_,
       "--auto-approve", "--allow-hazards", "all", "--allow-drop-tables"});
  ExpectExit(rollback, 0);
  EXPECT_EQ(saas_->Value("saas-eu-01",
                         "SELECT count(*) FROM pg_tables WHERE schemaname = "
                         "'public' AND tablename = 'hooks'"),
            "0");
  EXPECT_EQ(saas_->Value("saas-eu-01",
                         "SELECT atttypmod - 4 FROM pg_attribute WHERE "
                         "attrelid = 'public.tenants'::regclass AND attname = "
                         "'slug'"),
            "40");
  ExpectExit(Sync(), 0);
  EXPECT_THAT(saas_->Different(), IsEmpty());
}

TEST_F(MainJob, A5WhatIsRenamedKeepsItsRows) {
  constexpr char kAmount[] = "SELECT amount FROM public.purchases";
  saas_->Sql("saas-eu-01",
             "INSERT INTO tenants (slug) VALUES ('x'); INSERT INTO orders "
             "(tenant_id, total) SELECT id, 12.5 FROM tenants");
  saas_->Sql("prod-eu",
             "ALTER TABLE orders RENAME TO purchases; ALTER TABLE purchases "
             "RENAME COLUMN total TO amount");
  const ProcessResult wrong = Sync({"--rename", "table:order=purchases"});
  ExpectExit(wrong, 8);
  EXPECT_THAT(wrong.out, HasSubstr("the target has no table order"));
  const ProcessResult sync = Sync({"--rename", "table:orders=purchases",
                                   "--rename", "column:orders.total=amount"});
  ExpectExit(sync, 0);
  EXPECT_THAT(saas_->Different(), IsEmpty());
  EXPECT_EQ(saas_->Value("saas-eu-01", kAmount), "12.50");
  // The way back, by a rollback.
  saas_->Sql("prod-eu",
             "ALTER TABLE purchases RENAME COLUMN amount TO total; ALTER TABLE "
             "purchases RENAME TO orders");
  const size_t recap = sync.out.find("RECAP r-");
  ASSERT_NE(recap, std::string::npos) << sync.out;
  const std::string rollout =
      sync.out.substr(recap + 6, sync.out.find(' ', recap + 6) - recap - 6);
  ExpectExit(saas_->fleet().Run({"rollback", "--rollout", rollout, "--policy",
                                 policy_, "--auto-approve", "--rename",
                                 "table:purchases=orders", "--rename",
                                 "column:purchases.amount=total"}),
             0);
  EXPECT_THAT(saas_->Different(), IsEmpty());
  EXPECT_EQ(saas_->Value("saas-eu-01", "SELECT total FROM public.orders"),
            "12.50");
  saas_->Sql("saas-eu-01", "DELETE FROM orders; DELETE FROM tenants");
}

TEST_F(MainJob, B1BadInputIsSaidClearly) {
  MiniFleet& fleet = saas_->fleet();
  ProcessResult result =
      fleet.Run({"plan", "--source", "prod-eux", "--targets", "tag:saas"});
  ExpectExit(result, 1);
  EXPECT_THAT(result.err, AllOf(HasSubstr("prod-eux"), HasSubstr("prod-eu")));

  result = fleet.Run({"plan", "--source", "prod-eu", "--targets", "tag:sass"});
  ExpectExit(result, 1);
  EXPECT_THAT(result.err, AllOf(HasSubstr("tag:sass"), HasSubstr("saas")));

  const std::string bad = saas_->Policy("version: 1\nwavess: []\n");
  result = fleet.Run({"plan", "--source", "prod-eu", "--targets", "tag:saas",
                      "--policy", bad});
  ExpectExit(result, 78);
  EXPECT_THAT(result.err, AllOf(HasSubstr(bad + ":2:1"), HasSubstr("waves")));

  const std::string twice =
      saas_->Policy("version: 1\nversion: 1\nwaves: []\n");
  result = fleet.Run({"plan", "--source", "prod-eu", "--targets", "tag:saas",
                      "--policy", twice});
  ExpectExit(result, 78);
  EXPECT_THAT(result.err, HasSubstr("duplicate key"));

  const std::string sql = fleet.folder() + "/broken.sql";
  WriteWholeFile(sql, "CREATE TABLE a (x int);\nCREATE TABEL b (y int);\n");
  result = fleet.Run({"plan", "--source", sql, "--targets", "tag:saas"});
  ExpectExit(result, 1);
  EXPECT_THAT(result.err, HasSubstr("broken.sql:2:8"));
}

TEST_F(MainJob, B2HazardsStopUntilAllowedByName) {
  saas_->Sql("prod-eu", "ALTER TABLE tenants DROP COLUMN note");
  const ProcessResult stopped = Sync();
  ExpectExit(stopped, 3);
  EXPECT_THAT(stopped.err,
              AllOf(HasSubstr("DELETES_DATA"), HasSubstr("--allow-hazards")));
  ExpectExit(Sync({"--allow-hazards", "DELETES_DATA"}), 0);
  EXPECT_THAT(saas_->Different(), IsEmpty());
}

TEST_F(MainJob, B3PlanIsStaleWhenATargetMoves) {
  saas_->Sql("prod-eu", "ALTER TABLE orders ADD COLUMN memo text");
  const ProcessResult plan =
      saas_->fleet().Run({"plan", "--source", "prod-eu", "--targets",
                          "tag:saas", "--policy", policy_, "-o", "json"});
  ExpectExit(plan, 0);
  const size_t at = plan.out.find("\"id\": \"p-");
  ASSERT_NE(at, std::string::npos);
  const std::string id = plan.out.substr(at + 7, 12);

  saas_->Sql("saas-ap-03", "CREATE TABLE moved (x int)");
  ExpectExit(saas_->fleet().Run({"drift", "--refresh"}), 0);
  const ProcessResult start =
      saas_->fleet().Run({"rollout", "start", id, "--auto-approve"});
  ExpectExit(start, 6);
  EXPECT_THAT(start.err, AllOf(HasSubstr("saas-ap-03"), HasSubstr("stale")));
  saas_->Sql("saas-ap-03", "DROP TABLE moved");
  ExpectExit(Sync(), 0);
  EXPECT_THAT(saas_->Different(), IsEmpty());
}

TEST_F(MainJob, B4FailureMidwayStopsLaterWavesAndLeavesTheTarget) {
  // On one target of the second wave the event trigger that keeps the ledger
  // refuses: nothing that a check could have found.
  saas_->Sql(
      "saas-eu-03",
      "ALTER TABLE fleetctl_meta.test_ledger ADD CONSTRAINT broken CHECK "
      "(tag <> 'ALTER TABLE') NOT VALID");
  saas_->Sql("prod-eu",
             "ALTER TABLE orders ADD COLUMN first int;"
             "ALTER TABLE orders ADD CONSTRAINT one_total UNIQUE (total)");
  const ProcessResult failed = Sync();
  ExpectExit(failed, 5);
  EXPECT_THAT(failed.out,
              AllOf(HasSubstr("FAILED saas-eu-03"), HasSubstr("23514"),
                    HasSubstr("NOT STARTED"), HasSubstr("saas-us-[01-04]"),
                    HasSubstr("rollout retry")));
  // The failing target is as it was, the later regions were never touched.
  for (const char* target : {"saas-eu-03", "saas-us-01", "saas-ap-04"}) {
    EXPECT_EQ(saas_->Value(target,
                           "SELECT count(*) FROM pg_attribute WHERE attrelid = "
                           "'public.orders'::regclass AND attname = 'first'"),
              "0")
        << target;
  }
  saas_->Sql("saas-eu-03",
             "ALTER TABLE fleetctl_meta.test_ledger DROP CONSTRAINT broken");
  ExpectExit(saas_->fleet().Run({"rollout", "retry", "r-", "--watch"}), 1);
  const ProcessResult list =
      saas_->fleet().Run({"rollout", "status", "-o", "json"});
  const size_t at = list.out.find("\"id\": \"r-");
  ASSERT_NE(at, std::string::npos) << list.out;
  const std::string id =
      list.out.substr(at + 7, list.out.find('"', at + 7) - at - 7);
  ExpectExit(saas_->fleet().Run({"rollout", "retry", id, "--watch"}), 0);
  EXPECT_THAT(saas_->Different(), IsEmpty());
}

TEST_F(MainJob, B5PauseApproveAbort) {
  const std::string manual = saas_->Policy(
      "version: 1\nregions: [eu, us, ap]\nwaves:\n"
      "  - {name: canary, canary: 1, bake: 0s}\n"
      "  - {name: rest, promote: manual, max_parallel: 4, bake: 0s}\n");
  saas_->Sql("prod-eu", "CREATE INDEX orders_first ON orders (first)");
  const ProcessResult started = saas_->fleet().Run(
      {"sync", "--source", "prod-eu", "--targets", "tag:saas", "--policy",
       manual, "--auto-approve", "--detach"});
  ExpectExit(started, 0);
  const std::string id =
      started.out.substr(started.out.rfind("Started ") + 8,
                         started.out.find('\n', started.out.rfind("Started ")) -
                             started.out.rfind("Started ") - 8);
  ProcessResult status;
  for (int i = 0; i < 200; ++i) {
    status = saas_->fleet().Run({"rollout", "status", id});
    if (status.out.find("waits for approval") != std::string::npos) break;
    absl::SleepFor(absl::Milliseconds(50));
  }
  EXPECT_THAT(status.out, HasSubstr("waits for approval"));
  ExpectExit(saas_->fleet().Run({"rollout", "pause", id}), 0);
  ExpectExit(saas_->fleet().Run({"rollout", "resume", id}), 0);
  ExpectExit(saas_->fleet().Run({"rollout", "approve", id, "--watch"}), 0);
  EXPECT_THAT(saas_->Different(), IsEmpty());

  saas_->Sql("prod-eu", "DROP INDEX orders_first");
  const ProcessResult second = saas_->fleet().Run(
      {"sync", "--source", "prod-eu", "--targets", "tag:saas", "--policy",
       manual, "--auto-approve", "--detach"});
  ExpectExit(second, 0);
  ExpectExit(
      saas_->fleet().Run({"rollout", "status", "--watch", "--timeout", "2"}),
      7);
  ProcessResult aborted;
  const std::string latest = absl::StrCat("r-", std::stoi(id.substr(2)) + 1);
  aborted = saas_->fleet().Run({"rollout", "abort", latest, "--watch"});
  ExpectExit(aborted, 5);
  EXPECT_EQ(saas_->Different().size(), 11u);
  ExpectExit(Sync(), 0);
}

TEST_F(MainJob, B6RowsOfTheLastWaveStopItBeforeTheCanary) {
  saas_->Sql(
      "saas-ap-04",
      "INSERT INTO tenants (slug) VALUES ('a');"
      "INSERT INTO orders (tenant_id, total) SELECT id, -1 FROM tenants");
  saas_->Sql("prod-eu",
             "ALTER TABLE orders ADD CONSTRAINT owed CHECK (total >= 0)");
  saas_->ClearLedgers();
  const ProcessResult stopped = Sync();
  ExpectExit(stopped, 3);
  EXPECT_THAT(stopped.out, HasSubstr("BLOCKED"));
  EXPECT_THAT(stopped.err,
              AllOf(HasSubstr("would not get to its end on 1 target"),
                    HasSubstr("saas-ap-04: check public.orders.owed finds rows "
                              "that break it; change them first (1)")));
  for (const std::string& target : saas_->targets()) {
    EXPECT_EQ(saas_->Ledger(target), "") << target;
  }
  saas_->Sql("saas-ap-04", "DELETE FROM orders; DELETE FROM tenants");
  ExpectExit(Sync(), 0);
  EXPECT_THAT(saas_->Different(), IsEmpty());
}

TEST_F(MainJob, B7UnreachableAgentIsNamed) {
  saas_->fleet().KillAgent("ap");
  absl::SleepFor(absl::Milliseconds(500));
  const ProcessResult plan = saas_->fleet().Run(
      {"plan", "--source", "prod-eu", "--targets", "tag:saas"});
  ExpectExit(plan, 0);
  EXPECT_THAT(plan.out, AllOf(HasSubstr("UNREACHABLE"), HasSubstr("saas-ap-01"),
                              HasSubstr("last seen")));
  saas_->fleet().StartAgent("ap");
  EXPECT_TRUE(saas_->fleet().WaitForTargets(13, absl::Seconds(20)));
}

}  // namespace
}  // namespace fleet::testing
