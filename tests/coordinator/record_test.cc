// What the coordinator records of what agents say, and what it survives.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "lib/base/grpc_status.h"
#include "tests/coordinator/coordinator_fixture.h"
#include "tests/testing/matchers.h"

namespace fleet::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class RecordTest : public CoordinatorTest {};

TEST_F(RecordTest, RecordsABaselineOncePerTargetAndReadsOneSchema) {
  auto agent = NewAgent("agent-eu");
  std::vector<std::string> names;
  for (int i = 0; i < 20; ++i) {
    names.push_back(absl::StrCat("saas-", i));
    agent->AddTarget(names.back(), Shop(1));
  }
  agent->Connect();
  ASSERT_TRUE(WaitForVersions(names, 1));
  EXPECT_EQ(agent->schemas_sent(), 1);
  const v1::Version version = *coordinator_->view().Newest("saas-3");
  EXPECT_EQ(version.cause(), v1::BASELINE);
  EXPECT_EQ(version.number(), 1);
  EXPECT_EQ(version.fingerprint(), FingerprintOf(Shop(1)));
  EXPECT_EQ(version.flavour(), "sqlite");
  EXPECT_EQ(version.server_version(), 3040001);

  // The same again is nothing new.
  agent->Connect();
  ASSERT_TRUE(Eventually([&] { return StatusOf("saas-3").connected(); }));
  EXPECT_EQ(coordinator_->view().Versions("saas-3").size(), 1u);
}

TEST_F(RecordTest, RecordsDriftAndShowsIt) {
  auto agent = NewAgent("agent-eu");
  agent->AddTarget("shop", Shop(1));
  agent->AddTarget("other", Shop(1));
  agent->Connect();
  ASSERT_TRUE(WaitForVersions({"shop", "other"}, 1));
  agent->Drift("shop", Shop(2));
  ASSERT_TRUE(WaitForVersions({"shop"}, 2));
  const v1::Version found = *coordinator_->view().Newest("shop");
  EXPECT_EQ(found.cause(), v1::DRIFT);
  EXPECT_EQ(found.summary(), "+1 column");
  EXPECT_EQ(StatusOf("shop").state(), v1::DRIFTED);
  EXPECT_EQ(StatusOf("other").state(), v1::CURRENT);

  grpc::ClientContext context;
  v1::GetDriftReply reply;
  ASSERT_OK(FromGrpc(stub_->GetDrift(&context, v1::GetDriftRequest(), &reply)));
  ASSERT_EQ(reply.findings_size(), 1);
  EXPECT_EQ(reply.findings(0).target(), "shop");
  EXPECT_EQ(reply.findings(0).expected().number(), 1);
  ASSERT_EQ(reply.findings(0).changes_size(), 1);
  EXPECT_THAT(reply.findings(0).changes(0).path(),
              ElementsAre("users", "extra_2"));
  ASSERT_EQ(reply.census_size(), 2);

  // Somebody takes it back by hand.
  agent->Drift("shop", Shop(1));
  ASSERT_TRUE(WaitForVersions({"shop"}, 3));
  EXPECT_EQ(StatusOf("shop").state(), v1::CURRENT);
}

TEST_F(RecordTest, ShowsHistoryWithChangesAndNames) {
  auto agent = NewAgent("agent-eu");
  agent->AddTarget("shop", Shop(1));
  agent->Connect();
  ASSERT_TRUE(WaitForVersions({"shop"}, 1));
  agent->Drift("shop", Shop(3));
  ASSERT_TRUE(WaitForVersions({"shop"}, 2));

  v1::NameVersionRequest name;
  name.set_source("shop@1");
  name.set_name("release-1");
  v1::Version version;
  {
    grpc::ClientContext context;
    ASSERT_OK(FromGrpc(stub_->NameVersion(&context, name, &version)));
  }
  EXPECT_THAT(version.names(), ElementsAre("release-1"));
  name.set_source("shop@2");
  {
    grpc::ClientContext context;
    EXPECT_THAT(FromGrpc(stub_->NameVersion(&context, name, &version)),
                StatusIs(absl::StatusCode::kAlreadyExists,
                         HasSubstr("version 1 of shop is called")));
  }
  name.set_name("17");
  {
    grpc::ClientContext context;
    EXPECT_THAT(FromGrpc(stub_->NameVersion(&context, name, &version)),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         HasSubstr("cannot name a version")));
  }
  v1::GetHistoryRequest request;
  request.set_target("shop");
  request.set_with_changes(true);
  v1::GetHistoryReply reply;
  {
    grpc::ClientContext context;
    ASSERT_OK(FromGrpc(stub_->GetHistory(&context, request, &reply)));
  }
  ASSERT_EQ(reply.entries_size(), 2);
  EXPECT_EQ(reply.entries(0).version().number(), 2);
  EXPECT_EQ(reply.entries(0).changes_size(), 2);
  EXPECT_EQ(reply.entries(1).changes_size(), 0);

  v1::GetSchemaRequest schema;
  schema.set_source("shop@release-1");
  v1::GetSchemaReply stored;
  {
    grpc::ClientContext context;
    ASSERT_OK(FromGrpc(stub_->GetSchema(&context, schema, &stored)));
  }
  EXPECT_EQ(stored.resolved(), "shop@1");
  EXPECT_EQ(stored.fingerprint(), FingerprintOf(Shop(1)));
}

