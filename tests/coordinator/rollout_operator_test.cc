// What operators order.

#include <string>
#include <vector>

#include "tests/coordinator/rollout_fixture.h"

namespace fleet {
namespace {

using ::fleet::testing::StatusIs;
using ::testing::HasSubstr;

TEST_F(RolloutTest, AManualWaveWaitsForPromotion) {
  Start({{{"a"}}, {{"b"}, 1, 0, 0, true}});
  EXPECT_THAT(Try(Promoted{"lena", ""}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       "rollout r-1 is running: wave w1 is running, no wave "
                       "waits for promotion"));
  Apply("a", v1::TARGET_HEALTHY);
  EXPECT_EQ(ShownWave(1), "READY promotion");
  EXPECT_EQ(Shown("b"), "PENDING promotion");
  EXPECT_EQ(Shown(), "RUNNING promotion");
  EXPECT_EQ(wake_at_ms_, 0);
  EXPECT_THAT(Try(Promoted{"lena", "w1"}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("it is wave w2 that waits")));
  Do(Promoted{"lena", "w2"});
  EXPECT_EQ(sent_, "prepare b1");
}

TEST_F(RolloutTest, AManualFirstWaveWaitsToo) {
  Start({{{"a"}, 1, 0, 0, true}});
  EXPECT_EQ(sent_, "");
  EXPECT_EQ(ShownWave(0), "READY promotion");
}

TEST_F(RolloutTest, PausedStartsNothingAndResumedAsksAgain) {
  Start({{{"a", "b"}, 1}});
  Ready("a");
  Ready("b");
  Do(Paused{"lena"});
  EXPECT_EQ(Shown(), "PAUSED paused");
  EXPECT_EQ(Shown("a"), "DISPATCHED paused");
  EXPECT_EQ(Shown("b"), "QUEUED paused");
  EXPECT_EQ(ShownWave(0), "RUNNING paused");
  Ask("a");
  EXPECT_EQ(sent_, "");
  Do(Paused{"lena"});  // twice is once
  Do(Resumed{"lena"});
  EXPECT_EQ(sent_, "go a1");
  EXPECT_EQ(Shown("b"), "QUEUED max_parallel");
  Ask("a");
  EXPECT_EQ(sent_, "grant a1 n");
}

TEST_F(RolloutTest, PausedDoesNotBeginTheNextWave) {
  Start({{{"a"}}, {{"b"}}});
  Ready("a");
  Ask("a");
  Do(Paused{"lena"});
  End("a", v1::TARGET_HEALTHY);
  EXPECT_EQ(sent_, "ack a1");
  EXPECT_EQ(ShownWave(0), "PROMOTED");
  EXPECT_EQ(ShownWave(1), "WAITING paused");
  Do(Resumed{"lena"});
  EXPECT_EQ(sent_, "prepare b1");
}

TEST_F(RolloutTest, AbortedIsShownWhenNothingRuns) {
  Start({{{"a", "b"}, 1}, {{"c"}}});
  Ready("a");
  Ready("b");
  Ask("a");
  Do(Aborted{"lena"});
  EXPECT_EQ(sent_, "cancel b1");
  EXPECT_EQ(Shown(), "RUNNING cancelling");
  EXPECT_EQ(Shown("a"), "APPLYING cancelling");
  EXPECT_EQ(Shown("b"), "CANCELLED aborted");
  EXPECT_EQ(Shown("c"), "CANCELLED aborted");
  for (const Event& event : {Event(Paused{}), Event(Resumed{}),
                             Event(Promoted{}), Event(Retried{})}) {
    EXPECT_THAT(Try(event), StatusIs(absl::StatusCode::kFailedPrecondition,
                                     HasSubstr("is being cancelled")));
  }
  End("a", v1::TARGET_HEALTHY);
  EXPECT_EQ(Shown(), "CANCELLED aborted");
  EXPECT_EQ(ShownWave(0), "HALTED aborted");
  EXPECT_EQ(ShownWave(1), "SKIPPED aborted");
  Do(Aborted{"lena"});
}

TEST_F(RolloutTest, AbortedBeforeTheStart) {
  Make({{{"a"}}});
  Do(Aborted{"lena"});
  EXPECT_EQ(sent_, "");
  EXPECT_EQ(Shown(), "CANCELLED aborted");
}

TEST_F(RolloutTest, RetryBringsBackTheFailedAndTheCancelled) {
  Start({{{"a", "b"}, 1}, {{"c"}}});
  Ready("a");
  Ready("b");
  Ask("a");
  End("a", v1::TARGET_FAILED);
  ASSERT_EQ(Shown(), "FAILED halted");
  Do(Retried{{"a"}, "lena"});
  EXPECT_EQ(sent_, "prepare a2, prepare b2");
  EXPECT_EQ(Shown(), "RUNNING");
  EXPECT_EQ(rollout_.finished_ms(), 0);
  EXPECT_EQ(ShownWave(0), "RUNNING ready");
  EXPECT_EQ(ShownWave(1), "WAITING wave");
  EXPECT_EQ(Shown("c"), "PENDING wave");
  EXPECT_EQ(Target("c").attempt(), 1);
  EXPECT_EQ(Target("a").failed_statement(), 0);
  EXPECT_EQ(Target("a").nonce(), "");
  Ready("b", 2);
  Ready("a", 2);
  EXPECT_EQ(sent_, "go a2");
  Ask("a", 2);
  End("a", v1::TARGET_HEALTHY, 2);
  Ask("b", 2);
  End("b", v1::TARGET_HEALTHY, 2);
  EXPECT_EQ(sent_, "ack b2, prepare c1");
  Apply("c", v1::TARGET_HEALTHY);
  EXPECT_EQ(Shown(), "SUCCEEDED");
}

TEST_F(RolloutTest, RetryAfterAnAbortGoesOnWhereItStopped) {
  Start({{{"a"}}, {{"b"}}});
  Apply("a", v1::TARGET_HEALTHY);
  Do(Aborted{"lena"});
  ASSERT_EQ(Shown(), "CANCELLED aborted");
  Do(Retried{{}, "lena"});
  EXPECT_EQ(sent_, "prepare b2");
  EXPECT_EQ(ShownWave(0), "PROMOTED");
}

TEST_F(RolloutTest, RetryInAnEarlierWaveHoldsTheLaterOne) {
  Start({{{"a", "b"}, 2, 1}, {{"c", "d"}, 1}});
  Ready("a");
  Ready("b");
  Ask("a");
  End("a", v1::TARGET_FAILED);
  Ask("b");
  End("b", v1::TARGET_HEALTHY);
  Ready("c");
  Ready("d");
  ASSERT_EQ(sent_, "go c1");
  Do(Retried{{"a"}, "lena"});
  EXPECT_EQ(sent_, "prepare a2");
  EXPECT_EQ(Shown("c"), "DISPATCHED wave");
  Ask("c");
  EXPECT_EQ(sent_, "");
  Ready("a", 2);
  Ask("a", 2);
  End("a", v1::TARGET_HEALTHY, 2);
  EXPECT_EQ(sent_, "ack a2, go c1");
  Ask("c");
  EXPECT_EQ(sent_, "grant c1 n");
}

TEST_F(RolloutTest, RetriesThatMakeNoSense) {
  Start({{{"a", "b"}, 2}, {{"c"}}});
  EXPECT_THAT(Try(Retried{}), StatusIs(absl::StatusCode::kFailedPrecondition,
                                       "rollout r-1 is running: there is "
                                       "nothing to retry"));
  EXPECT_THAT(Try(Retried{{"zz"}, ""}),
              StatusIs(absl::StatusCode::kNotFound,
                       "rollout r-1 has no target \"zz\""));
  EXPECT_THAT(Try(Retried{{"a"}, ""}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("target a is preflight and cannot be")));
  Ready("a");
  Ready("b");
  Ask("a");
  Ask("b");
  End("a", v1::TARGET_FAILED);
  End("b", v1::TARGET_FAILED);
  EXPECT_THAT(Try(Retried{{"a"}, ""}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("wave w1 tolerates 0 failures and would still "
                                 "have 1 (b); retry these too")));
  EXPECT_EQ(Shown(), "FAILED halted");
  Start({{{"a"}}, {{"b"}}});
  Apply("a", v1::TARGET_DIVERGED);
  for (const Retried& retry : {Retried{{"a"}, ""}, Retried{{}, ""}}) {
    EXPECT_THAT(Try(retry), StatusIs(absl::StatusCode::kFailedPrecondition,
                                     HasSubstr("target a is diverged")));
  }
}

TEST_F(RolloutTest, StartsOnlyWhatIsApprovedAndWhole) {
  for (v1::RolloutState state :
       {v1::ROLLOUT_DRAFT, v1::ROLLOUT_PENDING_APPROVAL, v1::ROLLOUT_FAILED,
        v1::ROLLOUT_SUPERSEDED}) {
    Make({{{"a"}}});
    rollout_.set_state(state);
    EXPECT_THAT(Try(Started{}),
                StatusIs(absl::StatusCode::kFailedPrecondition,
                         HasSubstr("only an approved rollout")));
    EXPECT_EQ(rollout_.state(), state);
  }
  Make({{{"a"}}});
  rollout_.mutable_waves(0)->clear_targets();
  EXPECT_THAT(Try(Started{}), StatusIs(absl::StatusCode::kFailedPrecondition,
                                       HasSubstr("target a is in no wave")));
  Make({{{"a"}}});
  rollout_.mutable_waves(0)->add_targets("b");
  EXPECT_THAT(Try(Started{}), StatusIs(absl::StatusCode::kFailedPrecondition,
                                       HasSubstr("wave w1 names a target")));
}

// What was reported as failed must not run by itself.
TEST_F(RolloutTest, AStartThatIsNotConfirmedIsCancelledByARestart) {
  Make({{{"a"}}});
  Do(Started{});
  EXPECT_EQ(rollout_.unconfirmed(), "start");
  Do(CoordinatorRestarted{});
  EXPECT_EQ(Shown(), "CANCELLED unconfirmed");
  EXPECT_EQ(Shown("a"), "CANCELLED unconfirmed");
  // A person may want it after all.
  Do(Retried{{}, "lena"});
  EXPECT_EQ(Shown(), "RUNNING");
}

TEST_F(RolloutTest, AnOrderThatIsNotConfirmedIsPausedByARestart) {
  const auto restarted_after = [this](const Event& order) {
    Do(order);
    EXPECT_NE(rollout_.unconfirmed(), "");
    Do(CoordinatorRestarted{});
    EXPECT_EQ(sent_.find("go"), std::string::npos) << sent_;
    return Shown();
  };
  Start({{{"a"}}, {{"b"}, 1, 0, 0, /*manual=*/true}});
  Do(Paused{"lena"});
  EXPECT_EQ(restarted_after(Resumed{"lena"}), "PAUSED unconfirmed");
  Do(Resumed{"lena"});
  Do(Confirmed{});
  EXPECT_EQ(rollout_.unconfirmed(), "");
  Apply("a", v1::TARGET_HEALTHY);
  EXPECT_EQ(restarted_after(Promoted{"lena", ""}), "PAUSED unconfirmed");
  Do(Resumed{"lena"});
  Do(Confirmed{});
  Apply("b", v1::TARGET_FAILED);
  EXPECT_EQ(restarted_after(Retried{{}, "lena"}), "PAUSED unconfirmed");
  Do(Resumed{"lena"});
  Apply("b", v1::TARGET_HEALTHY, 2);
  EXPECT_EQ(Shown(), "SUCCEEDED");
}

TEST_F(RolloutTest, AConfirmedOrderOutlivesARestart) {
  Start({{{"a"}}});
  Do(CoordinatorRestarted{});
  EXPECT_EQ(Shown(), "RUNNING");
  EXPECT_EQ(sent_, "prepare a1");
}

}  // namespace
}  // namespace fleet
