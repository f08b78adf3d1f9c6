// What agents say and what time brings.

#include <string>
#include <vector>

#include "coordinator/rollout_machine.h"
#include "tests/coordinator/rollout_fixture.h"

namespace fleet {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST_F(RolloutTest, OneTargetFromStartToSuccess) {
  Start({{{"a"}}});
  EXPECT_EQ(sent_, "prepare a1");
  EXPECT_EQ(Shown("a"), "PREFLIGHT ready");
  EXPECT_EQ(ShownWave(0), "RUNNING ready");
  Ready("a");
  EXPECT_EQ(sent_, "go a1");
  EXPECT_EQ(Shown("a"), "DISPATCHED start");
  Ask("a");
  EXPECT_EQ(sent_, "grant a1 n");
  EXPECT_EQ(Shown("a"), "APPLYING");
  Do(TargetProgressed{"a", 1, 1, "waiting for a lock"});
  EXPECT_EQ(Target("a").statements_done(), 1);
  EXPECT_EQ(Target("a").message(), "waiting for a lock");
  Do(TargetResult{"a", 1, v1::TARGET_HEALTHY, "plan", "to", "", "", 2, 0});
  EXPECT_EQ(sent_, "ack a1");
  EXPECT_EQ(Shown("a"), "HEALTHY");
  EXPECT_EQ(Target("a").statements_done(), 2);
  EXPECT_EQ(Target("a").statements_total(), 2);
  EXPECT_EQ(Shown(), "SUCCEEDED");
  EXPECT_EQ(rollout_.finished_ms(), now_ms_);
}

TEST_F(RolloutTest, NothingGoesBeforeEveryoneIsReady) {
  Start({{{"a", "b"}}, {{"c"}}});
  EXPECT_EQ(sent_, "prepare a1, prepare b1");
  Ready("b");
  EXPECT_EQ(sent_, "");
  EXPECT_EQ(Shown("b"), "QUEUED ready");
  EXPECT_EQ(Shown("c"), "PENDING wave");
  Ready("a");
  EXPECT_EQ(sent_, "go a1, go b1");
}

TEST_F(RolloutTest, ARefusalBeforeTheFirstGoStopsTheWave) {
  Start({{{"a", "b"}}, {{"c"}}});
  Ready("a");
  Do(TargetRefused{"b", 1, v1::TARGET_DRIFTED, "drift", "have x, plan y"});
  EXPECT_EQ(sent_, "cancel a1");
  EXPECT_EQ(Shown("a"), "CANCELLED halted");
  EXPECT_EQ(Shown("b"), "DRIFTED drift");
  EXPECT_EQ(Target("b").message(), "have x, plan y");
  EXPECT_EQ(Shown("c"), "CANCELLED halted");
  EXPECT_EQ(ShownWave(0), "FAILED");
  EXPECT_EQ(ShownWave(1), "SKIPPED halted");
  EXPECT_EQ(Shown(), "FAILED halted");
}

TEST_F(RolloutTest, ARefusalWithinTheToleranceIsPassedBy) {
  Start({{{"a", "b"}, 10, 1}});
  Ready("a");
  Do(TargetRefused{"b", 1, v1::TARGET_BLOCKED, "policy", ""});
  EXPECT_EQ(sent_, "go a1");
  Ask("a");
  End("a", v1::TARGET_HEALTHY);
  EXPECT_EQ(Shown(), "SUCCEEDED_WITH_FAILURES");
  EXPECT_EQ(ShownWave(0), "PROMOTED");
}

TEST_F(RolloutTest, MaxParallelInStartOrder) {
  Start({{{"c", "a", "b"}, 2}});
  Ready("a");
  Ready("b");
  Ready("c");
  EXPECT_EQ(sent_, "go c1, go a1");
  EXPECT_EQ(Shown("b"), "QUEUED max_parallel");
  Ask("c");
  EXPECT_EQ(sent_, "grant c1 n");
  End("c", v1::TARGET_HEALTHY);
  EXPECT_EQ(sent_, "ack c1, go b1");
}

TEST_F(RolloutTest, AFailureLetsTheRunningOnesEnd) {
  Start({{{"a", "b", "c", "d"}, 3}, {{"e"}}});
  for (const char* name : {"a", "b", "c", "d"}) Ready(name);
  Ask("a");
  Ask("b");
  End("a", v1::TARGET_FAILED);
  EXPECT_EQ(sent_, "ack a1, cancel c1, cancel d1");
  EXPECT_EQ(Target("a").failed_statement(), 2);
  EXPECT_EQ(Shown("b"), "APPLYING");
  EXPECT_EQ(Shown("e"), "CANCELLED halted");
  EXPECT_EQ(Shown(), "RUNNING halted");
  EXPECT_EQ(ShownWave(0), "RUNNING");
  Ask("c");  // it had been told to go
  EXPECT_EQ(sent_, "cancel c1");
  End("b", v1::TARGET_HEALTHY);
  EXPECT_EQ(Shown(), "FAILED halted");
  EXPECT_EQ(ShownWave(0), "FAILED");
  EXPECT_EQ(ShownWave(1), "SKIPPED halted");
}

TEST_F(RolloutTest, ContinueGoesOn) {
  Start({{{"a"}}, {{"b"}}}, v1::CONTINUE);
  Apply("a", v1::TARGET_FAILED);
  EXPECT_EQ(sent_, "ack a1, prepare b1");
  EXPECT_EQ(ShownWave(0), "FAILED");
  Apply("b", v1::TARGET_HEALTHY);
  EXPECT_EQ(Shown(), "SUCCEEDED_WITH_FAILURES");
}

TEST_F(RolloutTest, DivergedIsBeyondAnyTolerance) {
  Start({{{"a"}, 10, 1}, {{"b"}}});
  Apply("a", v1::TARGET_DIVERGED);
  EXPECT_EQ(Shown(), "FAILED halted");
  EXPECT_EQ(Shown("b"), "CANCELLED halted");
}

TEST_F(RolloutTest, HealthyNeedsEvidence) {
  struct Case {
    const char* plan;
    const char* fingerprint;
    const char* shown;
  };
  for (const Case& one : {Case{"plan", "to", "HEALTHY reason"},
                          Case{"plan", "from", "DIVERGED evidence"},
                          Case{"plan", "", "DIVERGED evidence"},
                          Case{"other", "to", "DIVERGED evidence"}}) {
    Start({{{"a"}}});
    Ready("a");
    Ask("a");
    Do(TargetResult{"a", 1, v1::TARGET_HEALTHY, one.plan, one.fingerprint,
                    "reason", "", 2, 0});
    EXPECT_EQ(Shown("a"), one.shown) << one.plan << " " << one.fingerprint;
    EXPECT_EQ(sent_, "ack a1");
  }
  EXPECT_THAT(Target("a").message(),
              AllOf(HasSubstr("shows plan other"), HasSubstr("want plan plan"),
                    HasSubstr("make a new plan")));
}

TEST_F(RolloutTest, AStateThatIsNoResultIsDiverged) {
  Start({{{"a"}}});
  Ready("a");
  Ask("a");
  End("a", v1::TARGET_QUEUED);
  EXPECT_EQ(Shown("a"), "DIVERGED evidence");
}

TEST_F(RolloutTest, AlreadyThereNeedsNoStart) {
  Start({{{"a"}}});
  End("a", v1::TARGET_HEALTHY);  // instead of READY: an earlier run did it
  EXPECT_EQ(Shown("a"), "HEALTHY reason");
  EXPECT_EQ(Shown(), "SUCCEEDED");
}

TEST_F(RolloutTest, BakesThenGoesOn) {
  Start({{{"a"}, 1, 0, 500}, {{"b"}}});
  Apply("a", v1::TARGET_HEALTHY);
  EXPECT_EQ(sent_, "ack a1");
  EXPECT_EQ(ShownWave(0), "BAKING bake");
  EXPECT_EQ(Shown(), "RUNNING bake");
  EXPECT_EQ(wake_at_ms_, now_ms_ + 500);
  now_ms_ += 499;
  Do(Tick{});
  EXPECT_EQ(ShownWave(0), "BAKING bake");
  now_ms_ += 1;
  Do(Tick{});
  EXPECT_EQ(sent_, "prepare b1");
  EXPECT_EQ(ShownWave(0), "PROMOTED");
  EXPECT_EQ(Shown(), "RUNNING");
}

TEST_F(RolloutTest, TheSameNonceIsGrantedAgainAnotherNever) {
  Start({{{"a"}}});
  Ready("a");
  Ask("a");
  Ask("a");
  EXPECT_EQ(sent_, "grant a1 n");
  Do(StartAsked{"a", 1, "other"});
  EXPECT_EQ(sent_, "");
  Do(StartAsked{"a", 1, ""});
  EXPECT_EQ(sent_, "");
  Do(Paused{"lena"});
  Ask("a");  // it has started as far as anyone knows
  EXPECT_EQ(sent_, "grant a1 n");
}

TEST_F(RolloutTest, AStartedTargetWithoutItsAgentIsUnknown) {
  Start({{{"a"}}, {{"b"}}}, v1::HALT, 1000);
  Ready("a");
  Ask("a");
  Do(AgentLost{{"a"}});
  EXPECT_EQ(Shown("a"), "APPLYING agent_away");
  now_ms_ += 1'000'000;
  Do(Tick{});
  EXPECT_EQ(Shown("a"), "APPLYING agent_away");
  EXPECT_EQ(Shown("b"), "PENDING wave");
  Do(AgentConnected{{"a"}});
  EXPECT_EQ(sent_, "prepare a1, go a1");
  EXPECT_EQ(Shown("a"), "APPLYING");
  End("a", v1::TARGET_HEALTHY);
  EXPECT_EQ(sent_, "ack a1, prepare b1");
}

TEST_F(RolloutTest, AQueuedTargetWithoutItsAgentLetsOthersPass) {
  Start({{{"a", "b"}, 1}});
  Ready("a");
  Do(AgentLost{{"a"}});
  Ready("b");
  EXPECT_EQ(sent_, "go b1");
  EXPECT_EQ(Shown("a"), "QUEUED agent_away");
  Ask("b");
  End("b", v1::TARGET_HEALTHY);
  EXPECT_EQ(sent_, "ack b1");
  Do(AgentConnected{{"a"}});
  EXPECT_EQ(sent_, "prepare a1, go a1");
}

TEST_F(RolloutTest, WhatWasSentIsSentAgain) {
  struct Case {
    int steps;
    const char* sent;
  };
  for (const Event& event :
       {Event(AgentConnected{{"a"}}), Event(CoordinatorRestarted{})}) {
    for (const Case& one : {Case{0, "prepare a1"}, Case{1, "prepare a1, go a1"},
                            Case{2, "prepare a1, go a1"}, Case{3, ""}}) {
      Start({{{"a"}, 1, 0, 500}});
      if (one.steps > 0) Ready("a");
      if (one.steps > 1) Ask("a");
      if (one.steps > 2) End("a", v1::TARGET_HEALTHY);
      Do(event);
      EXPECT_EQ(sent_, one.sent) << "after " << one.steps << " steps";
    }
  }
}

TEST_F(RolloutTest, AnAgentThatForgotGetsItsNonceBack) {
  Start({{{"a"}}});
  const auto prepared_with = [this](const Event& event) {
    const Transition step = Next(rollout_, event, now_ms_);
    EXPECT_EQ(step.commands.at(0).type, CommandType::kPrepare);
    return step.commands.at(0).nonce;
  };
  Ready("a");
  EXPECT_EQ(prepared_with(AgentConnected{{"a"}}), "");
  Ask("a");
  EXPECT_EQ(prepared_with(AgentConnected{{"a"}}), "n");
  EXPECT_EQ(prepared_with(CoordinatorRestarted{}), "n");
}

TEST_F(RolloutTest, ReadyAnewGetsItsGoAgain) {
  Start({{{"a"}}});
  Ready("a");
  Ready("a");
  EXPECT_EQ(sent_, "go a1");
  EXPECT_EQ(Shown("a"), "DISPATCHED start");
}

TEST_F(RolloutTest, TheDeadlineFailsOnlyWhatHasNotStarted) {
  Start({{{"a", "b", "c"}, 2, 3}}, v1::HALT, 1000);
  EXPECT_EQ(wake_at_ms_, now_ms_ + 1000);
  for (const char* name : {"a", "b", "c"}) Ready(name);
  Ask("a");
  now_ms_ += 1000;
  Do(Tick{});
  EXPECT_EQ(sent_, "cancel b1, go c1");
  EXPECT_EQ(Shown("a"), "APPLYING deadline");
  EXPECT_EQ(Shown("b"), "FAILED deadline");
  EXPECT_EQ(Shown("c"), "DISPATCHED start");
  EXPECT_THAT(Target("b").message(), HasSubstr("did not answer within 1s"));
  EXPECT_EQ(wake_at_ms_, now_ms_ + 1000);
  Ask("b");
  EXPECT_EQ(sent_, "cancel b1");
  End("a", v1::TARGET_HEALTHY);
  EXPECT_EQ(Shown("a"), "HEALTHY reason");
}

TEST_F(RolloutTest, ThePauseDoesNotCountForTheDeadline) {
  Start({{{"a"}}}, v1::HALT, 1000);
  Ready("a");
  Do(Paused{"lena"});
  EXPECT_EQ(wake_at_ms_, 0);
  now_ms_ += 5000;
  Do(Tick{});
  EXPECT_EQ(Shown("a"), "DISPATCHED paused");
  Do(Resumed{"lena"});
  Do(Tick{});
  EXPECT_EQ(Shown("a"), "DISPATCHED start");
  EXPECT_EQ(wake_at_ms_, now_ms_ + 1000);
}

TEST_F(RolloutTest, LateAndForeignMessagesChangeNothing) {
  Start({{{"a"}}, {{"b"}}});
  Apply("a", v1::TARGET_FAILED);
  Do(Retried{{}, "lena"});
  ASSERT_EQ(sent_, "prepare a2");
  const std::string before = rollout_.SerializeAsString();
  struct Case {
    Event event;
    const char* sent;
  };
  for (const Case& one :
       {Case{TargetReady{"a", 1}, "cancel a1"},
        Case{StartAsked{"a", 1, "n"}, "cancel a1"},
        Case{TargetRefused{"a", 1, v1::TARGET_FAILED, "", ""}, ""},
        Case{TargetProgressed{"a", 1, 2, "x"}, ""},
        Case{TargetResult{"a", 1, v1::TARGET_HEALTHY, "plan", "to"}, "ack a1"},
        Case{TargetResult{"a", 9, v1::TARGET_HEALTHY, "plan", "to"}, ""},
        Case{TargetResult{"b", 1, v1::TARGET_HEALTHY, "plan", "to"}, ""},
        Case{TargetReady{"a", 9}, ""}, Case{TargetReady{"nobody", 1}, ""},
        Case{StartAsked{"a", 2, "n"}, ""},
        Case{TargetResult{"nobody", 1, v1::TARGET_FAILED}, ""},
        Case{Started{}, ""}, Case{Tick{}, ""}}) {
    Do(one.event);
    EXPECT_EQ(sent_, one.sent) << one.event.index();
    EXPECT_EQ(rollout_.SerializeAsString(), before) << one.event.index();
  }
}

TEST_F(RolloutTest, ARefusalDoesNotEndAStartedTarget) {
  Start({{{"a"}}});
  Ready("a");
  Ask("a");
  Do(TargetRefused{"a", 1, v1::TARGET_DRIFTED, "drift", ""});
  EXPECT_EQ(Shown("a"), "APPLYING");
}

TEST_F(RolloutTest, ReportsWhatHasChangedAndNoMore) {
  Start({{{"a", "b"}}});
  Transition step = Next(rollout_, TargetReady{"b", 1}, now_ms_);
  EXPECT_THAT(step.changed_targets, ElementsAre("b"));
  EXPECT_FALSE(step.rollout_changed);
  rollout_ = step.rollout;
  step = Next(rollout_, TargetReady{"b", 1}, now_ms_);
  EXPECT_THAT(step.changed_targets, IsEmpty());
  step = Next(rollout_, TargetReady{"a", 1}, now_ms_);
  EXPECT_THAT(step.changed_targets, ElementsAre("a", "b"));
  EXPECT_TRUE(step.rollout_changed);  // the wave waits for nobody now
}

// 5,000 targets and some 20,000 events: seconds if an event cost a copy or a
// scan of the fleet.

TEST_F(RolloutTest, ManyEventsInPlaceAreCheap) {
  std::vector<std::string> names;
  for (int i = 0; i < 5000; ++i)
    names.push_back(absl::StrCat("db-", 10000 + i));
  Make({{names, 5000}});
  RolloutMachine machine(rollout_);
  machine.Apply(Started{}, now_ms_);
  for (const std::string& name : names) {
    machine.Apply(TargetReady{name, 1}, now_ms_);
  }
  size_t touched = 0;
  for (const std::string& name : names) {
    machine.Apply(StartAsked{name, 1, "n"}, now_ms_);
    machine.Apply(TargetProgressed{name, 1, 1, ""}, now_ms_);
    touched +=
        machine
            .Apply(TargetResult{name, 1, v1::TARGET_HEALTHY, "plan", "to"},
                   now_ms_)
            .changed_targets.size();
  }
  EXPECT_EQ(touched, names.size());
  EXPECT_EQ(machine.rollout().state(), v1::ROLLOUT_SUCCEEDED);
}

}  // namespace
}  // namespace fleet
