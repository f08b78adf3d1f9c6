// A coordinator that lost its disk, or has an older one, and the agents whose
// replicas know more.

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "lib/base/grpc_status.h"
#include "lib/base/status.h"
#include "tests/coordinator/coordinator_fixture.h"
#include "tests/testing/matchers.h"

namespace fleet::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class RecoveryTest : public CoordinatorTest {
 protected:
  RecoveryTest() {
    options_.restart = [this] { restarts_++; };
    StartCoordinator();
  }

  void StartAgents() {
    prod_ = NewAgent("agent-a");
    prod_->AddTarget("prod", Shop(2));
    saas_ = NewAgent("agent-b");
    saas_->AddTarget("saas", Shop(1));
    for (FakeAgent* agent : {prod_.get(), saas_.get()}) agent->Connect();
  }
  // Agents as they are after the coordinator is back: with their replicas.
  void RestartAgents() {
    auto prod = NewAgent("agent-a");
    prod->AddTarget("prod", Shop(2));
    prod->CopyReplica(*prod_);
    auto saas = NewAgent("agent-b");
    saas->AddTarget("saas", Shop(2));
    saas->CopyReplica(*saas_);
    prod_ = std::move(prod);
    saas_ = std::move(saas);
    for (FakeAgent* agent : {prod_.get(), saas_.get()}) {
      agent->Connect();
      EXPECT_TRUE(Eventually([&] { return agent->epoch() != 0; }));
    }
    EXPECT_TRUE(Eventually([&] { return StatusOf("saas").connected(); }));
  }

  void SyncOnce() {
    ASSERT_TRUE(WaitForVersions({"prod", "saas"}, 1));
    const absl::StatusOr<v1::FleetPlan> plan = MakePlan(Request("prod"));
    ASSERT_OK(plan);
    const absl::StatusOr<v1::Rollout> rollout = StartRollout(plan->id());
    ASSERT_OK(rollout);
    ASSERT_EQ(WaitUntilOver(rollout->id()).state(), v1::ROLLOUT_SUCCEEDED);
    ASSERT_TRUE(WaitForVersions({"saas"}, 2));
  }
  // Until the replicas have all that the coordinator has.
  void AwaitReplicas() {
    for (const v1::StreamHead& head : coordinator_->log().Heads()) {
      EXPECT_TRUE(Eventually([&] {
        return std::max(prod_->replica_records(head.stream()),
                        saas_->replica_records(head.stream())) >=
               head.sequence();
      })) << head.stream();
    }
  }
  void StopAgents() {
    prod_->Disconnect();
    saas_->Disconnect();
  }
  void LoseDisk() {
    StopCoordinator();
    fs::remove_all(options_.state_dir);
    StartCoordinator();
  }

  absl::StatusOr<v1::RecoverReply> Recover(bool dry_run = false) {
    grpc::ClientContext context;
    v1::RecoverRequest request;
    request.set_dry_run(dry_run);
    v1::RecoverReply reply;
    RETURN_IF_ERROR(FromGrpc(stub_->Recover(&context, request, &reply)));
    return reply;
  }
  std::string WhyRecovery() {
    grpc::ClientContext context;
    v1::ServerVersion version;
    EXPECT_OK(FromGrpc(
        stub_->GetVersion(&context, v1::GetServerVersionRequest(), &version)));
    return version.recovery();
  }
  std::vector<v1::Record> Records(const std::string& stream) {
    auto records = coordinator_->log().Read(stream, 1, 0);
    EXPECT_OK(records);
    return records.ok() ? *std::move(records) : std::vector<v1::Record>();
  }

  int restarts_ = 0;
  std::unique_ptr<FakeAgent> prod_;
  std::unique_ptr<FakeAgent> saas_;
};