TEST_F(RecordTest, ReplicatesToTheAgentOfTheTarget) {
  auto agent = NewAgent("agent-eu");
  agent->AddTarget("shop", Shop(1));
  agent->Connect();
  // TargetSeen, its description, the baseline.
  ASSERT_TRUE(Eventually([&] { return agent->replica_records() >= 2; }));
  agent->Drift("shop", Shop(2));
  const size_t before = agent->replica_records();
  EXPECT_TRUE(Eventually([&] { return agent->replica_records() > before; }));
}

TEST_F(RecordTest, RaisesItsEpochAboveWhatAgentsHaveSeen) {
  auto agent = NewAgent("agent-eu");
  agent->AddTarget("shop", Shop(1));
  agent->set_epoch_seen(41);
  agent->Connect();
  ASSERT_TRUE(Eventually([&] { return agent->epoch() != 0; }));
  EXPECT_EQ(agent->epoch(), 42u);
  StartCoordinator();
  EXPECT_EQ(coordinator_->log().epoch(), 43u);
}

TEST_F(RecordTest, StartsNothingWhenAReplicaIsAhead) {
  auto agent = NewAgent("agent-eu");
  agent->AddTarget("prod", Shop(2));
  agent->AddTarget("shop", Shop(1));
  v1::StreamHead head;
  head.set_stream("target/shop");
  head.set_sequence(900);
  head.set_hash(std::string(32, 'x'));
  agent->set_replica({head});
  agent->Connect();
  EXPECT_TRUE(Eventually([&] { return StatusOf("shop").connected(); }));
  EXPECT_THAT(MakePlan(Request("prod")),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("no rollout may start: agent agent-eu")));
  // Nothing that would contradict the records to be brought back.
  EXPECT_TRUE(coordinator_->view().Versions("shop").empty());
}

TEST_F(RecordTest, KeepsWhatItKnowsOverARestart) {
  auto agent = NewAgent("agent-eu");
  agent->AddTarget("shop", Shop(1));
  agent->Connect();
  ASSERT_TRUE(WaitForVersions({"shop"}, 1));
  StartCoordinator();
  const v1::TargetStatus status = StatusOf("shop");
  EXPECT_EQ(status.state(), v1::UNREACHABLE);
  EXPECT_EQ(status.version(), 1);
  EXPECT_EQ(status.target().agent(), "agent-eu");
  EXPECT_EQ(status.target().flavour(), "sqlite");
}

TEST_F(RecordTest, RefusesASecondOwnerOfATargetAndReplacesAnOldStream) {
  auto first = NewAgent("agent-eu");
  first->AddTarget("shop", Shop(1));
  first->Connect();
  ASSERT_TRUE(WaitForVersions({"shop"}, 1));
  auto thief = NewAgent("agent-us");
  thief->AddTarget("shop", Shop(2));
  thief->AddTarget("own", Shop(1));
  thief->Connect();
  ASSERT_TRUE(WaitForVersions({"own"}, 1));
  EXPECT_EQ(StatusOf("shop").target().agent(), "agent-eu");
  EXPECT_EQ(coordinator_->view().Versions("shop").size(), 1u);

  auto again = NewAgent("agent-eu");
  again->AddTarget("shop", Shop(1));
  again->Connect();
  EXPECT_TRUE(Eventually([&] { return !first->IsConnected(); }));
  EXPECT_TRUE(again->IsConnected());
  EXPECT_TRUE(StatusOf("shop").connected());
}

TEST_F(RecordTest, ClosesAgentsThatFallSilent) {
  options_.heartbeat_ms = 100;
  StartCoordinator();
  auto agent = NewAgent("agent-eu");
  agent->AddTarget("shop", Shop(1));
  agent->Connect();
  ASSERT_TRUE(WaitForVersions({"shop"}, 1));
  EXPECT_TRUE(Eventually([&] { return !agent->IsConnected(); }));
  EXPECT_TRUE(Eventually([&] { return !StatusOf("shop").connected(); }));
}

TEST_F(RecordTest, SaysWhyItCannotStart) {
  CoordinatorOptions second = options_;
  second.state_dir = options_.state_dir + "/second";
  second.listen = coordinator_->address();
  EXPECT_THAT(Coordinator::Start(second, SystemClock()).status(),
              StatusIs(absl::StatusCode::kUnavailable,
                       HasSubstr("cannot listen on 127.0.0.1")));
  CoordinatorOptions unwritable = options_;
  unwritable.state_dir = "/proc/nothing";
  EXPECT_THAT(Coordinator::Start(unwritable, SystemClock()).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("cannot write to the state directory")));
  CoordinatorOptions open_to_all = options_;
  open_to_all.state_dir = options_.state_dir + "/third";
  open_to_all.listen = "0.0.0.0:0";
  EXPECT_THAT(Coordinator::Start(open_to_all, SystemClock()).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("TLS")));
}

TEST_F(RecordTest, RefusesAHistoryThatLostItsDatabase) {
  StopCoordinator();
  std::filesystem::remove_all(options_.state_dir + "/history/db");
  EXPECT_THAT(Coordinator::Start(options_, SystemClock()).status(),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("history")));
}

}  // namespace
}  // namespace fleet::testing
