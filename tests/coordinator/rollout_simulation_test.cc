// Random fleets, policies, networks, crashes and operators against the rollout
// rules, judged by RolloutChecker after every event. A seed is a whole run:
// first anything goes wrong, then the world heals and the rollout must end.

#include <google/protobuf/util/message_differencer.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <queue>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "coordinator/rollout.h"
#include "coordinator/rollout_machine.h"
#include "tests/coordinator/rollout_checker.h"
#include "tests/testing/matchers.h"

namespace fleet {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr int64_t kSecond = 1000;
constexpr int64_t kTroubleMs = 120 * kSecond;
constexpr int64_t kHealMs = 24 * 3600 * kSecond;

class Dice {
 public:
  explicit Dice(uint64_t seed) : engine_(seed) {}
  int Below(int n) { return static_cast<int>(engine_() % n); }
  int Between(int low, int high) { return low + Below(high - low + 1); }
  bool Chance(int percent) { return Below(100) < percent; }

 private:
  std::mt19937_64 engine_;
};

// How bad this seed's world is; drawn once.
struct World {
  explicit World(Dice* dice)
      : loss(dice->Chance(50) ? dice->Below(25) : 0),
        duplicates(dice->Chance(50) ? dice->Below(30) : 0),
        delay_ms(dice->Chance(50) ? 3000 : 50),
        fail(dice->Chance(40) ? dice->Below(30) : 0),
        drift(dice->Chance(30) ? dice->Below(15) : 0),
        diverge(dice->Chance(20) ? dice->Below(10) : 0),
        lie(dice->Chance(20) ? dice->Below(10) : 0),
        agent_crash(dice->Chance(50) ? dice->Between(1, 15) : 0),
        coordinator_crash(dice->Chance(50) ? dice->Between(1, 6) : 0),
        operators(dice->Chance(60) ? dice->Between(1, 30) : 0),
        jumps(dice->Chance(30) ? dice->Between(1, 5) : 0) {}

  int loss, duplicates, delay_ms, fail, drift, diverge, lie;
  int agent_crash, coordinator_crash, operators, jumps;
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

// One run. Agents keep, as they must, the nonce that they asked with and the
// result that is not acknowledged; everything else dies with them.
class Simulation {
 public:
  explicit Simulation(uint64_t seed)
      : dice_(seed),
        world_(&dice_),
        check_diffs_(seed % 16 == 0),
        machine_(std::make_unique<RolloutMachine>(RandomRollout(&dice_))),
        checker_(machine_->rollout()),
        group_(dice_.Between(1, 3)) {
    for (const v1::TargetProgress& target : machine_->rollout().targets()) {
      agents_.emplace_back().target = target.target();
    }
  }

