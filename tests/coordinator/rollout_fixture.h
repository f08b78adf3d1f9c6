#ifndef TESTS_COORDINATOR_ROLLOUT_FIXTURE_H_
#define TESTS_COORDINATOR_ROLLOUT_FIXTURE_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "coordinator/rollout.h"
#include "tests/testing/matchers.h"

namespace fleet {

struct WaveSpec {
  std::vector<std::string> targets;
  int max_parallel = 10;
  int tolerance = 0;
  int64_t bake_ms = 0;
  bool manual = false;
};

inline std::string WordOf(const Command& command) {
  switch (command.type) {
    case CommandType::kPrepare:
      return absl::StrCat("prepare ", command.target, command.attempt);
    case CommandType::kGo:
      return absl::StrCat("go ", command.target, command.attempt);
    case CommandType::kGrant:
      return absl::StrCat("grant ", command.target, command.attempt, " ",
                          command.nonce);
    case CommandType::kCancel:
      return absl::StrCat("cancel ", command.target, command.attempt);
    case CommandType::kAckResult:
      return absl::StrCat("ack ", command.target, command.attempt);
  }
  return "?";
}

// A rollout to which a test does things; what was sent last is in sent().
class RolloutTest : public ::testing::Test {
 protected:
  void Make(const std::vector<WaveSpec>& waves,
            v1::OnFailure on_failure = v1::HALT, int64_t deadline_ms = 0) {
    v1::FleetPlan plan;
    plan.set_id("p-1");
    v1::Cohort& cohort = *plan.add_cohorts();
    cohort.mutable_plan()->set_id("plan");
    cohort.mutable_plan()->set_to_fingerprint("to");
    cohort.mutable_plan()->add_statements();
    cohort.mutable_plan()->add_statements();
    for (const WaveSpec& spec : waves) {
      v1::Wave& wave = *plan.add_waves();
      wave.set_name(absl::StrCat("w", plan.waves_size()));
      for (const std::string& target : spec.targets) {
        wave.add_targets(target);
        cohort.add_targets(target);
      }
      wave.set_max_parallel(spec.max_parallel);
      wave.set_failure_tolerance(spec.tolerance);
      wave.set_bake_ms(spec.bake_ms);
      wave.set_manual_promotion(spec.manual);
    }
    plan.mutable_policy()->set_on_failure(on_failure);
    plan.mutable_policy()->set_target_deadline_ms(deadline_ms);
    rollout_ = NewRollout(plan, "r-1", "lena", now_ms_);
  }
  void Start(const std::vector<WaveSpec>& waves,
             v1::OnFailure on_failure = v1::HALT, int64_t deadline_ms = 0) {
    Make(waves, on_failure, deadline_ms);
    Do(Started{});
    const std::string sent = sent_;
    Do(Confirmed{});
    EXPECT_EQ(sent_, "");
    sent_ = sent;
  }

  void Do(const Event& event) { EXPECT_OK(Try(event)); }
  absl::Status Try(const Event& event) {
    Transition step = Next(rollout_, event, now_ms_);
    rollout_ = std::move(step.rollout);
    wake_at_ms_ = step.wake_at_ms;
    std::vector<std::string> words;
    for (const Command& command : step.commands) {
      words.push_back(WordOf(command));
    }
    sent_ = absl::StrJoin(words, ", ");
    return step.status;
  }
  void Ready(const std::string& target, int attempt = 1) {
    Do(TargetReady{target, attempt});
  }
  void Ask(const std::string& target, int attempt = 1) {
    Do(StartAsked{target, attempt, "n"});
  }
  void End(const std::string& target, v1::TargetState state, int attempt = 1) {
    Do(TargetResult{target, attempt, state, "plan",
                    state == v1::TARGET_HEALTHY ? "to" : "from", "reason",
                    "message", 1, state == v1::TARGET_HEALTHY ? 0 : 2});
  }
  // From PREPARE to the end.
  void Apply(const std::string& target, v1::TargetState state,
             int attempt = 1) {
    Ready(target, attempt);
    Ask(target, attempt);
    End(target, state, attempt);
  }

  const v1::TargetProgress& Target(const std::string& name) const {
    for (const v1::TargetProgress& target : rollout_.targets()) {
      if (target.target() == name) return target;
    }
    return v1::TargetProgress::default_instance();
  }
  // "HEALTHY" or "PENDING wave".
  std::string Shown(const std::string& name) const {
    std::string text = v1::TargetState_Name(Target(name).state()).substr(7);
    if (!Target(name).reason().empty()) {
      absl::StrAppend(&text, " ", Target(name).reason());
    }
    return text;
  }
  std::string ShownWave(int index) const {
    std::string text = v1::WaveState_Name(rollout_.waves(index).state());
    text = text.substr(5);
    if (!rollout_.waves(index).reason().empty()) {
      absl::StrAppend(&text, " ", rollout_.waves(index).reason());
    }
    return text;
  }
  std::string Shown() const {
    std::string text = v1::RolloutState_Name(rollout_.state()).substr(8);
    if (!rollout_.reason().empty()) {
      absl::StrAppend(&text, " ", rollout_.reason());
    }
    return text;
  }

  v1::Rollout rollout_;
  std::string sent_;
  int64_t wake_at_ms_ = 0;
  int64_t now_ms_ = 1'000'000;
};

}  // namespace fleet

#endif  // TESTS_COORDINATOR_ROLLOUT_FIXTURE_H_
