#include "tests/coordinator/rollout_checker.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_join.h"
#include "tests/testing/matchers.h"

namespace fleet {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A judge that never condemns is worth nothing: hand-made bad runs.
class CheckerTest : public ::testing::Test {
 protected:
  CheckerTest() {
    v1::FleetPlan plan;
    v1::Cohort& cohort = *plan.add_cohorts();
    cohort.mutable_plan()->set_id("plan");
    cohort.mutable_plan()->set_to_fingerprint("to");
    for (const char* name : {"a", "b", "c"}) cohort.add_targets(name);
    v1::Wave& canary = *plan.add_waves();
    canary.add_targets("a");
    canary.add_targets("b");
    canary.set_max_parallel(1);
    canary.set_bake_ms(100);
    plan.add_waves()->add_targets("c");
    plan.mutable_waves(1)->set_max_parallel(1);
    rollout_ = NewRollout(plan, "r-1", "tester", 0);
    rollout_.set_state(v1::ROLLOUT_RUNNING);
    checker_ = std::make_unique<RolloutChecker>(rollout_);
  }

  void Feed(const Event& event, std::vector<Command> commands) {
    Transition step;
    step.commands = std::move(commands);
    checker_->BeforeEvent(rollout_);
    checker_->AfterEvent(event, step, rollout_, now_ms_);
  }
  void Show(const std::string& target, v1::TargetState state,
            const Event& event, std::vector<Command> commands = {}) {
    Transition step;
    step.commands = std::move(commands);
    for (v1::TargetProgress& progress : *rollout_.mutable_targets()) {
      if (progress.target() == target) progress.set_state(state);
    }
    step.changed_targets = {target};
    checker_->BeforeEvent(rollout_);
    checker_->AfterEvent(event, step, rollout_, now_ms_);
  }
  void PrepareFirstWave() {
    Feed(Started{}, {{CommandType::kPrepare, "a", 1, ""},
                     {CommandType::kPrepare, "b", 1, ""}});
    Feed(TargetReady{"a", 1}, {});
    Feed(TargetReady{"b", 1}, {{CommandType::kGo, "a", 1, ""}});
  }
  void StartA() {
    PrepareFirstWave();
    Feed(StartAsked{"a", 1, "n1"}, {{CommandType::kGrant, "a", 1, "n1"}});
    ASSERT_THAT(checker_->violations(), IsEmpty());
  }
  void ExpectViolation(const std::string& text) {
    EXPECT_THAT(absl::StrJoin(checker_->violations(), "\n"), HasSubstr(text));
  }

  v1::Rollout rollout_;
  std::unique_ptr<RolloutChecker> checker_;
  int64_t now_ms_ = 1000;
};

TEST_F(CheckerTest, SeesAGoBeforeEveryoneIsReady) {
  Feed(Started{}, {{CommandType::kPrepare, "a", 1, ""},
                   {CommandType::kPrepare, "b", 1, ""}});
  Feed(TargetReady{"a", 1}, {{CommandType::kGo, "a", 1, ""}});
  ExpectViolation("a gets a GO before b is ready");
}

TEST_F(CheckerTest, SeesTheNextWaveTouchedTooEarly) {
  StartA();
  Feed(Tick{}, {{CommandType::kPrepare, "c", 1, ""}});
  ExpectViolation("wave 1 is touched before a of wave 0 has ended");
}

TEST_F(CheckerTest, SeesABakeCutShort) {
  Feed(Started{}, {{CommandType::kPrepare, "a", 1, ""},
                   {CommandType::kPrepare, "b", 1, ""}});
  for (const char* name : {"a", "b"}) {
    Show(name, v1::TARGET_HEALTHY,
         TargetResult{name, 1, v1::TARGET_HEALTHY, "plan", "to"},
         {{CommandType::kAckResult, name, 1, ""}});
  }
  ASSERT_THAT(checker_->violations(), IsEmpty());
  now_ms_ += 99;
  Feed(Tick{}, {{CommandType::kPrepare, "c", 1, ""}});
  ExpectViolation("wave 1 is touched while wave 0 bakes");
}

TEST_F(CheckerTest, SeesTooManyAtOnce) {
  StartA();
  Feed(Tick{}, {{CommandType::kGo, "b", 1, ""}});
  ExpectViolation("b gets a GO beyond max_parallel");
}

TEST_F(CheckerTest, SeesAGrantWhilePaused) {
  PrepareFirstWave();
  Feed(Paused{}, {});
  Feed(StartAsked{"a", 1, "n1"}, {{CommandType::kGrant, "a", 1, "n1"}});
  ExpectViolation("a gets a grant while nothing may start");
}

TEST_F(CheckerTest, SeesASecondNonce) {
  StartA();
  Feed(StartAsked{"a", 1, "n2"}, {{CommandType::kGrant, "a", 1, "n2"}});
  ExpectViolation("a gets a second grant");
}

TEST_F(CheckerTest, SeesExecutionTwiceAndWithoutAGrant) {
  StartA();
  checker_->Executed("a", 1, "n1");
  ASSERT_THAT(checker_->violations(), IsEmpty());
  checker_->Executed("a", 1, "n1");
  ExpectViolation("a executes twice");
  checker_->Executed("b", 1, "n1");
  ExpectViolation("b executes without a grant");
}

TEST_F(CheckerTest, SeesHealthyWithoutEvidence) {
  StartA();
  Show("a", v1::TARGET_HEALTHY,
       TargetResult{"a", 1, v1::TARGET_HEALTHY, "plan", "other"});
  ExpectViolation("a is shown as TARGET_HEALTHY");
}

TEST_F(CheckerTest, SeesAnUnansweredResult) {
  StartA();
  Show("a", v1::TARGET_FAILED, TargetResult{"a", 1, v1::TARGET_FAILED});
  ExpectViolation("a gets no answer to its result");
}

TEST_F(CheckerTest, SeesACancelledTargetThatHadStarted) {
  StartA();
  Show("a", v1::TARGET_CANCELLED, Aborted{});
  ExpectViolation("a was given up on although it had started");
}

TEST_F(CheckerTest, SeesExecutionAfterCancelled) {
  PrepareFirstWave();
  Show("a", v1::TARGET_CANCELLED, Aborted{});
  Feed(StartAsked{"a", 1, "n1"}, {{CommandType::kGrant, "a", 1, "n1"}});
  ExpectViolation("a gets a grant although it has ended");
}

TEST_F(CheckerTest, SeesAnEndThatIsTakenBack) {
  checker_->BeforeEvent(rollout_);
  rollout_.set_state(v1::ROLLOUT_FAILED);
  Feed(Tick{}, {});
  rollout_.set_state(v1::ROLLOUT_RUNNING);
  Transition step;
  v1::Rollout failed = rollout_;
  failed.set_state(v1::ROLLOUT_FAILED);
  checker_->BeforeEvent(failed);
  checker_->AfterEvent(Tick{}, step, rollout_, now_ms_);
  ExpectViolation("the rollout went from ROLLOUT_FAILED to ROLLOUT_RUNNING");
}

}  // namespace
}  // namespace fleet
