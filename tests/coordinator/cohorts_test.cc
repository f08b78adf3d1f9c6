#include "coordinator/cohorts.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "coordinator/rollout.h"
#include "coordinator/rollout_digest.h"
#include "tests/testing/matchers.h"

namespace fleet {
namespace {

using ::testing::ElementsAre;

CohortMember Member(const std::string& target, const std::string& from) {
  return {target, v1::POSTGRES, "postgres", 15, from, ""};
}

std::vector<std::string> Lines(const std::vector<CohortMember>& members) {
  std::vector<std::string> lines;
  for (const TargetGroup& group : GroupTargets(members)) {
    lines.push_back(
        absl::StrCat(group.name, ": ", absl::StrJoin(group.targets, " ")));
  }
  return lines;
}

TEST(Cohorts, OutliersFirstThenByName) {
  std::vector<CohortMember> members = {Member("e", "x"), Member("a", "x"),
                                       Member("d", "y"), Member("c", "z"),
                                       Member("b", "x")};
  const auto want = ElementsAre("A: c", "B: d", "C: a b e");
  EXPECT_THAT(Lines(members), want);
  std::reverse(members.begin(), members.end());
  EXPECT_THAT(Lines(members), want);
}

TEST(Cohorts, EverythingThatAPlanDependsOnSplits) {
  std::vector<CohortMember> members(6, Member("", "x"));
  for (size_t i = 0; i < members.size(); ++i) {
    members[i].target = absl::StrCat("t", i);
  }
  members[1].engine = v1::MYSQL;
  members[2].flavour = "timescale";
  members[3].server_major = 16;
  members[4].from_fingerprint = "y";
  members[5].to_fingerprint = "z";
  EXPECT_EQ(GroupTargets(members).size(), 6);
}

TEST(Cohorts, Names) {
  EXPECT_EQ(CohortName(0), "A");
  EXPECT_EQ(CohortName(25), "Z");
  EXPECT_EQ(CohortName(26), "AA");
  EXPECT_EQ(CohortName(51), "AZ");
  EXPECT_EQ(CohortName(52), "BA");
  EXPECT_EQ(CohortName(701), "ZZ");
  EXPECT_EQ(CohortName(702), "AAA");
}

v1::FleetPlan TwoCohorts() {
  v1::FleetPlan plan;
  plan.set_source_fingerprint("s");
  plan.mutable_policy()->set_on_failure(v1::HALT);
  for (const char* name : {"z", "b"}) {
    v1::Cohort& cohort = *plan.add_cohorts();
    cohort.add_targets(name);
    cohort.mutable_plan()->set_id(absl::StrCat("plan-", name));
    cohort.mutable_plan()->set_from_fingerprint("f");
    cohort.mutable_plan()->set_to_fingerprint("t");
    cohort.mutable_plan()->add_statements();
    plan.add_waves()->add_targets(name);
  }
  return plan;
}

TEST(RolloutDigest, IsThatOfThePlanAndSeesEachChange) {
  const v1::FleetPlan plan = TwoCohorts();
  const std::string digest = RolloutDigest(plan);
  EXPECT_EQ(digest.size(), 64);
  EXPECT_EQ(FleetPlanId(digest), "p-" + digest.substr(0, 10));
  v1::Rollout rollout = NewRollout(plan, "r-1", "lena", 5);
  EXPECT_EQ(RolloutDigest(rollout), digest);
  EXPECT_EQ(rollout.digest(), digest);
  rollout.mutable_targets(0)->set_state(v1::TARGET_HEALTHY);
  rollout.mutable_targets(0)->set_attempt(2);
  EXPECT_EQ(RolloutDigest(rollout), digest);  // how far it is, is not in it

  v1::FleetPlan swapped = plan;
  swapped.mutable_cohorts()->SwapElements(0, 1);
  EXPECT_EQ(RolloutDigest(swapped), digest);

  std::vector<v1::FleetPlan> others(6, plan);
  others[0].set_source_fingerprint("s2");
  others[1].mutable_cohorts(0)->add_targets("new");
  others[2].mutable_cohorts(0)->mutable_plan()->set_id("p2");
  others[3].mutable_cohorts(1)->mutable_plan()->set_from_fingerprint("f2");
  others[4].mutable_policy()->set_on_failure(v1::CONTINUE);
  others[5].mutable_cohorts()->RemoveLast();
  for (const v1::FleetPlan& other : others) {
    EXPECT_NE(RolloutDigest(other), digest);
  }
}

TEST(NewRollout, TakesThePlanOver) {
  const v1::Rollout rollout = NewRollout(TwoCohorts(), "r-1", "lena", 5);
  EXPECT_EQ(rollout.state(), v1::ROLLOUT_APPROVED);
  EXPECT_EQ(rollout.created_ms(), 5);
  ASSERT_EQ(rollout.targets_size(), 2);
  EXPECT_EQ(rollout.targets(0).target(), "b");
  EXPECT_EQ(rollout.targets(0).plan_id(), "plan-b");
  EXPECT_EQ(rollout.targets(0).to_fingerprint(), "t");
  EXPECT_EQ(rollout.targets(0).statements_total(), 1);
  EXPECT_EQ(rollout.targets(0).attempt(), 1);
  EXPECT_EQ(rollout.targets(0).reason(), kWaitsForWave);
  EXPECT_EQ(rollout.waves(1).state(), v1::WAVE_WAITING);
}

}  // namespace
}  // namespace fleet
