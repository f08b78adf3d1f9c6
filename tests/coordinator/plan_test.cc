// From a request to a fleet plan.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "coordinator/rollout_digest.h"
#include "lib/base/grpc_status.h"
#include "tests/coordinator/coordinator_fixture.h"
#include "tests/testing/matchers.h"

namespace fleet::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

class PlanTest : public CoordinatorTest {
 protected:
  // prod at Shop(2); a, b and c behind; d equal to prod.
  void SetUp() override {
    agent_ = NewAgent("agent-eu");
    agent_->AddTarget("prod", Shop(2), "eu", /*read_only=*/true);
    agent_->AddTarget("saas-a", Shop(1));
    agent_->AddTarget("saas-b", Shop(0));
    agent_->AddTarget("saas-c", Shop(0));
    agent_->AddTarget("saas-d", Shop(2));
    agent_->Connect();
    ASSERT_TRUE(
        WaitForVersions({"prod", "saas-a", "saas-b", "saas-c", "saas-d"}, 1));
  }

  std::unique_ptr<FakeAgent> agent_;
};

TEST_F(PlanTest, GroupsTargetsThatLookAlike) {
  const absl::StatusOr<v1::FleetPlan> plan = MakePlan(Request("prod"));
  ASSERT_OK(plan);
  EXPECT_THAT(plan->id(), StartsWith("p-"));
  EXPECT_EQ(plan->id(), FleetPlanId(RolloutDigest(*plan)));
  EXPECT_EQ(plan->source(), "prod@1");
  EXPECT_EQ(plan->source_fingerprint(), FingerprintOf(Shop(2)));
  EXPECT_EQ(plan->cause(), v1::ROLLOUT);
  EXPECT_THAT(plan->in_sync(), ElementsAre("saas-d"));
  ASSERT_THAT(plan->cohorts(), SizeIs(2));
  EXPECT_EQ(plan->cohorts(0).name(), "A");
  EXPECT_THAT(plan->cohorts(0).targets(), ElementsAre("saas-a"));
  EXPECT_THAT(plan->cohorts(0).plan().statements(), SizeIs(1));
  EXPECT_THAT(plan->cohorts(1).targets(), ElementsAre("saas-b", "saas-c"));
  EXPECT_THAT(plan->cohorts(1).plan().statements(), SizeIs(2));
  EXPECT_TRUE(plan->cohorts(1).plan().rehearsed());
  EXPECT_EQ(plan->cohorts(1).plan().to_fingerprint(), FingerprintOf(Shop(2)));
  EXPECT_EQ(agent_->rehearsals(), 2);
  EXPECT_EQ(agent_->schemas_sent(), 3);  // one per distinct schema, ever
  ASSERT_THAT(plan->waves(), SizeIs(1));
  EXPECT_THAT(plan->waves(0).targets(),
              ElementsAre("saas-a", "saas-b", "saas-c"));

  grpc::ClientContext context;
  v1::GetPlanRequest request;
  request.set_id(plan->id().substr(0, 6));
  v1::FleetPlan stored;
  ASSERT_OK(FromGrpc(stub_->GetPlan(&context, request, &stored)));
  EXPECT_EQ(stored.SerializeAsString(), plan->SerializeAsString());
}

TEST_F(PlanTest, IsTheSameForTheSameFleet) {
  const absl::StatusOr<v1::FleetPlan> first = MakePlan(Request("prod"));
  const absl::StatusOr<v1::FleetPlan> second = MakePlan(Request("prod@1"));
  ASSERT_OK(first);
  ASSERT_OK(second);
  EXPECT_EQ(first->id(), second->id());
}

TEST_F(PlanTest, HasNoCohortsWhenNothingChanges) {
  v1::MakePlanRequest request = Request("prod");
  request.clear_selectors();
  request.add_selectors("name:saas-d");
  const absl::StatusOr<v1::FleetPlan> plan = MakePlan(request);
  ASSERT_OK(plan);
  EXPECT_THAT(plan->cohorts(), IsEmpty());
  EXPECT_THAT(plan->waves(), IsEmpty());
  EXPECT_THAT(plan->in_sync(), ElementsAre("saas-d"));
  EXPECT_EQ(agent_->rehearsals(), 0);
}

TEST_F(PlanTest, SeesWhatWasNotReportedYet) {
  agent_->Drift("saas-d", Shop(1), /*tell=*/false);
  const absl::StatusOr<v1::FleetPlan> plan = MakePlan(Request("prod"));
  ASSERT_OK(plan);
  EXPECT_THAT(plan->cohorts(0).targets(), ElementsAre("saas-a", "saas-d"));
  EXPECT_THAT(plan->in_sync(), IsEmpty());
  EXPECT_EQ(coordinator_->view().Newest("saas-d")->cause(), v1::DRIFT);
}

