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

// Validating the check constraint reads every row, and each takes as long as
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
    plan_ = database_->RehearsedPlanTo(kAfter, scratch_url_);
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

  // The checks of PREPARE read the rows, too: at once.
  void PrepareAndGo(const std::string& pace = "0") {
    SetPace("0");
    SendPrepare();
    ASSERT_TRUE(AwaitReady());
    SetPace(pace);
    SendGo();
  }

  std::string scratch_url_;
  std::unique_ptr<Database> database_;
};

TEST_F(AgentPostgresTest, AppliesAPlan) {
  StartAgent();
  PrepareAndGo();
  const v1::Result result = AwaitResult();
  EXPECT_EQ(result.state(), v1::TARGET_HEALTHY) << result.message();
  EXPECT_EQ(result.fingerprint(), plan_.to_fingerprint());
  EXPECT_EQ(database_->Fingerprint(), plan_.to_fingerprint());
}

TEST_F(AgentPostgresTest, PreparesThoughItsKeptSessionHasDied) {
  StartAgent();
  ASSERT_TRUE(coordinator_.Await(
      [](auto& m) { return !m.fingerprint().fingerprint().empty(); }));
  SetPace("0");
  EXPECT_EQ(database_->Value(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                "WHERE application_name = 'fleet-agent' AND "
                "datname = pg_catalog.current_database()"),
            "1");
  SendPrepare();
  EXPECT_TRUE(AwaitReady());
}

TEST_F(AgentPostgresTest, LostConnectionIsRecoveredNotRepeatedBlindly) {
  StartAgent();
  PrepareAndGo("3");
  const std::string pid = AwaitSleepingBackend();
  database_->Value(absl::StrCat("SELECT pg_terminate_backend(", pid, ")"));
  const v1::Result result = AwaitResult();
  EXPECT_EQ(result.state(), v1::TARGET_HEALTHY) << result.message();
  EXPECT_EQ(database_->Fingerprint(), plan_.to_fingerprint());
}

TEST_F(AgentPostgresTest, StopsInTimeAndGoesOnLater) {
  StartAgent();
  PrepareAndGo("60");
  AwaitSleepingBackend();
  const absl::Time begun = absl::Now();
  StopAgent();
  EXPECT_LT(absl::Now() - begun, absl::Seconds(10));
  EXPECT_EQ(database_->Fingerprint(), plan_.statements(0).fingerprint_after())
      << "what was validated is undone, what came before is not";
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
  for (v1::Statement& statement : *plan_.mutable_statements()) {
    statement.set_lock_timeout_ms(100);
  }
  plan_.set_id(PlanId(plan_));
  StartAgent();
  SetPace("0");
  SendPrepare();
  ASSERT_TRUE(AwaitReady());
  ASSERT_OK(database_->session().Begin());
  ASSERT_OK(database_->session().Execute(
      "LOCK TABLE public.users IN ROW EXCLUSIVE MODE"));
  SendGo();
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
  EXPECT_EQ(result.fingerprint(), database_->Fingerprint());
}

// The rows would stop the plan: nothing is begun.
TEST_F(AgentPostgresTest, RefusesWhatItsRowsWouldStop) {
  database_->Run(
      "CREATE TABLE public.notes(id integer, note text);"
      "INSERT INTO public.notes VALUES (1, NULL), (2, 'x'), (2, 'y');");
  plan_ = database_->RehearsedPlanTo(
      absl::StrCat(kBefore,
                   "CREATE TABLE public.notes(id integer UNIQUE, note text "
                   "NOT NULL);"),
      scratch_url_);
  const std::string before = database_->Fingerprint();
  StartAgent();
  v1::CoordinatorMessage question;
  question.mutable_check()->set_request_id("q-1");
  question.mutable_check()->set_target("t");
  *question.mutable_check()->mutable_plan() = plan_;
  ASSERT_TRUE(coordinator_.Send(question));
  const auto answer = coordinator_.Await([](auto& m) { return m.has_check(); });
  ASSERT_TRUE(answer.has_value());
  ASSERT_EQ(answer->check().findings_size(), 2)
      << answer->check().ShortDebugString();
  EXPECT_EQ(answer->check().request_id(), "q-1");
  SendPrepare();
  const v1::Refused refused = AwaitRefusal();
  EXPECT_EQ(refused.state(), v1::TARGET_BLOCKED);
  EXPECT_EQ(refused.reason(), "data");
  EXPECT_EQ(refused.message(), answer->check().findings(0).message());
  EXPECT_THAT(refused.message(),
              ::testing::EndsWith(
                  "column public.notes.note is to be NOT NULL and has rows "
                  "with NULL; give them a value first (1)"));
  EXPECT_EQ(database_->Fingerprint(), before);
}

}  // namespace
}  // namespace fleet
