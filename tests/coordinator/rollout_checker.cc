#include "tests/coordinator/rollout_checker.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace fleet {
namespace {

bool Ended(v1::RolloutState state) {
  return state == v1::ROLLOUT_SUCCEEDED || state == v1::ROLLOUT_FAILED ||
         state == v1::ROLLOUT_SUCCEEDED_WITH_FAILURES ||
         state == v1::ROLLOUT_CANCELLED;
}

bool Waits(v1::TargetState state) {
  return state == v1::TARGET_PENDING || state == v1::TARGET_PREFLIGHT ||
         state == v1::TARGET_QUEUED || state == v1::TARGET_DISPATCHED;
}

}  // namespace

RolloutChecker::RolloutChecker(const v1::Rollout& rollout) : plan_(rollout) {
  for (const v1::TargetProgress& progress : plan_.targets()) {
    index_[progress.target()] = targets_.size();
    targets_.emplace_back().name = progress.target();
  }
  for (const v1::Wave& wave : plan_.waves()) {
    for (const std::string& name : wave.targets()) {
      targets_[index_.at(name)].wave = waves_.size();
    }
    Wave& own = waves_.emplace_back();
    for (const std::string& name : wave.targets()) {
      own.targets.push_back(index_.at(name));
    }
  }
}

void RolloutChecker::Violation(const std::string& what) {
  violations_.push_back(what);
}

RolloutChecker::Target* RolloutChecker::Find(const std::string& name) {
  const auto found = index_.find(name);
  return found == index_.end() ? nullptr : &targets_[found->second];
}

int RolloutChecker::Bad(int wave) const {
  int bad = 0;
  for (int target : waves_[wave].targets) {
    bad += targets_[target].end == End::kBad;
  }
  return bad;
}

bool RolloutChecker::Exceeded(int wave) const {
  for (int target : waves_[wave].targets) {
    if (targets_[target].diverged) return true;
  }
  return Bad(wave) > plan_.waves(wave).failure_tolerance();
}

bool RolloutChecker::Halted() const {
  if (plan_.policy().on_failure() == v1::CONTINUE) return false;
  for (size_t wave = 0; wave < waves_.size(); ++wave) {
    if (Exceeded(wave)) return true;
  }
  return false;
}

void RolloutChecker::BeforeEvent(const v1::Rollout& rollout) {
  shown_ = rollout.state();
  steering_ = rollout.steering_size();
  shown_waves_.clear();
  for (const v1::Wave& wave : rollout.waves()) {
    shown_waves_.push_back(wave.state());
  }
}

void RolloutChecker::Note(const TargetReady& event) {
  Target* target = Find(event.target);
  if (target != nullptr && target->prepared &&
      event.attempt == target->attempt) {
    target->ready = true;
  }
}

void RolloutChecker::Note(const TargetRefused& event) {
  Target* target = Find(event.target);
  if (target == nullptr || event.attempt != target->attempt ||
      !target->prepared || target->end != End::kNone ||
      !target->nonce.empty()) {
    return;
  }
  target->end = End::kBad;
  target->ended_ms = now_ms_;
}

void RolloutChecker::Note(const TargetResult& event) {
  Target* target = Find(event.target);
  if (target == nullptr || event.attempt != target->attempt ||
      !target->prepared || target->end != End::kNone) {
    return;
  }
  const v1::TargetProgress& planned = plan_.targets(index_.at(event.target));
  const bool proven = event.plan_id == planned.plan_id() &&
                      event.fingerprint == planned.to_fingerprint();
  target->end =
      event.state == v1::TARGET_HEALTHY && proven ? End::kGood : End::kBad;
  target->diverged = event.state == v1::TARGET_DIVERGED ||
                     (event.state == v1::TARGET_HEALTHY && !proven);
  target->ended_ms = now_ms_;
}

// The first wave that is not passed, as shown before the event.
int RolloutChecker::FirstOpenWave() const {
  const bool go_on = plan_.policy().on_failure() == v1::CONTINUE;
  int wave = 0;
  while (wave < static_cast<int>(shown_waves_.size()) &&
         (shown_waves_[wave] == v1::WAVE_PROMOTED ||
          (go_on && shown_waves_[wave] == v1::WAVE_FAILED))) {
    ++wave;
  }
  return wave;
}

