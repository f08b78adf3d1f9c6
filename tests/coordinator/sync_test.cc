// Rollouts from start to end, with agents that behave and agents that do not.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "lib/base/grpc_status.h"
#include "tests/coordinator/coordinator_fixture.h"
#include "tests/testing/matchers.h"

namespace fleet::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr char kOneByOne[] =
    "version: 1\n"
    "waves:\n"
    "  - name: canary\n"
    "    canary: 1\n"
    "    bake: 0s\n"
    "  - name: rest\n"
    "    max_parallel: 1\n"
    "    promote: manual\n"
    "    bake: 0s\n";

class SyncTest : public CoordinatorTest {
 protected:
  void SetUp() override {
    agent_ = NewAgent("agent-eu");
    agent_->AddTarget("prod", Shop(2), "eu", /*read_only=*/true);
    for (const std::string& target : targets_) {
      agent_->AddTarget(target, Shop(1));
    }
    agent_->Connect();
    ASSERT_TRUE(WaitForVersions(targets_, 1));
    ASSERT_TRUE(WaitForVersions({"prod"}, 1));
  }

  // Plans prod → all and starts it; the rollout's id.
  std::string Sync(const std::string& policy = "") {
    v1::MakePlanRequest request = Request("prod");
    if (!policy.empty()) request.set_policy_yaml(policy);
    const absl::StatusOr<v1::FleetPlan> plan = MakePlan(request);
    EXPECT_OK(plan);
    const absl::StatusOr<v1::Rollout> rollout = StartRollout(plan->id());
    EXPECT_OK(rollout);
    return rollout.ok() ? rollout->id() : "";
  }

  bool WaitForWave(const std::string& id, int wave, v1::WaveState state) {
    return Eventually([&] {
      const absl::StatusOr<v1::Rollout> rollout = GetRollout(id);
      return rollout.ok() && rollout->waves(wave).state() == state;
    });
  }

  const std::vector<std::string> targets_ = {"saas-a", "saas-b", "saas-c"};
  std::unique_ptr<FakeAgent> agent_;
};

TEST_F(SyncTest, MakesEveryTargetEqualToTheSource) {
  const v1::Rollout rollout = WaitUntilOver(Sync());
  EXPECT_EQ(rollout.id(), "r-1");
  EXPECT_EQ(rollout.state(), v1::ROLLOUT_SUCCEEDED);
  EXPECT_EQ(rollout.message(), "orders search");
  for (const std::string& target : targets_) {
    EXPECT_EQ(ProgressOf(rollout, target).state(), v1::TARGET_HEALTHY);
    EXPECT_EQ(agent_->times_applied(target), 1);
    EXPECT_EQ(agent_->FingerprintOf(target), FingerprintOf(Shop(2)));
    const v1::Version version = *coordinator_->view().Newest(target);
    EXPECT_EQ(version.number(), 2);
    EXPECT_EQ(version.cause(), v1::ROLLOUT);
    EXPECT_EQ(version.rollout(), "r-1");
    EXPECT_EQ(version.by(), "lena");
    EXPECT_EQ(version.source(), "prod@1");
    EXPECT_EQ(version.summary(), "+1 column");
    EXPECT_EQ(StatusOf(target).state(), v1::CURRENT);
    EXPECT_THAT(coordinator_->view().Statements("r-1", target), SizeIs(1));
  }
  const absl::StatusOr<v1::FleetPlan> plan = MakePlan(Request("prod"));
  ASSERT_OK(plan);
  EXPECT_THAT(plan->in_sync(), SizeIs(3));
}

TEST_F(SyncTest, RollsBackToTheVersionBeforeARollout) {
  WaitUntilOver(Sync());
  v1::MakePlanRequest request = Request("");
  request.clear_selectors();
  request.set_rollback_rollout("r-1");
  absl::StatusOr<v1::FleetPlan> plan = MakePlan(request);
  ASSERT_OK(plan);
  EXPECT_EQ(plan->cause(), v1::ROLLBACK);
  ASSERT_THAT(plan->cohorts(), SizeIs(1));
  ASSERT_OK(StartRollout(plan->id()));
  EXPECT_EQ(WaitUntilOver("r-2").state(), v1::ROLLOUT_SUCCEEDED);
  const v1::Version version = *coordinator_->view().Newest("saas-b");
  EXPECT_EQ(version.number(), 3);
  EXPECT_EQ(version.cause(), v1::ROLLBACK);
  EXPECT_EQ(version.source(), "saas-b@1");
  EXPECT_EQ(agent_->FingerprintOf("saas-b"), FingerprintOf(Shop(1)));

  // And forward again, by number.
  request.clear_rollback_rollout();
  request.set_rollback_to("2");
  request.add_selectors("name:saas-b");
  plan = MakePlan(request);
  ASSERT_OK(plan);
  ASSERT_OK(StartRollout(plan->id()));
  EXPECT_EQ(WaitUntilOver("r-3").state(), v1::ROLLOUT_SUCCEEDED);
  EXPECT_EQ(agent_->FingerprintOf("saas-b"), FingerprintOf(Shop(2)));
}

