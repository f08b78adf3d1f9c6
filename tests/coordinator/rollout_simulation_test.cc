// Random fleets, policies, networks, crashes and operators against the rollout
// rules, judged by RolloutChecker after every event. A seed is a whole run:
// first anything goes wrong, then the world heals and the rollout must end.

#include <google/protobuf/util/message_differencer.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "coordinator/rollout.h"
#include "coordinator/rollout_machine.h"
#include "tests/coordinator/planted_bug.h"
#include "tests/coordinator/rollout_checker.h"
#include "tests/coordinator/simulated_agent.h"
#include "tests/testing/matchers.h"

namespace fleet {
namespace {

using ::testing::IsEmpty;

constexpr int64_t kSecond = 1000;
constexpr int64_t kTroubleMs = 120 * kSecond;
constexpr int64_t kHealMs = 24 * 3600 * kSecond;

// How bad this seed's world is; drawn once.
struct World {
  explicit World(Dice* dice)
      : loss(dice->Chance(50) ? dice->Below(25) : 0),
        duplicates(dice->Chance(50) ? dice->Below(30) : 0),
        delay_ms(dice->Chance(50) ? 3000 : 50),
        targets{.fail = dice->Chance(40) ? dice->Below(30) : 0,
                .drift = dice->Chance(30) ? dice->Below(15) : 0,
                .diverge = dice->Chance(20) ? dice->Below(10) : 0,
                .lie = dice->Chance(20) ? dice->Below(10) : 0},
        agent_crash(dice->Chance(50) ? dice->Between(1, 15) : 0),
        disk_loss(dice->Chance(30) ? dice->Between(1, 5) : 0),
        coordinator_crash(dice->Chance(50) ? dice->Between(1, 6) : 0),
        operators(dice->Chance(60) ? dice->Between(1, 30) : 0),
        jumps(dice->Chance(30) ? dice->Between(1, 5) : 0) {}

  int loss, duplicates, delay_ms;
  TargetTrouble targets;
  int agent_crash, disk_loss, coordinator_crash, operators, jumps;
};

v1::Rollout RandomRollout(Dice* dice) {
  v1::FleetPlan plan;
  plan.set_source_fingerprint("source");
  const int targets =
      dice->Chance(70) ? dice->Between(1, 10) : dice->Between(1, 40);
  const int waves = dice->Between(1, std::min(6, targets));
  v1::Cohort* cohort = plan.add_cohorts();
  cohort->mutable_plan()->set_id("plan");
  cohort->mutable_plan()->set_from_fingerprint("from");
  cohort->mutable_plan()->set_to_fingerprint("to");
  for (int i = 0; i < 3; ++i) cohort->mutable_plan()->add_statements();
  for (int wave = 0; wave < waves; ++wave) {
    v1::Wave& made = *plan.add_waves();
    made.set_name(absl::StrCat("wave-", wave));
    made.set_max_parallel(dice->Between(1, 5));
    made.set_failure_tolerance(dice->Chance(60) ? 0 : dice->Below(4));
    made.set_bake_ms(dice->Chance(30) ? 0 : dice->Below(20) * kSecond);
    made.set_manual_promotion(dice->Chance(20));
  }
  for (int target = 0; target < targets; ++target) {
    const std::string name = absl::StrCat("db-", 100 + target);
    cohort->add_targets(name);
    const int wave = target < waves ? target : dice->Below(waves);
    plan.mutable_waves(wave)->add_targets(name);
  }
  plan.mutable_policy()->set_on_failure(dice->Chance(75) ? v1::HALT
                                                         : v1::CONTINUE);
  if (dice->Chance(50)) {
    plan.mutable_policy()->set_target_deadline_ms(dice->Between(5, 60) *
                                                  kSecond);
  }
  return NewRollout(plan, "r-1", "tester", 0);
}

// One run.
class Simulation : private AgentWorld {
 public:
  // `bug` may be null, and must outlive this.
  explicit Simulation(uint64_t seed, const PlantedBug* bug = nullptr)
      : dice_(seed),
        world_(&dice_),
        check_diffs_(seed % 16 == 0 && bug == nullptr),
        bug_(bug),
        machine_(std::make_unique<RolloutMachine>(RandomRollout(&dice_))),
        checker_(machine_->rollout()),
        group_(dice_.Between(1, 3)) {
    if (bug_ != nullptr && bug_->believe) {
      v1::Rollout believed = rollout();
      bug_->believe(believed);
      machine_ = std::make_unique<RolloutMachine>(std::move(believed));
    }
    AgentWorld& around = *this;
    for (const v1::TargetProgress& target : machine_->rollout().targets()) {
      agents_.push_back(std::make_unique<SimulatedAgent>(
          target.target(), world_.targets, around));
    }
  }