void RolloutChecker::Note(const Promoted& event) {
  if (event.full) {
    for (size_t wave = FirstOpenWave(); wave < waves_.size(); ++wave) {
      waves_[wave].promoted = true;
      plan_.mutable_waves(wave)->set_bake_ms(0);
    }
    return;
  }
  for (size_t wave = 0; wave < waves_.size(); ++wave) {
    if (shown_waves_[wave] != v1::WAVE_READY) continue;
    waves_[wave].promoted = true;
    return;
  }
  Violation("a promotion was taken although no wave waited for one");
}

void RolloutChecker::Note(const Retried&) {
  if (!Ended(shown_)) return;
  paused_ = false;
  aborted_ = false;
}

void RolloutChecker::Note(const Skipped& event) {
  for (const std::string& name : event.targets) {
    Target* target = Find(name);
    if (target == nullptr) continue;
    if (target->end == End::kGood) {
      Violation(name + " is skipped although it is done");
    }
    if (target->end == End::kNone && !target->nonce.empty()) {
      Violation(name + " is skipped although it had started");
    }
    // What had ended does not bake again.
    if (target->end == End::kNone) target->ended_ms = now_ms_;
    target->end = End::kSkipped;
    target->diverged = false;
  }
}

void RolloutChecker::Note(const Resolved& event) {
  for (const std::string& name : event.targets) {
    Target* target = Find(name);
    if (target == nullptr) continue;
    if (!target->diverged) {
      Violation(name + " is resolved although it is not diverged");
    }
    target->diverged = false;
  }
}

void RolloutChecker::Note(const Tuned& event) {
  if (event.max_parallel == 0) return;
  for (size_t wave = FirstOpenWave(); wave < waves_.size(); ++wave) {
    plan_.mutable_waves(wave)->set_max_parallel(event.max_parallel);
  }
}

// What an operator has done is kept, once, and nothing else is. A pause of what
// is paused, say, does nothing.
void RolloutChecker::CheckSteering(const Event& event,
                                   const v1::Rollout& rollout) {
  const bool always = std::holds_alternative<Promoted>(event) ||
                      std::holds_alternative<Retried>(event) ||
                      std::holds_alternative<Skipped>(event) ||
                      std::holds_alternative<Resolved>(event) ||
                      std::holds_alternative<Tuned>(event);
  const bool sometimes = std::holds_alternative<Paused>(event) ||
                         std::holds_alternative<Resumed>(event) ||
                         std::holds_alternative<Aborted>(event);
  const bool turned =
      (shown_ != v1::ROLLOUT_PAUSED && rollout.state() == v1::ROLLOUT_PAUSED) ||
      (shown_ == v1::ROLLOUT_PAUSED && rollout.state() == v1::ROLLOUT_RUNNING);
  const int kept = rollout.steering_size() - steering_;
  const int least = always || (sometimes && turned) ? 1 : 0;
  const int most = always || sometimes ? 1 : 0;
  if (kept < least || kept > most) {
    Violation("the record of what operators did is not what they did");
  }
}

void RolloutChecker::AfterEvent(const Event& event, const Transition& step,
                                const v1::Rollout& rollout, int64_t now_ms) {
  now_ms_ = now_ms;
  if (!step.status.ok()) {
    if (!step.commands.empty() || !step.changed_targets.empty()) {
      Violation("a refused event had effects");
    }
    return;
  }
  std::visit([this](const auto& one) { Note(one); }, event);
  for (const std::string& name : step.changed_targets) {
    Compare(event, rollout.targets(index_.at(name)));
  }
  if (const auto* result = std::get_if<TargetResult>(&event)) {
    if (index_.count(result->target) > 0) {
      Compare(event, rollout.targets(index_.at(result->target)));
    }
    CheckAck(*result, step);
  }
  for (const Command& command : step.commands) CheckCommand(event, command);
  CheckSteering(event, rollout);
  CheckRollout(event, rollout);
}