TEST_F(SyncTest, RefusesAStalePlan) {
  const absl::StatusOr<v1::FleetPlan> plan = MakePlan(Request("prod"));
  ASSERT_OK(plan);
  agent_->Drift("saas-b", Shop(3));
  ASSERT_TRUE(WaitForVersions({"saas-b"}, 2));
  EXPECT_THAT(StartRollout(plan->id()),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("is stale on 1 target: saas-b; run fleetctl "
                                 "plan again")));
}

TEST_F(SyncTest, StopsWhenATargetMovedUnseen) {
  const absl::StatusOr<v1::FleetPlan> plan = MakePlan(Request("prod"));
  ASSERT_OK(plan);
  agent_->Drift("saas-b", Shop(3), /*tell=*/false);
  ASSERT_OK(StartRollout(plan->id()));
  const v1::Rollout rollout = WaitUntilOver("r-1");
  EXPECT_EQ(rollout.state(), v1::ROLLOUT_FAILED);
  EXPECT_EQ(ProgressOf(rollout, "saas-b").state(), v1::TARGET_DRIFTED);
  // READY from every target comes before the first GO.
  EXPECT_EQ(agent_->times_applied("saas-a"), 0);
  // The coordinator has a look at what it is now.
  ASSERT_TRUE(WaitForVersions({"saas-b"}, 2));
  EXPECT_EQ(coordinator_->view().Newest("saas-b")->cause(), v1::DRIFT);
}

TEST_F(SyncTest, StartsARequestOnlyOnce) {
  const absl::StatusOr<v1::FleetPlan> plan = MakePlan(Request("prod"));
  ASSERT_OK(plan);
  ASSERT_OK(StartRollout(plan->id(), "once"));
  WaitUntilOver("r-1");
  const absl::StatusOr<v1::Rollout> again = StartRollout(plan->id(), "once");
  ASSERT_OK(again);
  EXPECT_EQ(again->id(), "r-1");
  StartCoordinator();
  const absl::StatusOr<v1::Rollout> later = StartRollout(plan->id(), "once");
  ASSERT_OK(later);
  EXPECT_EQ(later->id(), "r-1");
}

TEST_F(SyncTest, KeepsOneRolloutPerTarget) {
  agent_->HoldResults(true);
  const std::string id = Sync();
  ASSERT_TRUE(WaitForTarget(id, "saas-a", v1::TARGET_APPLYING));
  const absl::StatusOr<v1::FleetPlan> plan = MakePlan(Request("prod"));
  ASSERT_OK(plan);
  ASSERT_THAT(plan->busy(), SizeIs(3));
  EXPECT_EQ(plan->busy(0).note(), "rollout r-1 is running there");
  EXPECT_THAT(StartRollout(GetRollout(id)->fleet_plan_id()),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("rollout r-1 is running on saas-a")));
  agent_->ReleaseResults();
  EXPECT_EQ(WaitUntilOver(id).state(), v1::ROLLOUT_SUCCEEDED);
}

TEST_F(SyncTest, GoesOnAfterARestartInTheMiddle) {
  agent_->HoldResults(true);
  const std::string id = Sync();
  for (const std::string& target : targets_) {
    ASSERT_TRUE(WaitForTarget(id, target, v1::TARGET_APPLYING));
  }
  agent_->Disconnect();
  options_.listen = coordinator_->address();  // the agent knows this one
  StartCoordinator();
  EXPECT_EQ(GetRollout(id)->state(), v1::ROLLOUT_RUNNING);
  EXPECT_EQ(StatusOf("saas-a").rollout(), id);
  agent_->HoldResults(false);
  agent_->Connect();
  EXPECT_EQ(WaitUntilOver(id).state(), v1::ROLLOUT_SUCCEEDED);
  for (const std::string& target : targets_) {
    EXPECT_EQ(agent_->times_applied(target), 1);
    EXPECT_EQ(coordinator_->view().Versions(target).size(), 2u);
  }
}