TEST_F(PlanTest, LeavesOutReadOnlyAndUnreachableTargetsAndSaysSo) {
  auto gone = NewAgent("agent-us");
  gone->AddTarget("saas-z", Shop(1));
  gone->Connect();
  ASSERT_TRUE(WaitForVersions({"saas-z"}, 1));
  gone->Disconnect();
  ASSERT_TRUE(Eventually([&] { return !StatusOf("saas-z").connected(); }));
  v1::MakePlanRequest request = Request("saas-d");
  request.set_allow_all_hazards(true);
  const absl::StatusOr<v1::FleetPlan> plan = MakePlan(request);
  ASSERT_OK(plan);
  ASSERT_THAT(plan->refused(), SizeIs(1));
  EXPECT_EQ(plan->refused(0).target(), "prod");
  EXPECT_THAT(plan->refused(0).note(), HasSubstr("read-only"));
  ASSERT_THAT(plan->unreachable(), SizeIs(1));
  EXPECT_THAT(plan->unreachable(0).note(),
              HasSubstr("agent agent-us of target saas-z was last seen"));

  EXPECT_THAT(MakePlan(Request("saas-z")),
              StatusIs(absl::StatusCode::kUnavailable,
                       HasSubstr("agent agent-us of target saas-z")));
  // What is recorded of it does.
  EXPECT_OK(MakePlan(Request("saas-z@1")));
}

TEST_F(PlanTest, LoadsSqlInAScratchDatabase) {
  v1::MakePlanRequest request = Request("");
  request.set_sql("shop 3");
  request.set_sql_file_name("shop.sql");
  const absl::StatusOr<v1::FleetPlan> plan = MakePlan(request);
  ASSERT_OK(plan);
  EXPECT_EQ(plan->source(), "shop.sql");
  EXPECT_THAT(plan->cohorts(), SizeIs(3));
  request.set_sql("crete tabel");
  EXPECT_THAT(MakePlan(request),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("shop.sql:1:1: syntax error")));
}

TEST_F(PlanTest, StopsAtHazardsThatAreNotAllowed) {
  v1::MakePlanRequest request = Request("saas-b");
  request.set_allow_all_hazards(false);
  EXPECT_THAT(MakePlan(request),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       ::testing::AllOf(StartsWith("stopped by policy: "),
                                        HasSubstr("DELETES_DATA"))));
  request.add_allow_hazards(v1::DELETES_DATA);
  request.add_allow_hazards(v1::BREAKS_CLIENTS);
  EXPECT_OK(MakePlan(request));
  request.set_max_risk(1);
  EXPECT_THAT(MakePlan(request), StatusIs(absl::StatusCode::kFailedPrecondition,
                                          StartsWith("stopped by policy: ")));
}

TEST_F(PlanTest, FailsWhenTheRehearsalDoes) {
  agent_->set_rehearsal_error("statement 1: no such table: users");
  EXPECT_THAT(MakePlan(Request("prod")),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("rehearsing the plan of group A on the "
                                 "scratch database of saas-a")));
  v1::MakePlanRequest request = Request("prod");
  request.set_skip_rehearsal(true);
  const absl::StatusOr<v1::FleetPlan> plan = MakePlan(request);
  ASSERT_OK(plan);
  EXPECT_FALSE(plan->cohorts(0).plan().rehearsed());
}

TEST_F(PlanTest, NamesWhatIsWrongWithARequest) {
  EXPECT_THAT(MakePlan(Request("prdo")),
              StatusIs(absl::StatusCode::kNotFound,
                       HasSubstr("did you mean \"prod\"?")));
  EXPECT_THAT(MakePlan(Request("prod@9")),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("9")));
  v1::MakePlanRequest request = Request("prod");
  request.set_sql("shop 1");
  EXPECT_THAT(MakePlan(request), StatusIs(absl::StatusCode::kInvalidArgument,
                                          HasSubstr("one thing")));
  request = Request("prod");
  request.clear_selectors();
  EXPECT_THAT(MakePlan(request), StatusIs(absl::StatusCode::kInvalidArgument,
                                          HasSubstr("which targets")));
  request.add_selectors("tag:sass");
  EXPECT_THAT(MakePlan(request),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("saas")));
  request = Request("prod");
  request.set_policy_yaml("version: 1\nwafes: []\n");
  EXPECT_THAT(MakePlan(request), StatusIs(absl::StatusCode::kInvalidArgument,
                                          HasSubstr("policy.yaml:2:")));
}

TEST_F(PlanTest, GroupsByWhatIsInScope) {
  v1::MakePlanRequest request = Request("prod");
  // Only the table that is the same everywhere.
  request.mutable_scope()->add_tables("orders");
  const absl::StatusOr<v1::FleetPlan> plan = MakePlan(request);
  ASSERT_OK(plan);
  EXPECT_THAT(plan->cohorts(), IsEmpty());
  EXPECT_THAT(plan->in_sync(),
              ElementsAre("saas-a", "saas-b", "saas-c", "saas-d"));
}

}  // namespace
}  // namespace fleet::testing