// What is shown of a target must be what we know of it.
void RolloutChecker::Compare(const Event& event,
                             const v1::TargetProgress& shown) {
  Target& target = targets_[index_.at(shown.target())];
  if (Waits(shown.state()) && target.end != End::kNone) {
    if (!std::holds_alternative<Retried>(event)) {
      Violation(target.name + " came back without a retry");
    }
    if (target.end == End::kGood || target.end == End::kSkipped ||
        target.diverged) {
      Violation(target.name + " was retried although nothing may be");
    }
    if (target.prepared && shown.attempt() != target.attempt + 1) {
      Violation(target.name + " was retried under a used attempt");
    }
    Target fresh;
    fresh.name = target.name;
    fresh.wave = target.wave;
    fresh.attempt = shown.attempt();
    target = fresh;
    return;
  }
  if (shown.attempt() != target.attempt) {
    Violation(target.name + " changed its attempt without a retry");
  }
  const bool cut_off =
      shown.state() == v1::TARGET_CANCELLED ||
      (shown.state() == v1::TARGET_FAILED && shown.reason() == kDeadline);
  if (cut_off && target.end == End::kNone) {
    if (!target.nonce.empty()) {
      Violation(target.name + " was given up on although it had started");
    }
    target.end =
        shown.state() == v1::TARGET_CANCELLED ? End::kCancelled : End::kBad;
    target.ended_ms = now_ms_;
  }
  const bool agrees =
      shown.state() == v1::TARGET_HEALTHY     ? target.end == End::kGood
      : shown.state() == v1::TARGET_CANCELLED ? target.end == End::kCancelled
      : shown.state() == v1::TARGET_SKIPPED   ? target.end == End::kSkipped
      : shown.state() == v1::TARGET_APPLYING  ? target.end == End::kNone
      : Waits(shown.state()) ? target.end == End::kNone && target.nonce.empty()
                             : target.end == End::kBad;
  if (!agrees) {
    Violation(absl::StrCat(target.name, " is shown as ",
                           v1::TargetState_Name(shown.state()),
                           ", which its events do not say"));
  }
  if (Waits(shown.state()) && shown.reason().empty()) {
    Violation(target.name + " waits without a reason");
  }
}

// An agent repeats a result until it hears that it is known.
void RolloutChecker::CheckAck(const TargetResult& result,
                              const Transition& step) {
  const Target* target = Find(result.target);
  if (target == nullptr || result.attempt > target->attempt) return;
  if (result.attempt == target->attempt && !target->prepared) return;
  for (const Command& command : step.commands) {
    if (command.type == CommandType::kAckResult &&
        command.target == result.target && command.attempt == result.attempt) {
      return;
    }
  }
  Violation(result.target + " gets no answer to its result");
}

void RolloutChecker::CheckCommand(const Event& event, const Command& command) {
  Target* target = Find(command.target);
  if (target == nullptr) {
    Violation("a command for nobody: " + command.target);
    return;
  }
  switch (command.type) {
    case CommandType::kPrepare:
      if (command.attempt != target->attempt) {
        Violation(target->name + " is prepared for another attempt");
      }
      if (target->end == End::kNone && !target->prepared) {
        CheckGate(target->wave);
      }
      target->prepared = true;
      break;
    case CommandType::kGo:
      CheckGo(target);
      break;
    case CommandType::kGrant:
      CheckGrant(event, command, target);
      break;
    case CommandType::kCancel:
      if (command.attempt == target->attempt && !target->nonce.empty()) {
        Violation(target->name + " is cancelled although it had started");
      }
      break;
    case CommandType::kAckResult:
      if (command.attempt == target->attempt && target->end == End::kNone) {
        Violation(target->name + " has a result acknowledged, not recorded");
      }
      break;
  }
}

void RolloutChecker::CheckGo(Target* target) {
  if (target->end != End::kNone) {
    Violation(target->name + " gets a GO although it has ended");
  }
  if (!target->nonce.empty()) return;  // a repetition
  if (paused_ || aborted_ || Halted()) {
    Violation(target->name + " gets a GO while nothing may start");
  }
  int gone = 0;
  for (int other : waves_[target->wave].targets) {
    const Target& peer = targets_[other];
    if (!target->gone && peer.end == End::kNone && !peer.ready) {
      Violation(absl::StrCat(target->name, " gets a GO before ", peer.name,
                             " is ready"));
    }
    gone += peer.end == End::kNone && peer.gone;
  }
  if (!target->gone &&
      gone + 1 > std::max(plan_.waves(target->wave).max_parallel(), 1)) {
    Violation(target->name + " gets a GO beyond max_parallel");
  }
  CheckGate(target->wave);
  target->gone = true;
}