TEST_F(SyncTest, WaitsForAnAgentThatIsAway) {
  const absl::StatusOr<v1::FleetPlan> plan = MakePlan(Request("prod"));
  ASSERT_OK(plan);
  agent_->Disconnect();
  ASSERT_TRUE(Eventually([&] { return !StatusOf("saas-a").connected(); }));
  ASSERT_OK(StartRollout(plan->id()));
  const absl::StatusOr<v1::Rollout> waiting = GetRollout("r-1");
  ASSERT_OK(waiting);
  EXPECT_EQ(waiting->state(), v1::ROLLOUT_RUNNING);
  EXPECT_EQ(ProgressOf(*waiting, "saas-a").reason(), "agent_away");
  agent_->Connect();
  EXPECT_EQ(WaitUntilOver("r-1").state(), v1::ROLLOUT_SUCCEEDED);
}

TEST_F(SyncTest, PausesResumesAndPromotes) {
  agent_->HoldResults(true);
  const std::string id = Sync(kOneByOne);
  ASSERT_TRUE(WaitForTarget(id, "saas-a", v1::TARGET_APPLYING));
  ASSERT_OK(Steer(id, v1::SteerRolloutRequest::PAUSE));
  EXPECT_EQ(GetRollout(id)->state(), v1::ROLLOUT_PAUSED);
  EXPECT_THAT(Steer(id, v1::SteerRolloutRequest::PROMOTE),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("rollout r-1 is paused")));
  ASSERT_OK(Steer(id, v1::SteerRolloutRequest::RESUME));
  agent_->ReleaseResults();
  ASSERT_TRUE(WaitForWave(id, 1, v1::WAVE_READY));
  EXPECT_EQ(agent_->times_applied("saas-b"), 0);
  ASSERT_OK(Steer(id, v1::SteerRolloutRequest::PROMOTE));
  EXPECT_EQ(WaitUntilOver(id).state(), v1::ROLLOUT_SUCCEEDED);
}

TEST_F(SyncTest, AbortsWhatHasNotStarted) {
  const std::string id = Sync(kOneByOne);
  ASSERT_TRUE(WaitForWave(id, 1, v1::WAVE_READY));
  ASSERT_OK(Steer(id, v1::SteerRolloutRequest::ABORT));
  const v1::Rollout rollout = WaitUntilOver(id);
  EXPECT_EQ(rollout.state(), v1::ROLLOUT_CANCELLED);
  EXPECT_EQ(ProgressOf(rollout, "saas-a").state(), v1::TARGET_HEALTHY);
  EXPECT_EQ(ProgressOf(rollout, "saas-c").state(), v1::TARGET_CANCELLED);
  EXPECT_EQ(agent_->times_applied("saas-c"), 0);
  EXPECT_EQ(StatusOf("saas-c").rollout(), "");
}

TEST_F(SyncTest, RetriesWhatFailed) {
  agent_->FailTarget("saas-b", "disk is full");
  agent_->RefuseTarget("saas-c", "not on Fridays");
  v1::Rollout rollout = WaitUntilOver(Sync());
  EXPECT_EQ(rollout.state(), v1::ROLLOUT_FAILED);
  EXPECT_EQ(ProgressOf(rollout, "saas-c").state(), v1::TARGET_BLOCKED);
  EXPECT_EQ(ProgressOf(rollout, "saas-c").message(), "not on Fridays");
  agent_->HealTarget("saas-c");
  ASSERT_OK(Steer("r-1", v1::SteerRolloutRequest::RETRY));
  rollout = WaitUntilOver("r-1");
  EXPECT_EQ(ProgressOf(rollout, "saas-b").state(), v1::TARGET_FAILED);
  EXPECT_EQ(ProgressOf(rollout, "saas-b").message(), "disk is full");
  EXPECT_EQ(ProgressOf(rollout, "saas-b").failed_statement(), 1);
  agent_->HealTarget("saas-b");
  ASSERT_OK(Steer("r-1", v1::SteerRolloutRequest::RETRY));
  rollout = WaitUntilOver("r-1");
  EXPECT_EQ(rollout.state(), v1::ROLLOUT_SUCCEEDED);
  EXPECT_GT(ProgressOf(rollout, "saas-b").attempt(), 1);
}