  void Run() {
    Order(Started{});
    for (const auto& agent : agents_) {
      Later(0, [&agent] { agent->Wake(); });
    }
    ScheduleTrouble();
    RunUntil(kTroubleMs);
    Heal();
    RunUntil(now_ms_ + kHealMs);
  }

  const v1::Rollout& rollout() const { return machine_->rollout(); }
  const std::vector<std::string>& violations() const {
    return checker_.violations();
  }
  int events() const { return events_; }
  int executions() const { return executions_; }
  std::string Trace() const { return absl::StrJoin(trace_, "\n"); }

 private:
  struct Timer {
    int64_t at_ms;
    int64_t order;
    std::function<void()> run;
    bool operator<(const Timer& other) const {
      return std::pair(at_ms, order) > std::pair(other.at_ms, other.order);
    }
  };

  int Agents() const { return agents_.size(); }

  Dice& dice() override { return dice_; }
  bool healed() const override { return healed_; }
  void OnExecuted(const std::string& target, int attempt,
                  const std::string& nonce) override {
    ++executions_;
    checker_.Executed(target, attempt, nonce);
  }

  void Later(int64_t delay_ms, std::function<void()> run) override {
    timers_.push({now_ms_ + delay_ms, order_++, std::move(run)});
  }

  void RunUntil(int64_t end_ms) {
    while (!timers_.empty() && timers_.top().at_ms <= end_ms &&
           violations().empty()) {
      const Timer timer = timers_.top();
      timers_.pop();
      now_ms_ = std::max(now_ms_, timer.at_ms);
      timer.run();
      if (healed_ && IsOver(rollout().state()) && retries_left_ == 0) return;
    }
    now_ms_ = std::max(now_ms_, end_ms);
  }

  void Trouble(int rate, std::function<void()> happen) {
    for (int i = 0; i < rate; ++i) {
      Later(dice_.Below(kTroubleMs), [this, happen] {
        if (!healed_) happen();
      });
    }
  }

  void ScheduleTrouble() {
    Trouble(world_.agent_crash, [this] { CrashAgents(/*lost=*/false); });
    Trouble(world_.disk_loss, [this] { CrashAgents(/*lost=*/true); });
    Trouble(world_.coordinator_crash, [this] { crash_next_ = true; });
    Trouble(world_.operators, [this] { Operate(); });
    Trouble(world_.jumps, [this] { now_ms_ += dice_.Below(3600) * kSecond; });
    Trouble(world_.jumps, [this] { Submit(Tick{}); });
  }

  // A message takes its time, twice, or never arrives.
  void Transmit(std::function<void()> deliver) {
    int copies = 1;
    if (!healed_ && dice_.Chance(world_.loss)) copies = 0;
    if (!healed_ && dice_.Chance(world_.duplicates)) ++copies;
    const int slowest = healed_ ? 20 : world_.delay_ms;
    for (int i = 0; i < copies; ++i) Later(dice_.Between(1, slowest), deliver);
  }

  void Tell(const Event& event) override {
    Transmit([this, event] { Submit(event); });
  }

  // --- the coordinator's shell: persist, then send

  // False: the coordinator crashed over it.
  bool Submit(const Event& event) {
    const bool crash = std::exchange(crash_next_, false);
    if (crash && dice_.Chance(50)) {
      Restart();  // before it was persisted: as if it never came
      return false;
    }
    const Transition step = Step(event);
    if (crash) {
      Restart();  // after it was persisted, before anything was sent
      return false;
    }
    for (const Command& command : step.commands) {
      SimulatedAgent& agent = *agents_[AgentOf(command.target)];
      Transmit([&agent, command] { agent.Obey(command); });
    }
    return true;
  }

  void Restart() {
    machine_ = std::make_unique<RolloutMachine>(v1::Rollout(rollout()));
    Submit(CoordinatorRestarted{});
    for (int agent = 0; agent < Agents(); agent += group_) Connect(agent);
  }

