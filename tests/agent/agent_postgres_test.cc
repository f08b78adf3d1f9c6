#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/agent/agent_fixture.h"
#include "tests/agent/database.h"
#include "tests/testing/real_postgres.h"

// What only a server can do to a plan: end its connection, hold its locks, run
// on without its client.

namespace fleet {
namespace {

using ::fleet::testing::CreatePostgresDatabase;
using ::fleet::testing::PostgresServerUrl;

// Adding the check constraint reads every row, and each takes as long as
// public.pace says: a slow statement whose speed a test sets.
constexpr char kBefore[] = R"sql(
CREATE TABLE public.pace(seconds double precision);
CREATE FUNCTION public.slow(id integer) RETURNS boolean LANGUAGE plpgsql AS
$$BEGIN PERFORM pg_catalog.pg_sleep(p.seconds) FROM public.pace p; RETURN true; END$$;
CREATE TABLE public.users(id integer);
)sql";
constexpr char kAfter[] = R"sql(
CREATE TABLE public.pace(seconds double precision);
CREATE FUNCTION public.slow(id integer) RETURNS boolean LANGUAGE plpgsql AS
$$BEGIN PERFORM pg_catalog.pg_sleep(p.seconds) FROM public.pace p; RETURN true; END$$;
CREATE TABLE public.users(id integer, CONSTRAINT users_slow CHECK (public.slow(id)));
)sql";

class AgentPostgresTest : public AgentFixture {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(const std::string url, CreatePostgresDatabase());
    ASSERT_OK_AND_ASSIGN(scratch_url_, PostgresServerUrl());
    database_ = std::make_unique<Database>(url);
    database_->Run(kBefore);
    plan_ = database_->PlanTo(kAfter, scratch_url_);
    ASSERT_GE(plan_.statements_size(), 1);
    Configure(url, v1::POSTGRES);
  }

  void SetPace(const std::string& seconds) {
    database_->Run(absl::StrCat(
        "TRUNCATE public.pace, public.users; INSERT INTO public.users VALUES "
        "(1); INSERT INTO public.pace VALUES (",
        seconds, ");"));
  }

  // Waits until the agent's plan sleeps in the server.
  std::string AwaitSleepingBackend() {
    for (int i = 0; i < 400; ++i) {
      const std::string pid = database_->Value(
          "SELECT pid FROM pg_catalog.pg_stat_activity WHERE wait_event = "
          "'PgSleep' AND datname = pg_catalog.current_database()");
      if (!pid.empty()) return pid;
      absl::SleepFor(absl::Milliseconds(50));
    }
    ADD_FAILURE() << "no backend sleeps";
    return "0";
  }

  void PrepareAndGo() {
    SendPrepare();
    ASSERT_TRUE(AwaitReady());
    SendGo();
  }

  std::string scratch_url_;
  std::unique_ptr<Database> database_;
};

TEST_F(AgentPostgresTest, AppliesAPlan) {
  SetPace("0");
  StartAgent();
  PrepareAndGo();
  const v1::Result result = AwaitResult();
  EXPECT_EQ(result.state(), v1::TARGET_HEALTHY) << result.message();
  EXPECT_EQ(result.fingerprint(), plan_.to_fingerprint());
  EXPECT_EQ(database_->Fingerprint(), plan_.to_fingerprint());
}

TEST_F(AgentPostgresTest, LostConnectionIsRecoveredNotRepeatedBlindly) {
  SetPace("3");
  StartAgent();
  PrepareAndGo();
  const std::string pid = AwaitSleepingBackend();
  database_->Value(absl::StrCat("SELECT pg_terminate_backend(", pid, ")"));
  const v1::Result result = AwaitResult();
  EXPECT_EQ(result.state(), v1::TARGET_HEALTHY) << result.message();
  EXPECT_EQ(database_->Fingerprint(), plan_.to_fingerprint());
}

TEST_F(AgentPostgresTest, StopsInTimeAndGoesOnLater) {
  SetPace("60");
  StartAgent();
  PrepareAndGo();
  AwaitSleepingBackend();
  const absl::Time begun = absl::Now();
  StopAgent();
  EXPECT_LT(absl::Now() - begun, absl::Seconds(10));
  EXPECT_EQ(database_->Fingerprint(), plan_.from_fingerprint());
  EXPECT_EQ(coordinator_.Count([](auto& m) { return m.has_result(); }), 0u);

  SetPace("0");
  const size_t seen = coordinator_.size();
  StartAgent();
  const v1::Result result = AwaitResult(seen);
  EXPECT_EQ(result.state(), v1::TARGET_HEALTHY) << result.message();
}

// Another fleetctl session is at work on the database: nothing is looked at and
// nothing is run before it is gone.
TEST_F(AgentPostgresTest, RecoveryWaitsForTheFence) {
  SetPace("0");
  WriteInterruptedJournal();
  ASSERT_OK(database_->session().TakeFence(absl::Seconds(5)));
  StartAgent();
  ASSERT_TRUE(coordinator_.Await([](auto& m) {
    return absl::StrContains(m.progress().note(), "still_running");
  }));
  EXPECT_EQ(database_->Fingerprint(), plan_.from_fingerprint());
  database_->session().ReleaseFence();
  EXPECT_EQ(AwaitResult().state(), v1::TARGET_HEALTHY);
}

TEST_F(AgentPostgresTest, LockTimeoutIsTriedAgainWithANote) {
  SetPace("0");
  for (v1::Statement& statement : *plan_.mutable_statements()) {
    statement.set_lock_timeout_ms(100);
  }
  plan_.set_id(PlanId(plan_));
  ASSERT_OK(database_->session().Begin());
  ASSERT_OK(database_->session().Execute(
      "LOCK TABLE public.users IN ROW EXCLUSIVE MODE"));
  StartAgent();
  PrepareAndGo();
  ASSERT_TRUE(coordinator_.Await([](auto& m) {
    return absl::StrContains(m.progress().note(), "attempt 2 of 5");
  }));
  ASSERT_OK(database_->session().Rollback());
  const v1::Result result = AwaitResult();
  EXPECT_EQ(result.state(), v1::TARGET_HEALTHY) << result.message();
}

TEST_F(AgentPostgresTest, ReportsTheServersErrorAndStatement) {
  SetPace("0");
  StartAgent();
  v1::Statement broken = plan_.statements(0);
  broken.set_sql("ALTER TABLE public.users ADD COLUMN id integer");
  *plan_.add_statements() = broken;
  plan_.set_id(PlanId(plan_));
  PrepareAndGo();
  const v1::Result result = AwaitResult();
  EXPECT_EQ(result.state(), v1::TARGET_FAILED);
  EXPECT_EQ(result.failed_statement(), plan_.statements_size());
  EXPECT_THAT(result.message(), ::testing::StartsWith("42701: "));
  EXPECT_EQ(database_->Fingerprint(), plan_.from_fingerprint());
}

}  // namespace
}  // namespace fleet
