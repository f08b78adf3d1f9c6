#include "tests/coordinator/simulated_agent.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace fleet {

SimulatedAgent::SimulatedAgent(std::string target, TargetTrouble trouble,
                               AgentWorld& world)
    : target_(std::move(target)), trouble_(trouble), world_(world) {}

void SimulatedAgent::LoseDisk() {
  seen_ = cancelled_ = attempt_ = prepared_ = 0;
  nonce_.clear();
  executed_ = has_result_ = acked_ = false;
}

void SimulatedAgent::Obey(const Command& command) {
  const bool current = attempt_ == command.attempt;
  switch (command.type) {
    case CommandType::kPrepare:
      Prepare(command.attempt, command.nonce);
      break;
    case CommandType::kGo:
      if (prepared_ == command.attempt && command.attempt != cancelled_) Ask();
      break;
    case CommandType::kGrant:
      if (current && !executed_ && prepared_ == attempt_ &&
          nonce_ == command.nonce) {
        Execute();
      }
      break;
    case CommandType::kCancel:
      if (prepared_ == command.attempt) prepared_ = 0;
      cancelled_ = std::max(cancelled_, command.attempt);
      break;
    case CommandType::kAckResult:
      if (current && has_result_) acked_ = true;
      break;
  }
}

void SimulatedAgent::Prepare(int attempt, const std::string& granted_nonce) {
  if (attempt < seen_) return;
  seen_ = attempt;
  if (attempt == attempt_ && executed_) {
    if (has_result_) world_.Tell(result_);
    return;
  }
  if (!granted_nonce.empty() &&
      (attempt != attempt_ || nonce_ != granted_nonce)) {
    // The order was started, and this disk does not know of it.
    attempt_ = attempt;
    nonce_ = granted_nonce;
    executed_ = has_result_ = acked_ = false;
  }
  if (!world_.healed() && world_.dice().Chance(trouble_.drift) &&
      attempt != attempt_) {
    world_.Tell(
        TargetRefused{target_, attempt, v1::TARGET_DRIFTED, "drift", "moved"});
    return;
  }
  prepared_ = attempt;
  world_.Tell(TargetReady{target_, attempt});
}

void SimulatedAgent::Ask() {
  if (attempt_ != prepared_) {
    attempt_ = prepared_;
    nonce_ = absl::StrCat("n", world_.dice().Below(1'000'000'000));
    executed_ = acked_ = has_result_ = false;
  }
  if (executed_) return;
  world_.Tell(StartAsked{target_, attempt_, nonce_});
}

// The database is looked at first: what ran already does not run again.
void SimulatedAgent::Execute() {
  executed_ = true;
  if (ran_ == attempt_) {
    if (ended_) Finish(attempt_);
    return;
  }
  ran_ = attempt_;
  ended_ = false;
  world_.OnExecuted(target_, attempt_, nonce_);
  const int attempt = attempt_;
  for (int done = 1; done < 3; ++done) {
    world_.Later(world_.dice().Below(1000), [this, attempt, done] {
      world_.Tell(TargetProgressed{target_, attempt, done, "working"});
    });
  }
  // The database goes on when the agent dies.
  world_.Later(world_.dice().Between(1, 5000), [this, attempt] {
    if (ran_ != attempt || ended_) return;
    ended_ = true;
    outcome_ = Outcome();
    Finish(attempt);
  });
}

void SimulatedAgent::Finish(int attempt) {
  if (attempt_ != attempt || !executed_ || has_result_) return;
  result_ = outcome_;
  has_result_ = true;
  world_.Tell(result_);
}

TargetResult SimulatedAgent::Outcome() const {
  TargetResult result{target_, ran_, v1::TARGET_HEALTHY, "plan", "to", "", "",
                      3,       0};
  Dice& dice = world_.dice();
  if (dice.Chance(trouble_.fail)) {
    result.state = v1::TARGET_FAILED;
    result.fingerprint = "from";
  } else if (dice.Chance(trouble_.diverge)) {
    result.state = v1::TARGET_DIVERGED;
    result.fingerprint = "neither";
  } else if (dice.Chance(trouble_.lie)) {
    (dice.Chance(50) ? result.fingerprint : result.plan_id) = "other";
  }
  return result;
}

void SimulatedAgent::Wake() {
  Dice& dice = world_.dice();
  if (!world_.healed() && executed_ && dice.Chance(10)) {
    // A copy of the agent's machine that has woken up elsewhere.
    world_.Tell(StartAsked{target_, attempt_, "stray"});
  }
  if (has_result_ && !acked_) {
    world_.Tell(result_);
  } else if (attempt_ == prepared_ && attempt_ != 0 && !executed_) {
    world_.Tell(StartAsked{target_, attempt_, nonce_});
  }
  world_.Later(dice.Between(2000, 4000), [this] { Wake(); });
}

}  // namespace fleet