  void Run() {
    Submit(Started{});
    for (int agent = 0; agent < Agents(); ++agent)
      Later(0, [=, this] { WakeAgent(agent); });
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
  struct Agent {
    std::string target;
    // Durable.
    int seen = 0;     // the newest attempt; an older order is a late one
    int attempt = 0;  // of what follows
    std::string nonce;
    bool executed = false;
    bool acked = false;
    TargetResult result;
    bool has_result = false;
    // Volatile.
    int prepared = 0;
  };
  struct Timer {
    int64_t at_ms;
    int64_t order;
    std::function<void()> run;
    bool operator<(const Timer& other) const {
      return std::pair(at_ms, order) > std::pair(other.at_ms, other.order);
    }
  };

  int Agents() const { return agents_.size(); }

  void Later(int64_t delay_ms, std::function<void()> run) {
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
    Trouble(world_.agent_crash, [this] { CrashAgents(); });
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

  void Tell(Event event) {
    Transmit([this, event] { Submit(event); });
  }

  // --- the coordinator's shell: persist, then send

  void Submit(const Event& event) {
    const bool crash = std::exchange(crash_next_, false);
    if (crash && dice_.Chance(50)) {
      Restart();  // before it was persisted: as if it never came
      return;
    }
    const Transition step = Step(event);
    if (crash) {
      Restart();  // after it was persisted, before anything was sent
      return;
    }
    for (const Command& command : step.commands) {
      const int agent = AgentOf(command.target);
      Transmit([this, agent, command] { Obey(agent, command); });
    }
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
    Transition step = machine_->Apply(event, now_ms_);
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

  void Obey(int index, const Command& command) {
    Agent& agent = agents_[index];
    const bool current = agent.attempt == command.attempt;
    switch (command.type) {
      case CommandType::kPrepare:
        Prepare(index, command.attempt);
        break;
      case CommandType::kGo:
        if (agent.prepared != command.attempt ||
            command.attempt == cancelled_[agent.target]) {
          break;
        }
        Ask(index);
        break;
      case CommandType::kGrant:
        if (current && !agent.executed && agent.prepared == agent.attempt &&
            agent.nonce == command.nonce) {
          Execute(index);
        }
        break;
      case CommandType::kCancel:
        if (agent.prepared == command.attempt) agent.prepared = 0;
        cancelled_[agent.target] =
            std::max(cancelled_[agent.target], command.attempt);
        break;
      case CommandType::kAckResult:
        if (current && agent.has_result) agent.acked = true;
        break;
    }
  }

  void Prepare(int index, int attempt) {
    Agent& agent = agents_[index];
    if (attempt < agent.seen) return;
    agent.seen = attempt;
    if (attempt == agent.attempt && agent.executed) {
      if (agent.has_result) Tell(agent.result);
      return;
    }
    if (!healed_ && dice_.Chance(world_.drift) && attempt != agent.attempt) {
      Tell(TargetRefused{agent.target, attempt, v1::TARGET_DRIFTED, "drift",
                         "moved"});
      return;
    }
    agent.prepared = attempt;
    Tell(TargetReady{agent.target, attempt});
  }

  void Ask(int index) {
    Agent& agent = agents_[index];
    if (agent.attempt != agent.prepared) {
      agent.attempt = agent.prepared;
      agent.nonce = absl::StrCat("n", dice_.Below(1'000'000'000));
      agent.executed = agent.acked = agent.has_result = false;
    }
    if (agent.executed) return;
    Tell(StartAsked{agent.target, agent.attempt, agent.nonce});
  }

  void Execute(int index) {
    Agent& agent = agents_[index];
    agent.executed = true;
    ++executions_;
    checker_.Executed(agent.target, agent.attempt, agent.nonce);
    const int attempt = agent.attempt;
    for (int done = 1; done < 3; ++done) {
      Later(dice_.Below(1000), [this, index, attempt, done] {
        Tell(TargetProgressed{agents_[index].target, attempt, done, "working"});
      });
    }
    // The database goes on when the agent dies; it is looked at later.
    Later(dice_.Between(1, 5000), [this, index, attempt] {
      Agent& done = agents_[index];
      if (done.attempt != attempt || done.has_result) return;
      done.result = Outcome(done);
      done.has_result = true;
      Tell(done.result);
    });
  }

  TargetResult Outcome(const Agent& agent) {
    TargetResult result{agent.target,
                        agent.attempt,
                        v1::TARGET_HEALTHY,
                        "plan",
                        "to",
                        "",
                        "",
                        3,
                        0};
    if (dice_.Chance(world_.fail)) {
      result.state = v1::TARGET_FAILED;
      result.fingerprint = "from";
    } else if (dice_.Chance(world_.diverge)) {
      result.state = v1::TARGET_DIVERGED;
      result.fingerprint = "neither";
    } else if (dice_.Chance(world_.lie)) {
      (dice_.Chance(50) ? result.fingerprint : result.plan_id) = "other";
    }
    return result;
  }

  // An agent repeats what is not answered.
  void WakeAgent(int index) {
    Agent& agent = agents_[index];
    if (!healed_ && agent.executed && dice_.Chance(10)) {
      // A copy of the agent's machine that has woken up elsewhere.
      Tell(StartAsked{agent.target, agent.attempt, "stray"});
    }
    if (agent.has_result && !agent.acked) {
      Tell(agent.result);
    } else if (agent.attempt == agent.prepared && agent.attempt != 0 &&
               !agent.executed) {
      Tell(StartAsked{agent.target, agent.attempt, agent.nonce});
    }
    Later(dice_.Between(2000, 4000), [this, index] { WakeAgent(index); });
  }

  void CrashAgents() {
    const int first = dice_.Below(Agents()) / group_ * group_;
    for (int agent = first; agent < std::min(first + group_, Agents());
         ++agent) {
      agents_[agent].prepared = 0;
    }
    if (dice_.Chance(80)) Submit(AgentLost{GroupAt(first)});
    Later(dice_.Below(20'000), [this, first] { Connect(first); });
  }

  std::vector<std::string> GroupAt(int first) const {
    std::vector<std::string> names;
    for (int agent = first; agent < std::min(first + group_, Agents());
         ++agent) {
      names.push_back(agents_[agent].target);
    }
    return names;
  }

  void Connect(int first) { Submit(AgentConnected{GroupAt(first)}); }

  // --- operators

  void Operate() {
    const int what = dice_.Below(100);
    if (what < 25) {
      Submit(Paused{"op"});
    } else if (what < 55) {
      Submit(Resumed{"op"});
    } else if (what < 60) {
      Submit(Aborted{"op"});
    } else if (what < 80) {
      Submit(Promoted{"op", ""});
    } else if (what < 90) {
      Submit(Retried{{}, "op"});
    } else {
      Submit(Retried{{agents_[dice_.Below(Agents())].target}, "op"});
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
    if (rollout().state() == v1::ROLLOUT_PAUSED) Submit(Resumed{"op"});
    for (const v1::Wave& wave : rollout().waves()) {
      if (wave.state() == v1::WAVE_READY) {
        Submit(Promoted{"op", wave.name()});
        break;
      }
    }
    if (IsOver(rollout().state()) && retries_left_ > 0) {
      --retries_left_;
      Submit(Retried{{}, "op"});
    }
    Later(5000, [this] { Attend(); });
  }

  Dice dice_;
  World world_;
  bool check_diffs_;
  std::unique_ptr<RolloutMachine> machine_;
  RolloutChecker checker_;
  int group_;  // targets an agent serves
  std::vector<Agent> agents_;
  std::map<std::string, int> cancelled_;  // by target: the newest attempt
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
  constexpr uint64_t kSeeds = 3000;
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

TEST(RolloutSimulation, SameSeedSameRun) {
  Simulation first(7);
  Simulation second(7);
  first.Run();
  second.Run();
  EXPECT_EQ(first.Trace(), second.Trace());
  EXPECT_EQ(first.rollout().SerializeAsString(),
            second.rollout().SerializeAsString());
}

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