  Transition Step(const Event& event) {
    ++events_;
    v1::Rollout before;
    if (check_diffs_) before = rollout();
    checker_.BeforeEvent(rollout());
    Transition step = ApplyWithBug(event);
    checker_.AfterEvent(event, step, rollout(), now_ms_);
    if (check_diffs_) CheckDiffs(before, event, step);
    trace_.push_back(absl::StrCat(
        now_ms_, " event ", event.index(), " -> ",
        v1::RolloutState_Name(rollout().state()), " ", rollout().reason(),
        " commands ", step.commands.size(), " ", step.status.message()));
    if (step.wake_at_ms > 0 && step.wake_at_ms != wake_at_ms_) {
      wake_at_ms_ = step.wake_at_ms;
      Later(std::max<int64_t>(wake_at_ms_ - now_ms_, 0), [this] {
        wake_at_ms_ = 0;
        Submit(Tick{});
      });
    }
    return step;
  }

  Transition ApplyWithBug(const Event& event) {
    if (bug_ == nullptr) return machine_->Apply(event, now_ms_);
    Event heard = event;
    if (bug_->hear) bug_->hear(heard);
    Transition step = machine_->Apply(heard, now_ms_);
    if (bug_->say) bug_->say(event, step);
    v1::Rollout remembered;
    if (bug_->remember) remembered = rollout();
    if (bug_->remember && bug_->remember(event, remembered)) {
      machine_ = std::make_unique<RolloutMachine>(std::move(remembered));
    }
    return step;
  }

  // Next() says the same as the machine, and `changed_targets` and
  // `rollout_changed` name all that has changed.
  void CheckDiffs(const v1::Rollout& before, const Event& event,
                  const Transition& step) {
    using ::google::protobuf::util::MessageDifferencer;
    const Transition again = Next(before, event, now_ms_);
    EXPECT_TRUE(MessageDifferencer::Equals(again.rollout, rollout()));
    EXPECT_EQ(again.changed_targets, step.changed_targets);
    EXPECT_EQ(again.wake_at_ms, step.wake_at_ms);
    EXPECT_EQ(again.commands.size(), step.commands.size());
    v1::Rollout patched = step.rollout_changed ? rollout() : before;
    *patched.mutable_targets() = before.targets();
    for (v1::TargetProgress& target : *patched.mutable_targets()) {
      if (!std::binary_search(step.changed_targets.begin(),
                              step.changed_targets.end(), target.target())) {
        continue;
      }
      target = rollout().targets(AgentOf(target.target()));
    }
    EXPECT_TRUE(MessageDifferencer::Equals(patched, rollout()));
  }

  int AgentOf(const std::string& target) const {
    return std::stoi(target.substr(3)) - 100;
  }

  // --- agents