TEST_F(SyncTest, TellsWatchersWhatHappens) {
  agent_->HoldResults(true);
  const std::string id = Sync();
  grpc::ClientContext context;
  v1::GetRolloutRequest request;  // the newest
  auto reader = stub_->WatchRollout(&context, request);
  v1::RolloutEvent event;
  ASSERT_TRUE(reader->Read(&event));
  EXPECT_EQ(event.rollout().id(), id);
  ASSERT_TRUE(WaitForTarget(id, "saas-c", v1::TARGET_APPLYING));
  agent_->ReleaseResults();
  std::vector<std::string> lines;
  v1::Rollout last;
  while (reader->Read(&event)) {
    if (!event.text().empty()) lines.push_back(event.text());
    if (event.has_rollout()) last = event.rollout();
  }
  EXPECT_OK(FromGrpc(reader->Finish()));
  EXPECT_EQ(last.state(), v1::ROLLOUT_SUCCEEDED);
  EXPECT_THAT(lines, Contains(HasSubstr("saas-b 1/1 ok 0.04s ALTER TABLE")));
  EXPECT_THAT(lines, Contains("saas-b done verified=" +
                              FingerprintOf(Shop(2)).substr(0, 8)));
  EXPECT_THAT(lines, Contains(HasSubstr("wave 1/1 all passed")));
  EXPECT_THAT(lines.back(), HasSubstr("succeeded after"));
}

TEST_F(SyncTest, RecordsTheWholeSchemaAfterARolloutInAScope) {
  v1::MakePlanRequest request = Request("prod");
  request.mutable_scope()->add_tables("users");
  const absl::StatusOr<v1::FleetPlan> plan = MakePlan(request);
  ASSERT_OK(plan);
  agent_->HoldResults(true);
  ASSERT_OK(StartRollout(plan->id()));
  ASSERT_TRUE(WaitForTarget("r-1", "saas-a", v1::TARGET_APPLYING));
  // The fake only knows whole schemas by what plans lead to.
  for (const std::string& target : targets_) {
    agent_->Drift(target, Shop(2), /*tell=*/false);
  }
  agent_->ReleaseResults();
  WaitUntilOver("r-1");
  ASSERT_TRUE(WaitForVersions(targets_, 2));
  const v1::Version version = *coordinator_->view().Newest("saas-a");
  EXPECT_EQ(version.cause(), v1::ROLLOUT);
  EXPECT_EQ(version.rollout(), "r-1");
  EXPECT_EQ(version.fingerprint(), FingerprintOf(Shop(2)));
}

TEST_F(SyncTest, FindsRolloutsByIdAndPrefix) {
  EXPECT_THAT(GetRollout(""),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("no rollout")));
  WaitUntilOver(Sync());
  EXPECT_EQ(GetRollout("")->id(), "r-1");
  EXPECT_EQ(GetRollout("r")->id(), "r-1");
  EXPECT_THAT(GetRollout("r-7"), StatusIs(absl::StatusCode::kNotFound,
                                          HasSubstr("the newest is r-1")));
}

// A wave of 1,000 targets costs tens of syncs, not thousands.
TEST_F(SyncTest, SharesSyncsAmongTheTargetsOfAWave) {
  auto crowd = NewAgent("agent-crowd");
  std::vector<std::string> names;
  for (int i = 0; i < 1000; ++i) {
    names.push_back(absl::StrCat("crowd-", i));
    crowd->AddTarget(names.back(), Shop(1), "us");
  }
  crowd->Connect();
  ASSERT_TRUE(WaitForVersions(names, 1));
  v1::MakePlanRequest request = Request("prod");
  request.clear_selectors();
  request.add_selectors("region:us");
  const absl::StatusOr<v1::FleetPlan> plan = MakePlan(request);
  ASSERT_OK(plan);
  ASSERT_THAT(plan->cohorts(), SizeIs(1));
  const uint64_t before = coordinator_->log().sync_count();
  ASSERT_OK(StartRollout(plan->id()));
  const v1::Rollout rollout = WaitUntilOver("r-1");
  EXPECT_EQ(rollout.state(), v1::ROLLOUT_SUCCEEDED);
  const uint64_t syncs = coordinator_->log().sync_count() - before;
  EXPECT_LE(syncs, 40u) << "in all";
  RecordProperty("syncs", static_cast<int>(syncs));
  EXPECT_EQ(crowd->times_applied("crowd-999"), 1);
  EXPECT_EQ(coordinator_->view().Newest("crowd-999")->cause(), v1::ROLLOUT);
}

}  // namespace
}  // namespace fleet::testing
