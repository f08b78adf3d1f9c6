#include "absl/strings/match.h"
#include "absl/time/time.h"
#include "lib/engine/marker.h"
#include "tests/agent/agent_fixture.h"
#include "tests/agent/database.h"

// The protocol from end to end, on a real SQLite file.

namespace fleet {
namespace {

using ::testing::HasSubstr;

constexpr char kBefore[] = "CREATE TABLE users(id INTEGER PRIMARY KEY);";
constexpr char kAfter[] =
    "CREATE TABLE users(id INTEGER PRIMARY KEY, email TEXT);"
    "CREATE INDEX users_email ON users(email);";

class AgentTest : public AgentFixture {
 protected:
  void SetUp() override {
    database_.Run(kBefore);
    plan_ = database_.PlanTo(kAfter);
    Configure(database_.url(), v1::SQLITE);
  }

  Database database_{"sqlite:" + folder_.Path("t.db"), /*create=*/true};
};

TEST_F(AgentTest, GreetsWithWhatItHas) {
  StartAgent();
  const auto hello = coordinator_.Await([](auto& m) { return m.has_hello(); });
  ASSERT_TRUE(hello.has_value());
  EXPECT_EQ(hello->hello().agent(), "agent-1");
  ASSERT_EQ(hello->hello().targets_size(), 1);
  EXPECT_EQ(hello->hello().targets(0).flavour(), "sqlite");
  EXPECT_GT(hello->hello().targets(0).server_version(), 3'000'000);
  const auto report =
      coordinator_.Await([](auto& m) { return m.has_fingerprint(); });
  EXPECT_EQ(report->fingerprint().fingerprint(), database_.Fingerprint());
}

TEST_F(AgentTest, AppliesAPlanOnce) {
  StartAgent();
  SendPrepare();
  ASSERT_TRUE(AwaitReady());
  SendGo();
  const v1::Result result = AwaitResult();
  EXPECT_EQ(result.state(), v1::TARGET_HEALTHY) << result.message();
  EXPECT_EQ(result.fingerprint(), plan_.to_fingerprint());
  EXPECT_EQ(database_.Fingerprint(), plan_.to_fingerprint());

  // Everything once more, late: the same answer, and nothing runs.
  size_t seen = coordinator_.size();
  SendPrepare();
  EXPECT_EQ(AwaitResult(seen).SerializeAsString(), result.SerializeAsString());
  seen = coordinator_.size();
  SendGo();
  EXPECT_EQ(AwaitResult(seen).SerializeAsString(), result.SerializeAsString());
  EXPECT_EQ(coordinator_.Count([](auto& m) { return m.has_start_ask(); }), 1u);
}

TEST_F(AgentTest, ReadyIsRepeated) {
  StartAgent();
  SendPrepare();
  ASSERT_TRUE(AwaitReady());
  const size_t seen = coordinator_.size();
  SendPrepare();
  EXPECT_TRUE(AwaitReady(seen));
}

TEST_F(AgentTest, RefusesAChangedSchema) {
  StartAgent();
  database_.Run("CREATE TABLE by_hand(id INTEGER);");
  SendPrepare();
  const v1::Refused refused = AwaitRefusal();
  EXPECT_EQ(refused.state(), v1::TARGET_DRIFTED);
  EXPECT_EQ(refused.fingerprint(), database_.Fingerprint());
  EXPECT_THAT(refused.message(), HasSubstr("run fleetctl plan again"));
}

TEST_F(AgentTest, RefusesAPlanThatIsNotItsId) {
  StartAgent();
  plan_.mutable_statements(0)->set_sql("DROP TABLE users");
  SendPrepare();
  EXPECT_EQ(AwaitRefusal().state(), v1::TARGET_FAILED);
}

TEST_F(AgentTest, RefusesToWriteAReadOnlyTarget) {
  config_.targets[0].read_only = true;
  StartAgent();
  SendPrepare();
  const v1::Refused refused = AwaitRefusal();
  EXPECT_EQ(refused.state(), v1::TARGET_BLOCKED);
  EXPECT_EQ(refused.reason(), "read_only");
}

TEST_F(AgentTest, OlderEpochIsNotObeyed) {
  coordinator_.set_behaviour({.epoch = 7});
  StartAgent();
  SendPrepare(1, /*epoch=*/6);
  SendPrepare(2, /*epoch=*/7);
  const auto ready = coordinator_.Await([](auto& m) { return m.has_ready(); });
  ASSERT_TRUE(ready.has_value());
  EXPECT_EQ(ready->ready().attempt(), 2);
  EXPECT_EQ(coordinator_.Count([](auto& m) { return m.has_ready(); }), 1u);
  StopAgent();

  // Known after a restart, too.
  coordinator_.set_behaviour({.epoch = 6});
  auto agent = Agent::Open(config_, SystemClock());
  ASSERT_OK(agent);
  agent_ = *std::move(agent);
  const size_t seen = coordinator_.size();
  agent_->Start();
  const auto hello =
      coordinator_.Await([](auto& m) { return m.has_hello(); }, seen);
  ASSERT_TRUE(hello.has_value());
  EXPECT_EQ(hello->hello().epoch_seen(), 7u);
  EXPECT_FALSE(coordinator_.Await([](auto& m) { return !m.has_hello(); }, seen,
                                  absl::Milliseconds(500)));
}

TEST_F(AgentTest, TellsOfAHigherEpochInTheDatabase) {
  ASSERT_OK(EnsureMarkers(database_.session(), database_.dialect()));
  database_.Run("UPDATE fleetctl_meta_state SET epoch = 9;");
  coordinator_.set_behaviour({.epoch = 10});
  StartAgent();
  const auto hello = coordinator_.Await([](auto& m) { return m.has_hello(); });
  ASSERT_TRUE(hello.has_value());
  EXPECT_EQ(hello->hello().epoch_seen(), 9u);
  SendPrepare(1, 10);
  ASSERT_TRUE(AwaitReady());
  SendGo(1, 10);
  EXPECT_EQ(AwaitResult().state(), v1::TARGET_HEALTHY);
}

TEST_F(AgentTest, TellsOfAHigherEpochThatFencedAnOrder) {
  StartAgent();
  SendPrepare();
  ASSERT_TRUE(AwaitReady());
  ASSERT_OK(EnsureMarkers(database_.session(), database_.dialect()));
  database_.Run("UPDATE fleetctl_meta_state SET epoch = 9;");
  coordinator_.set_behaviour({.epoch = 10, .grants = false});
  SendGo();
  const auto ask =
      coordinator_.Await([](auto& m) { return m.has_start_ask(); });
  ASSERT_TRUE(ask.has_value());
  v1::CoordinatorMessage grant;
  SetKey(grant.mutable_start_grant(), 1);
  grant.mutable_start_grant()->set_epoch(1);
  grant.mutable_start_grant()->set_nonce(ask->start_ask().nonce());
  ASSERT_TRUE(coordinator_.Send(grant));
  const v1::Result result = AwaitResult();
  EXPECT_EQ(result.state(), v1::TARGET_FAILED);
  EXPECT_EQ(result.reason(), "fenced");
  const auto hello =
      coordinator_.Await([](auto& m) { return m.hello().epoch_seen() == 9; });
  ASSERT_TRUE(hello.has_value());
  coordinator_.set_behaviour({.epoch = 10});
  SendPrepare(2, 10);
  ASSERT_TRUE(
      coordinator_.Await([](auto& m) { return m.ready().attempt() == 2; }));
  SendGo(2, 10);
  EXPECT_TRUE(coordinator_.Await([](auto& m) {
    return m.result().attempt() == 2 &&
           m.result().state() == v1::TARGET_HEALTHY;
  }));
}

TEST_F(AgentTest, WithoutAGrantNothingRuns) {
  coordinator_.set_behaviour({.grants = false});
  StartAgent();
  SendPrepare();
  ASSERT_TRUE(AwaitReady());
  SendGo();
  const auto ask = [](auto& m) { return m.has_start_ask(); };
  ASSERT_TRUE(coordinator_.Await(ask).has_value());
  v1::CoordinatorMessage cancel;
  SetKey(cancel.mutable_cancel(), 1);
  cancel.mutable_cancel()->set_epoch(1);
  ASSERT_TRUE(coordinator_.Send(cancel));
  // What follows on the strand is behind the cancellation.
  const size_t seen = coordinator_.size();
  SendPrepare(2);
  ASSERT_TRUE(AwaitReady(seen));
  EXPECT_EQ(database_.Fingerprint(), plan_.from_fingerprint());
}

TEST_F(AgentTest, ResultIsRepeatedUntilAcknowledged) {
  coordinator_.set_behaviour({.acknowledges = false});
  StartAgent();
  SendPrepare();
  ASSERT_TRUE(AwaitReady());
  SendGo();
  const v1::Result result = AwaitResult();
  StopAgent();
  const size_t seen = coordinator_.size();
  StartAgent();
  EXPECT_EQ(AwaitResult(seen).SerializeAsString(), result.SerializeAsString());
}

TEST_F(AgentTest, PreparedOrderOutlivesTheAgent) {
  StartAgent();
  SendPrepare();
  ASSERT_TRUE(AwaitReady());
  StopAgent();
  const size_t seen = coordinator_.size();
  StartAgent();
  ASSERT_TRUE(AwaitReady(seen)) << "said again";
  SendGo();
  EXPECT_EQ(AwaitResult(seen).state(), v1::TARGET_HEALTHY);
}

TEST_F(AgentTest, RecoversAGroupThatDidNotRun) {
  WriteInterruptedJournal();
  StartAgent();
  const v1::Result result = AwaitResult();
  EXPECT_EQ(result.state(), v1::TARGET_HEALTHY) << result.message();
  EXPECT_EQ(database_.Fingerprint(), plan_.to_fingerprint());
}

TEST_F(AgentTest, RecoversAGroupThatRan) {
  WriteInterruptedJournal();
  for (const v1::Statement& statement : plan_.statements()) {
    database_.Run(statement.sql());
  }
  StartAgent();
  const v1::Result result = AwaitResult();
  EXPECT_EQ(result.state(), v1::TARGET_HEALTHY) << result.message();
  EXPECT_EQ(result.fingerprint(), plan_.to_fingerprint());
}

TEST_F(AgentTest, SaysWhenItCannotTell) {
  WriteInterruptedJournal();
  database_.Run("CREATE TABLE by_hand(id INTEGER);");
  const std::string live = database_.Fingerprint();
  StartAgent();
  const v1::Result result = AwaitResult();
  EXPECT_EQ(result.state(), v1::TARGET_DIVERGED);
  EXPECT_EQ(database_.Fingerprint(), live);
}

TEST_F(AgentTest, LostItsStateAndTheOrderHadRun) {
  StartAgent();
  SendPrepare();
  ASSERT_TRUE(AwaitReady());
  SendGo();
  ASSERT_EQ(AwaitResult().state(), v1::TARGET_HEALTHY);
  const v1::Result result = ResultOfForgottenOrder();
  EXPECT_EQ(result.state(), v1::TARGET_HEALTHY) << result.message();
  EXPECT_EQ(result.fingerprint(), plan_.to_fingerprint());
  EXPECT_EQ(database_.Value("SELECT count(*) FROM fleetctl_meta_applied"), "1")
      << "ran once";
}

TEST_F(AgentTest, LostItsStateAndTheOrderHadNotRun) {
  const v1::Result result = ResultOfForgottenOrder();
  EXPECT_EQ(result.state(), v1::TARGET_HEALTHY) << result.message();
  EXPECT_EQ(database_.Fingerprint(), plan_.to_fingerprint());
}

TEST_F(AgentTest, LostItsStateAndTheSchemaIsNeither) {
  database_.Run("CREATE TABLE by_hand(id INTEGER);");
  const std::string live = database_.Fingerprint();
  const v1::Result result = ResultOfForgottenOrder();
  EXPECT_EQ(result.state(), v1::TARGET_DIVERGED);
  EXPECT_EQ(result.fingerprint(), live);
  EXPECT_EQ(database_.Fingerprint(), live);
}

TEST_F(AgentTest, LostItsStateAndMayNotWriteAnyMore) {
  config_.targets[0].read_only = true;
  StartAgent();
  SendPrepare(1, 1, "granted");
  EXPECT_TRUE(coordinator_.Await([](auto& m) {
    return absl::StrContains(m.progress().note(), "read-only");
  })) << "a started order is not refused, its state is told";
  EXPECT_EQ(coordinator_.Count([](auto& m) { return m.has_refused(); }), 0u);
}

TEST_F(AgentTest, WaitsForWhoeverHoldsTheDatabase) {
  WriteInterruptedJournal();
  ASSERT_OK(database_.session().Begin());
  StartAgent();
  ASSERT_TRUE(coordinator_.Await([](auto& m) {
    return absl::StrContains(m.progress().note(), "still_running");
  }));
  ASSERT_OK(database_.session().Rollback());
  EXPECT_EQ(AwaitResult().state(), v1::TARGET_HEALTHY);
}

TEST_F(AgentTest, ReconnectsAndReportsAgain) {
  StartAgent();
  const size_t seen = coordinator_.size();
  coordinator_.DropStreams();
  EXPECT_TRUE(coordinator_.Await([](auto& m) { return m.has_hello(); }, seen));
  EXPECT_TRUE(
      coordinator_.Await([](auto& m) { return m.has_fingerprint(); }, seen));
}

TEST_F(AgentTest, ReportsDriftOnSchedule) {
  config_.fingerprint_every_ms = 100;
  StartAgent();
  database_.Run("CREATE TABLE by_hand(id INTEGER);");
  const std::string live = database_.Fingerprint();
  EXPECT_TRUE(coordinator_.Await(
      [&](auto& m) { return m.fingerprint().fingerprint() == live; }));
}

TEST_F(AgentTest, SchemaScratchAndRehearsal) {
  StartAgent();
  v1::CoordinatorMessage message;
  message.mutable_schema()->set_request_id("s");
  message.mutable_schema()->set_target("t");
  ASSERT_TRUE(coordinator_.Send(message));
  const auto schema = coordinator_.Await(
      [](auto& m) { return m.schema().request_id() == "s"; });
  ASSERT_TRUE(schema.has_value());
  EXPECT_EQ(schema->schema().fingerprint(), database_.Fingerprint());
  EXPECT_GT(schema->schema().schema().objects_size(), 0);

  message.mutable_scratch()->set_request_id("q");
  message.mutable_scratch()->set_target("t");
  message.mutable_scratch()->set_sql(kAfter);
  ASSERT_TRUE(coordinator_.Send(message));
  const auto loaded = coordinator_.Await(
      [](auto& m) { return m.schema().request_id() == "q"; });
  ASSERT_TRUE(loaded.has_value());
  EXPECT_EQ(loaded->schema().fingerprint(), plan_.to_fingerprint());

  message.mutable_scratch()->set_request_id("bad");
  message.mutable_scratch()->set_sql("CREATE TABLE a(;");
  message.mutable_scratch()->set_file_name("bad.sql");
  ASSERT_TRUE(coordinator_.Send(message));
  const auto bad = coordinator_.Await(
      [](auto& m) { return m.schema().request_id() == "bad"; });
  ASSERT_TRUE(bad.has_value());
  EXPECT_THAT(bad->schema().error(), HasSubstr("bad.sql:1:"));

  message.mutable_rehearsal()->set_request_id("r");
  message.mutable_rehearsal()->set_target("t");
  *message.mutable_rehearsal()->mutable_from() = ToProto(database_.Read());
  *message.mutable_rehearsal()->mutable_plan() = plan_;
  ASSERT_TRUE(coordinator_.Send(message));
  const auto rehearsed =
      coordinator_.Await([](auto& m) { return m.has_rehearsal(); });
  ASSERT_TRUE(rehearsed.has_value());
  EXPECT_TRUE(rehearsed->rehearsal().ok()) << rehearsed->rehearsal().error();
  EXPECT_TRUE(rehearsed->rehearsal().plan().rehearsed());
}

}  // namespace
}  // namespace fleet