  // On all targets that the agent serves.
  void CrashAgents(bool lost) {
    const int first = dice_.Below(Agents()) / group_ * group_;
    for (int agent = first; agent < std::min(first + group_, Agents());
         ++agent) {
      agents_[agent]->Crash();
      if (lost) agents_[agent]->LoseDisk();
    }
    if (dice_.Chance(80)) Submit(AgentLost{GroupAt(first)});
    Later(dice_.Below(20'000), [this, first] { Connect(first); });
  }

  std::vector<std::string> GroupAt(int first) const {
    std::vector<std::string> names;
    for (int agent = first; agent < std::min(first + group_, Agents());
         ++agent) {
      names.push_back(agents_[agent]->target());
    }
    return names;
  }

  void Connect(int first) { Submit(AgentConnected{GroupAt(first)}); }

  // --- operators

  // Confirmed as soon as it is written, if the coordinator lives so long.
  void Order(const Event& event) {
    if (Submit(event)) Submit(Confirmed{});
  }

  std::string AnyTarget() { return agents_[dice_.Below(Agents())]->target(); }

  void Operate() {
    if (dice_.Chance(25)) {
      MakeExceptions();
      return;
    }
    const int what = dice_.Below(100);
    if (what < 25) {
      Order(Paused{"op"});
    } else if (what < 55) {
      Order(Resumed{"op"});
    } else if (what < 60) {
      Order(Aborted{"op"});
    } else if (what < 80) {
      Order(Promoted{"op", ""});
    } else if (what < 90) {
      Order(Retried{{}, "op"});
    } else {
      Order(Retried{{AnyTarget()}, "op"});
    }
  }

  void MakeExceptions() {
    const int what = dice_.Below(100);
    if (what < 50) {
      Order(Skipped{{AnyTarget()}, "op", "its owner asked"});
    } else if (what < 70) {
      Order(Resolved{{AnyTarget()}, "op"});
    } else if (what < 85) {
      Order(Tuned{dice_.Between(1, 6), dice_.Below(2) * 500, "op"});
    } else {
      Order(Promoted{"op", "", /*full=*/true});
    }
  }

  void Heal() {
    healed_ = true;
    crash_next_ = false;
    retries_left_ = dice_.Below(3);
    for (int agent = 0; agent < Agents(); agent += group_) Connect(agent);
    Attend();
  }

  // A patient operator: resumes, promotes, and retries a few times.
  void Attend() {
    if (rollout().state() == v1::ROLLOUT_PAUSED) Order(Resumed{"op"});
    for (const v1::Wave& wave : rollout().waves()) {
      if (wave.state() == v1::WAVE_READY) {
        Order(Promoted{"op", wave.name()});
        break;
      }
    }
    if (IsOver(rollout().state()) && retries_left_ > 0) {
      --retries_left_;
      for (const v1::TargetProgress& target : rollout().targets()) {
        if (target.state() != v1::TARGET_DIVERGED) continue;
        Order(Resolved{{target.target()}, "op"});
        if (dice_.Chance(50)) Order(Skipped{{target.target()}, "op"});
        break;
      }
      Order(Retried{{}, "op"});
    }
    Later(5000, [this] { Attend(); });
  }

  Dice dice_;
  World world_;
  bool check_diffs_;
  const PlantedBug* const bug_;
  std::unique_ptr<RolloutMachine> machine_;
  RolloutChecker checker_;
  int group_;  // targets an agent serves
  std::vector<std::unique_ptr<SimulatedAgent>> agents_;
  std::priority_queue<Timer> timers_;
  int64_t order_ = 0;
  int64_t now_ms_ = 0;
  int64_t wake_at_ms_ = 0;
  bool healed_ = false;
  bool crash_next_ = false;
  int retries_left_ = 0;
  int events_ = 0;
  int executions_ = 0;
  std::vector<std::string> trace_;
};

TEST(RolloutSimulation, KeepsItsPromises) {
  constexpr uint64_t kSeeds = 10'000;
  std::map<v1::RolloutState, int> ends;
  int64_t events = 0, executions = 0;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    Simulation simulation(seed);
    simulation.Run();
    ASSERT_THAT(simulation.violations(), IsEmpty()) << "seed " << seed << "\n"
                                                    << simulation.Trace();
    ASSERT_TRUE(IsOver(simulation.rollout().state()))
        << "seed " << seed << " never ended\n"
        << simulation.rollout().DebugString() << simulation.Trace();
    ASSERT_FALSE(HasFailure()) << "seed " << seed;
    ++ends[simulation.rollout().state()];
    events += simulation.events();
    executions += simulation.executions();
  }
  // The worlds are varied enough to have reached every kind of end.
  for (v1::RolloutState state :
       {v1::ROLLOUT_SUCCEEDED, v1::ROLLOUT_SUCCEEDED_WITH_FAILURES,
        v1::ROLLOUT_FAILED, v1::ROLLOUT_CANCELLED}) {
    EXPECT_GT(ends[state], 20) << v1::RolloutState_Name(state);
  }
  EXPECT_GT(executions, 10'000);
  RecordProperty("events", std::to_string(events));
}

TEST(RolloutSimulation, FindsPlantedBugs) {
  constexpr uint64_t kSeedsMax = 1'000;
  const std::vector<PlantedBug> bugs = PlantedBugs();
  EXPECT_GE(bugs.size(), 10u);
  for (const PlantedBug& bug : bugs) {
    uint64_t seed = 1;
    while (seed <= kSeedsMax) {
      Simulation simulation(seed, &bug);
      simulation.Run();
      if (!simulation.violations().empty()) break;
      ++seed;
    }
    EXPECT_LE(seed, kSeedsMax) << "never found: " << bug.name;
    RecordProperty(bug.name, std::to_string(seed));
    std::printf("%-45s seed %d\n", bug.name, static_cast<int>(seed));
  }
}

TEST(RolloutSimulation, SameSeedSameRun) {
  Simulation first(7);
  Simulation second(7);
  first.Run();
  second.Run();
  EXPECT_EQ(first.Trace(), second.Trace());
  EXPECT_EQ(first.rollout().SerializeAsString(),
            second.rollout().SerializeAsString());
}

}  // namespace
}  // namespace fleet