TEST_F(RecoveryTest, RebuildsALostHistory) {
  StartAgents();
  SyncOnce();
  AwaitReplicas();
  StopAgents();
  std::map<std::string, std::vector<v1::Record>> before;
  for (const v1::StreamHead& head : coordinator_->log().Heads()) {
    before[head.stream()] = Records(head.stream());
  }
  LoseDisk();
  EXPECT_EQ(WhyRecovery(), "");
  RestartAgents();

  EXPECT_THAT(WhyRecovery(), HasSubstr("fleetctl recover --from-agents"));
  EXPECT_THAT(MakePlan(Request("prod")),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("no rollout may start")));
  EXPECT_THAT(Records("target/saas"), IsEmpty()) << "nothing is made up";

  const absl::StatusOr<v1::RecoverReply> dry = Recover(/*dry_run=*/true);
  ASSERT_OK(dry);
  EXPECT_FALSE(dry->restarts());
  EXPECT_EQ(dry->streams_size(), 3);
  EXPECT_EQ(restarts_, 0);

  const absl::StatusOr<v1::RecoverReply> reply = Recover();
  ASSERT_OK(reply);
  EXPECT_TRUE(reply->restarts());
  EXPECT_EQ(restarts_, 1);
  StopAgents();
  StartCoordinator();
  EXPECT_TRUE(fs::exists(reply->old_directory()));
  for (const auto& [stream, records] : before) {
    const std::vector<v1::Record> now = Records(stream);
    ASSERT_GE(now.size(), records.size()) << stream;
    for (size_t i = 0; i < records.size(); ++i) {
      EXPECT_EQ(now[i].SerializeAsString(), records[i].SerializeAsString());
    }
  }
  EXPECT_EQ(GetRollout("r-1")->state(), v1::ROLLOUT_SUCCEEDED);

  RestartAgents();
  EXPECT_EQ(WhyRecovery(), "");
  v1::MakePlanRequest back = Request("");
  back.set_rollback_to("1");
  back.clear_selectors();
  back.add_selectors("name:saas");
  back.set_allow_all_hazards(true);
  const absl::StatusOr<v1::FleetPlan> plan = MakePlan(back);
  ASSERT_OK(plan);
  const absl::StatusOr<v1::Rollout> rollback = StartRollout(plan->id());
  ASSERT_OK(rollback);
  EXPECT_EQ(rollback->id(), "r-2");
  EXPECT_EQ(WaitUntilOver("r-2").state(), v1::ROLLOUT_SUCCEEDED);
  EXPECT_EQ(saas_->FingerprintOf("saas"), FingerprintOf(Shop(1)));
}

TEST_F(RecoveryTest, TakesWhatAnOlderCopyLacks) {
  StartAgents();
  ASSERT_TRUE(WaitForVersions({"prod", "saas"}, 1));
  StopCoordinator();
  const std::string copy = options_.state_dir + ".copy";
  fs::copy(options_.state_dir, copy, fs::copy_options::recursive);
  StartCoordinator();
  RestartAgents();
  saas_->Drift("saas", Shop(3));
  ASSERT_TRUE(WaitForVersions({"saas"}, 2));
  AwaitReplicas();
  StopAgents();
  StopCoordinator();
  fs::remove_all(options_.state_dir);
  fs::rename(copy, options_.state_dir);
  StartCoordinator();
  RestartAgents();
  EXPECT_THAT(WhyRecovery(), HasSubstr("no rollout may start"));
  const absl::StatusOr<v1::RecoverReply> reply = Recover();
  ASSERT_OK(reply);
  StopAgents();
  StartCoordinator();
  EXPECT_GE(coordinator_->view().Versions("saas").size(), 2u);
}

TEST_F(RecoveryTest, ARolloutThatWasRunningComesUpPaused) {
  StartAgents();
  ASSERT_TRUE(WaitForVersions({"prod", "saas"}, 1));
  const absl::StatusOr<v1::FleetPlan> plan = MakePlan(Request("prod"));
  ASSERT_OK(plan);
  saas_->HoldResults(true);
  ASSERT_OK(StartRollout(plan->id()));
  ASSERT_TRUE(WaitForTarget("r-1", "saas", v1::TARGET_APPLYING));
  AwaitReplicas();
  StopAgents();
  LoseDisk();
  RestartAgents();
  ASSERT_OK(Recover());
  StopAgents();
  StartCoordinator();
  const absl::StatusOr<v1::Rollout> rollout = GetRollout("r-1");
  ASSERT_OK(rollout);
  EXPECT_EQ(rollout->state(), v1::ROLLOUT_PAUSED);
  EXPECT_EQ(rollout->reason(), "unconfirmed");
}

TEST_F(RecoveryTest, NothingToRecoverIsSaid) {
  StartAgents();
  ASSERT_TRUE(WaitForVersions({"prod", "saas"}, 1));
  const absl::StatusOr<v1::RecoverReply> reply = Recover();
  ASSERT_OK(reply);
  EXPECT_FALSE(reply->restarts());
  EXPECT_EQ(restarts_, 0);
}

TEST_F(RecoveryTest, ReplicasThatHaveForkedAreNotMerged) {
  StartAgents();
  ASSERT_TRUE(WaitForVersions({"prod", "saas"}, 1));
  AwaitReplicas();
  StopAgents();
  // Another life of the same targets.
  auto old_prod = std::move(prod_);
  LoseDisk();
  StartAgents();
  ASSERT_TRUE(WaitForVersions({"prod", "saas"}, 1));
  saas_->Drift("saas", Shop(3));
  prod_->Drift("prod", Shop(3));
  ASSERT_TRUE(WaitForVersions({"prod", "saas"}, 2));
  AwaitReplicas();
  StopAgents();
  LoseDisk();
  auto third = NewAgent("agent-c");
  third->AddTarget("third", Shop(1));
  third->CopyReplica(*old_prod);
  third->Connect();
  RestartAgents();
  EXPECT_THAT(Recover(), StatusIs(absl::StatusCode::kFailedPrecondition,
                                  HasSubstr("have forked")));
}

}  // namespace
}  // namespace fleet::testing