void RolloutChecker::CheckGrant(const Event& event, const Command& command,
                                Target* target) {
  const auto* asked = std::get_if<StartAsked>(&event);
  if (asked == nullptr || asked->target != command.target ||
      asked->attempt != command.attempt || asked->nonce != command.nonce ||
      command.attempt != target->attempt) {
    Violation(target->name + " gets a grant that it did not ask for");
  }
  if (target->end != End::kNone) {
    Violation(target->name + " gets a grant although it has ended");
  }
  if (!target->nonce.empty()) {
    if (command.nonce != target->nonce) {
      Violation(target->name + " gets a second grant in one attempt");
    }
    return;
  }
  if (shown_ != v1::ROLLOUT_RUNNING || paused_ || aborted_ || Halted()) {
    Violation(target->name + " gets a grant while nothing may start");
  }
  if (!target->gone) Violation(target->name + " gets a grant without a GO");
  int running = 1;
  for (int other : waves_[target->wave].targets) {
    running +=
        targets_[other].end == End::kNone && !targets_[other].nonce.empty();
  }
  if (running > std::max(plan_.waves(target->wave).max_parallel(), 1)) {
    Violation(target->name + " starts beyond max_parallel");
  }
  CheckGate(target->wave);
  target->nonce = command.nonce;
}

// May anything of `wave` be touched now?
void RolloutChecker::CheckGate(int wave) {
  const bool go_on = plan_.policy().on_failure() == v1::CONTINUE;
  for (int earlier = 0; earlier < wave; ++earlier) {
    int64_t last_ms = 0;
    for (int index : waves_[earlier].targets) {
      const Target& target = targets_[index];
      last_ms = std::max(last_ms, target.ended_ms);
      if (target.end == End::kNone || target.end == End::kCancelled) {
        Violation(absl::StrCat("wave ", wave, " is touched before ",
                               target.name, " of wave ", earlier,
                               " has ended"));
      }
    }
    if (Exceeded(earlier) && !go_on) {
      Violation(absl::StrCat("wave ", wave, " is touched after wave ", earlier,
                             " failed"));
    }
    if (now_ms_ < last_ms + plan_.waves(earlier).bake_ms()) {
      Violation(absl::StrCat("wave ", wave, " is touched while wave ", earlier,
                             " bakes"));
    }
  }
  if (plan_.waves(wave).manual_promotion() && !waves_[wave].promoted) {
    Violation(absl::StrCat("wave ", wave, " is touched without promotion"));
  }
}

void RolloutChecker::CheckRollout(const Event& event,
                                  const v1::Rollout& rollout) {
  const v1::RolloutState state = rollout.state();
  if (Ended(shown_) && state != shown_ &&
      !std::holds_alternative<Retried>(event)) {
    Violation(absl::StrCat("the rollout went from ",
                           v1::RolloutState_Name(shown_), " to ",
                           v1::RolloutState_Name(state)));
  }
  if (!Ended(state) || state == shown_) return;
  if (!rollout.unconfirmed().empty() && rollout.unconfirmed() != "start") {
    Violation("an ended rollout waits for the word on " +
              rollout.unconfirmed());
  }
  int good = 0;
  for (const Target& target : targets_) {
    good += target.end == End::kGood || target.end == End::kSkipped;
    if (target.end == End::kNone) {
      Violation(target.name + " goes on after the rollout has ended");
    }
  }
  const bool all_good = good == static_cast<int>(targets_.size());
  if (state == v1::ROLLOUT_SUCCEEDED && !all_good) {
    Violation("the rollout is shown as succeeded, and is not");
  }
  if (state == v1::ROLLOUT_SUCCEEDED_WITH_FAILURES && (all_good || Halted())) {
    Violation("the rollout is shown as succeeded with failures, and is not");
  }
  if (state == v1::ROLLOUT_FAILED && !Halted()) {
    Violation("the rollout is shown as failed, and is not");
  }
  if (state == v1::ROLLOUT_CANCELLED && !aborted_) {
    Violation("the rollout is shown as cancelled, and nobody asked for it");
  }
}

void RolloutChecker::Executed(const std::string& name, int attempt,
                              const std::string& nonce) {
  Target* target = Find(name);
  if (target == nullptr || attempt != target->attempt ||
      target->nonce.empty() || target->nonce != nonce) {
    Violation(name + " executes without a grant");
    return;
  }
  if (target->executed) Violation(name + " executes twice in one attempt");
  if (target->end != End::kNone) {
    Violation(name + " executes after it has ended");
  }
  target->executed = true;
}

}  // namespace fleet
