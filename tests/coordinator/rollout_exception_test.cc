// What operators take out of a rollout, put right, or change while it runs.

#include <string>
#include <vector>

#include "tests/coordinator/rollout_fixture.h"

namespace fleet {
namespace {

using ::fleet::testing::StatusIs;
using ::testing::HasSubstr;

constexpr absl::StatusCode kRefused = absl::StatusCode::kFailedPrecondition;

TEST_F(RolloutTest, ASkippedTargetHoldsUpNobody) {
  Start({{{"a", "b"}, 1}, {{"c"}}});
  Ready("a");
  EXPECT_EQ(sent_, "");  // b is not ready
  Do(Skipped{{"b"}, "lena", "moves next week"});
  EXPECT_EQ(sent_, "cancel b1, go a1");
  EXPECT_EQ(Shown("b"), "SKIPPED skipped");
  EXPECT_EQ(Target("b").message(), "moves next week");
  Do(Confirmed{});
  Ready("b");  // late: told once more to forget it
  EXPECT_EQ(sent_, "cancel b1");
  Ask("a");
  End("a", v1::TARGET_HEALTHY);
  EXPECT_EQ(Shown("c"), "PREFLIGHT ready");
  Apply("c", v1::TARGET_HEALTHY);
  EXPECT_EQ(Shown(), "SUCCEEDED");
}

TEST_F(RolloutTest, WhatMayRunIsNotSkippedNorWhatIsDone) {
  Start({{{"a", "b"}, 2}});
  Ready("a");
  Ready("b");
  Ask("a");
  EXPECT_THAT(Try(Skipped{{"a"}, "lena"}),
              StatusIs(kRefused, HasSubstr("statements of target a may be")));
  End("a", v1::TARGET_HEALTHY);
  EXPECT_THAT(Try(Skipped{{"b", "a"}, "lena"}),
              StatusIs(kRefused, HasSubstr("target a is done")));
  EXPECT_EQ(Shown("b"), "DISPATCHED start");  // all or nothing
  EXPECT_THAT(Try(Skipped{{"z"}, "lena"}),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("no target")));
  EXPECT_THAT(Try(Skipped{{}, "lena"}),
              StatusIs(kRefused, HasSubstr("name the targets")));
  Do(Skipped{{"b"}, "lena"});
  EXPECT_EQ(rollout_.unconfirmed(), "") << "it has ended, nothing waits";
  Ask("b");  // it had its GO; it gets no grant
  EXPECT_EQ(sent_, "cancel b1");
  EXPECT_EQ(Shown(), "SUCCEEDED");
}

TEST_F(RolloutTest, TheRestIsRetriedWithoutWhatIsSkipped) {
  Start({{{"a", "b"}, 1}, {{"c"}}});
  Ready("a");
  Ready("b");
  Ask("a");
  End("a", v1::TARGET_FAILED);
  EXPECT_EQ(Shown(), "FAILED halted");
  Do(Skipped{{"a"}, "lena", "broken hardware"});
  EXPECT_EQ(Shown(), "FAILED halted");
  Do(Retried{{}, "lena"});
  Do(Confirmed{});
  Apply("b", v1::TARGET_HEALTHY, 2);
  Apply("c", v1::TARGET_HEALTHY);
  EXPECT_EQ(Shown("a"), "SKIPPED skipped");
  EXPECT_EQ(Shown(), "SUCCEEDED");
}

TEST_F(RolloutTest, NothingIsSkippedWhileAFailureStopsTheRest) {
  Start({{{"a", "b"}, 2}});
  Ready("a");
  Ready("b");
  Ask("a");
  Ask("b");
  End("a", v1::TARGET_FAILED);
  EXPECT_THAT(Try(Skipped{{"a"}, "lena"}),
              StatusIs(kRefused, HasSubstr("when it has ended")));
}

TEST_F(RolloutTest, ADivergedTargetIsRetriedOnceSomebodyHasLooked) {
  Start({{{"a"}}});
  Ready("a");
  Ask("a");
  End("a", v1::TARGET_DIVERGED);
  EXPECT_THAT(Try(Retried{{"a"}, "lena"}),
              StatusIs(kRefused, HasSubstr("target a is diverged")));
  Do(Resolved{{"a"}, "lena", "dropped the half-made index"});
  EXPECT_EQ(Shown("a"), "FAILED resolved");
  EXPECT_THAT(Try(Resolved{{"a"}, "lena"}),
              StatusIs(kRefused, HasSubstr("is not diverged")));
  Do(Retried{{}, "lena"});
  EXPECT_EQ(sent_, "prepare a2");
  Do(Confirmed{});
  EXPECT_THAT(Try(Resolved{{"a"}, "lena"}),
              StatusIs(kRefused, HasSubstr("nothing of it runs")));
}

TEST_F(RolloutTest, FewerPlacesHoldBackWhatWasToldToGo) {
  Start({{{"a", "b", "c"}, 2}});
  for (const char* name : {"a", "b", "c"}) Ready(name);
  Do(Tuned{1, 0, "lena"});
  Ask("a");
  EXPECT_EQ(sent_, "grant a1 n");
  Ask("b");
  EXPECT_EQ(sent_, "");
  End("a", v1::TARGET_HEALTHY);
  EXPECT_EQ(Shown("c"), "QUEUED max_parallel");
  Ask("b");
  EXPECT_EQ(sent_, "grant b1 n");
  Do(Tuned{3, 2'000, "lena", "quiet now"});
  EXPECT_EQ(sent_, "go c1");
  EXPECT_EQ(rollout_.lock_timeout_ms(), 2'000);
  EXPECT_EQ(rollout_.policy().lock_timeout_ms(), 0) << "what was approved";
  EXPECT_THAT(Try(Tuned{}), StatusIs(kRefused, HasSubstr("at least 1")));
}

TEST_F(RolloutTest, PromotedFullyNothingWaitsAndNothingBakes) {
  Start({{{"a"}, 1, 0, 60'000}, {{"b"}, 1, 0, 60'000, true}, {{"c"}}});
  Apply("a", v1::TARGET_HEALTHY);
  EXPECT_EQ(ShownWave(0), "BAKING bake");
  Do(Promoted{"lena", "", /*full=*/true, "it is an emergency"});
  EXPECT_EQ(sent_, "prepare b1");
  Do(Confirmed{});
  Apply("b", v1::TARGET_HEALTHY);
  EXPECT_EQ(Shown("c"), "PREFLIGHT ready");
}

TEST_F(RolloutTest, WhoDidWhatIsKept) {
  Start({{{"a", "b"}, 1}});
  Do(Paused{"lena", "lunch"});
  Do(Paused{"otto"});  // does nothing
  now_ms_ += 5;
  Do(Resumed{"otto"});
  Do(Tuned{2, 1'500, "lena"});
  Do(Skipped{{"b"}, "lena", "why not"});
  EXPECT_FALSE(Try(Skipped{{"b"}, "lena"}).ok());
  ASSERT_EQ(rollout_.steering_size(), 4);
  EXPECT_EQ(rollout_.steering(0).action(), "pause");
  EXPECT_EQ(rollout_.steering(0).by(), "lena");
  EXPECT_EQ(rollout_.steering(0).message(), "lunch");
  EXPECT_EQ(rollout_.steering(1).action(), "resume");
  EXPECT_EQ(rollout_.steering(1).time_ms(), now_ms_);
  EXPECT_EQ(rollout_.steering(2).detail(), "parallel=2 lock-timeout=1.5s");
  EXPECT_EQ(rollout_.steering(3).action(), "skip");
  EXPECT_EQ(rollout_.steering(3).targets(0), "b");
}

}  // namespace
}  // namespace fleet
