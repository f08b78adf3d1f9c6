#include "coordinator/rollout_machine.h"

#include <algorithm>
#include <utility>

namespace fleet {
namespace {

bool IsFailure(v1::TargetState state) {
  return IsOver(state) && state != v1::TARGET_HEALTHY &&
         state != v1::TARGET_SKIPPED && state != v1::TARGET_CANCELLED;
}

}  // namespace

RolloutMachine::RolloutMachine(v1::Rollout rollout)
    : rollout_(std::move(rollout)),
      waves_(rollout_.waves_size()),
      wave_of_(rollout_.targets_size(), -1),
      place_(rollout_.targets_size(), 0) {
  for (int w = 0; w < rollout_.waves_size(); ++w) {
    for (const std::string& name : rollout_.waves(w).targets()) {
      const int target = Find(name);
      if (target < 0 || wave_of_[target] >= 0) continue;
      wave_of_[target] = w;
      place_[target] = waves_[w].members.size();
      waves_[w].members.push_back(target);
      Count(target, +1);
    }
  }
}

Transition RolloutMachine::Apply(const Event& event, int64_t now_ms) {
  now_ms_ = now_ms;
  step_ = Transition();
  std::visit([this](const auto& one) { On(one); }, event);
  if (step_.status.ok()) Settle();
  std::sort(step_.changed_targets.begin(), step_.changed_targets.end());
  step_.changed_targets.erase(
      std::unique(step_.changed_targets.begin(), step_.changed_targets.end()),
      step_.changed_targets.end());
  step_.wake_at_ms = WakeAt();
  return std::move(step_);
}

bool RolloutMachine::Owes(const v1::TargetProgress& target) const {
  switch (target.state()) {
    case v1::TARGET_PREFLIGHT:
    case v1::TARGET_DISPATCHED:
      return true;
    case v1::TARGET_QUEUED:
      return target.agent_away();
    case v1::TARGET_APPLYING:
    case v1::TARGET_VERIFYING:
      // Said once; then there is nothing more to do about it.
      return !target.agent_away() && target.reason() != kDeadline;
    default:
      return false;
  }
}

// Every change of a target is bracketed by Count(-1) and Count(+1), so the
// index is never out of step with the rollout.
void RolloutMachine::Count(int target, int sign) {
  if (wave_of_[target] < 0) return;
  WaveIndex& wave = waves_[wave_of_[target]];
  const v1::TargetProgress& progress = rollout_.targets(target);
  const v1::TargetState state = progress.state();
  if (state == v1::TARGET_PENDING) wave.pending += sign;
  if (state == v1::TARGET_PREFLIGHT) wave.preflight += sign;
  if (state == v1::TARGET_DISPATCHED) wave.dispatched += sign;
  if (IsStarted(state)) wave.started += sign;
  if (IsOver(state)) wave.over += sign;
  if (IsFailure(state)) wave.failed += sign;
  if (state == v1::TARGET_DIVERGED) wave.diverged += sign;
  if (state == v1::TARGET_QUEUED && !progress.agent_away()) {
    if (sign > 0) {
      wave.ready.insert(place_[target]);
    } else {
      wave.ready.erase(place_[target]);
    }
  }
  if (rollout_.policy().target_deadline_ms() > 0 && Owes(progress)) {
    const std::pair<int64_t, int> owing(progress.waiting_since_ms(), target);
    if (sign > 0) {
      wave.owing.insert(owing);
    } else {
      wave.owing.erase(owing);
    }
  }
}

int RolloutMachine::Find(absl::string_view target) const {
  const auto found = std::lower_bound(
      rollout_.targets().begin(), rollout_.targets().end(), target,
      [](const v1::TargetProgress& progress, absl::string_view name) {
        return progress.target() < name;
      });
  if (found == rollout_.targets().end() || found->target() != target) {
    return -1;
  }
  return found - rollout_.targets().begin();
}

bool RolloutMachine::IsPassed(const v1::Wave& wave) const {
  return wave.state() == v1::WAVE_PROMOTED ||
         (wave.state() == v1::WAVE_FAILED &&
          rollout_.policy().on_failure() == v1::CONTINUE);
}

int RolloutMachine::CurrentWave() const {
  int wave = 0;
  while (wave < rollout_.waves_size() && IsPassed(rollout_.waves(wave))) ++wave;
  return wave;
}

bool RolloutMachine::HasFailed(int wave) const {
  // Nobody knows what a diverged database is; no budget covers that.
  return waves_[wave].failed > rollout_.waves(wave).failure_tolerance() ||
         waves_[wave].diverged > 0;
}

bool RolloutMachine::IsHalting() const {
  if (rollout_.policy().on_failure() == v1::CONTINUE) return false;
  for (size_t wave = 0; wave < waves_.size(); ++wave) {
    if (HasFailed(wave)) return true;
  }
  return false;
}

bool RolloutMachine::IsCancelling() const {
  return rollout_.state() == v1::ROLLOUT_RUNNING &&
         rollout_.reason() == kCancelling;
}

bool RolloutMachine::IsRunning() const {
  return rollout_.state() == v1::ROLLOUT_RUNNING && !IsCancelling() &&
         !IsHalting();
}

bool RolloutMachine::IsBegun() const {
  return rollout_.state() == v1::ROLLOUT_RUNNING ||
         rollout_.state() == v1::ROLLOUT_PAUSED;
}

int RolloutMachine::StartedTargets() const {
  int started = 0;
  for (const WaveIndex& wave : waves_) started += wave.started;
  return started;
}

template <typename Change>
void RolloutMachine::Mutate(int target, Change change) {
  Count(target, -1);
  change(*rollout_.mutable_targets(target));
  Count(target, +1);
  step_.changed_targets.push_back(rollout_.targets(target).target());
}

void RolloutMachine::MoveTarget(int target, v1::TargetState state,
                                absl::string_view reason) {
  Mutate(target, [&](v1::TargetProgress& progress) {
    progress.set_state(state);
    progress.set_reason(std::string(reason));
    progress.set_waiting_since_ms(IsOver(state) ? 0 : now_ms_);
    if (IsStarted(state)) progress.set_started_ms(now_ms_);
    if (IsOver(state)) progress.set_finished_ms(now_ms_);
  });
}

void RolloutMachine::SetAgentAway(int target, bool away) {
  if (rollout_.targets(target).agent_away() == away) return;
  Mutate(target, [&](v1::TargetProgress& progress) {
    progress.set_agent_away(away);
    // From here on a queued target keeps the wave waiting.
    if (progress.state() == v1::TARGET_QUEUED) {
      progress.set_waiting_since_ms(now_ms_);
    }
  });
  RefreshReason(target);
}

void RolloutMachine::RestartDeadline(int target) {
  if (!Owes(rollout_.targets(target)) ||
      rollout_.targets(target).waiting_since_ms() == now_ms_) {
    return;
  }
  Mutate(target, [&](v1::TargetProgress& progress) {
    progress.set_waiting_since_ms(now_ms_);
  });
}

void RolloutMachine::MarkDeadline(int target) {
  Mutate(target, [](v1::TargetProgress& progress) {
    progress.set_reason(std::string(kDeadline));
  });
}

void RolloutMachine::NoteProgress(int target, int statements_done,
                                  absl::string_view note) {
  const v1::TargetProgress& progress = rollout_.targets(target);
  // Reports come out of order; what was done stays done.
  int done = std::max(progress.statements_done(), statements_done);
  if (progress.statements_total() > 0) {
    done = std::min(done, progress.statements_total());
  }
  if (done == progress.statements_done() && note == progress.message()) return;
  Mutate(target, [&](v1::TargetProgress& changed) {
    changed.set_statements_done(done);
    changed.set_message(std::string(note));
  });
}

void RolloutMachine::Grant(int target, const std::string& nonce) {
  MoveTarget(target, v1::TARGET_APPLYING, "");
  Mutate(target, [&](v1::TargetProgress& progress) {
    progress.set_nonce(nonce);
    progress.set_message("");
  });
  RefreshReason(target);
}

void RolloutMachine::Finish(int target, v1::TargetState state,
                            absl::string_view reason,
                            absl::string_view message) {
  MoveTarget(target, state, reason);
  Mutate(target, [&](v1::TargetProgress& progress) {
    progress.set_message(std::string(message));
  });
}

void RolloutMachine::KeepEvidence(int target, const TargetResult& result) {
  Mutate(target, [&](v1::TargetProgress& progress) {
    progress.set_fingerprint(result.fingerprint);
    progress.set_statements_done(
        std::clamp(result.statements_done, 0, progress.statements_total()));
    progress.set_failed_statement(std::max(result.failed_statement, 0));
  });
}

// A target that is tried anew, or whose turn was cut off. What never was sent
// keeps its attempt; what was, must not be mistaken for the old one.
void RolloutMachine::Reopen(int target) {
  const bool was_sent = rollout_.waves(wave_of_[target]).started_ms() != 0;
  MoveTarget(target, v1::TARGET_PENDING, kWaitsForWave);
  Mutate(target, [&](v1::TargetProgress& progress) {
    if (was_sent) progress.set_attempt(progress.attempt() + 1);
    progress.clear_message();
    progress.clear_nonce();
    progress.clear_fingerprint();
    progress.clear_statements_done();
    progress.clear_failed_statement();
    progress.clear_started_ms();
    progress.clear_finished_ms();
    progress.clear_waiting_since_ms();
  });
}

void RolloutMachine::MoveWave(int wave, v1::WaveState state,
                              absl::string_view reason) {
  v1::Wave& changed = *rollout_.mutable_waves(wave);
  if (changed.state() == state && changed.reason() == reason) return;
  changed.set_state(state);
  changed.set_reason(std::string(reason));
  step_.rollout_changed = true;
}

void RolloutMachine::MoveRollout(v1::RolloutState state,
                                 absl::string_view reason) {
  if (rollout_.state() == state && rollout_.reason() == reason) return;
  rollout_.set_state(state);
  rollout_.set_reason(std::string(reason));
  rollout_.set_finished_ms(IsOver(state) ? now_ms_ : 0);
  // Nothing is left that such an order could set going.
  if (IsOver(state) && rollout_.unconfirmed() != kOrderStart) {
    rollout_.clear_unconfirmed();
  }
  step_.rollout_changed = true;
}

absl::string_view RolloutMachine::PauseReason() const {
  const bool stays = rollout_.state() == v1::ROLLOUT_PAUSED &&
                     rollout_.reason() == kUnconfirmed;
  return stays ? kUnconfirmed : kPausedByOperator;
}

// An abort makes the rest of what is not confirmed void.
absl::string_view RolloutMachine::CancelReason() const {
  return rollout_.unconfirmed() == kOrderStart ? kUnconfirmed : kAborted;
}

void RolloutMachine::Send(CommandType type, int target) {
  const v1::TargetProgress& progress = rollout_.targets(target);
  step_.commands.push_back({type, progress.target(), progress.attempt(), ""});
}

absl::string_view RolloutMachine::ReasonOf(int target) const {
  const v1::TargetProgress& progress = rollout_.targets(target);
  const int wave = wave_of_[target];
  if (progress.state() == v1::TARGET_PENDING) {
    const v1::WaveState state = rollout_.waves(wave).state();
    if (state == v1::WAVE_READY) return kWaitsForPromotion;
    if (state != v1::WAVE_RUNNING || wave != CurrentWave()) {
      return kWaitsForWave;
    }
    return kPausedByOperator;  // else it would have been prepared
  }
  if (progress.agent_away()) return kWaitsForAgent;
  if (IsStarted(progress.state())) {
    if (IsCancelling()) return kCancelling;
    return progress.reason() == kDeadline ? kDeadline : absl::string_view();
  }
  if (wave != CurrentWave()) return kWaitsForWave;
  if (rollout_.state() == v1::ROLLOUT_PAUSED) return kPausedByOperator;
  if (progress.state() == v1::TARGET_DISPATCHED) return kWaitsForStart;
  const WaveIndex& index = waves_[wave];
  return index.pending + index.preflight > 0 ? kWaitsForReady : kWaitsForPlace;
}

void RolloutMachine::RefreshReason(int target) {
  const v1::TargetProgress& progress = rollout_.targets(target);
  if (wave_of_[target] < 0 || IsOver(progress.state())) return;
  const absl::string_view reason = ReasonOf(target);
  if (progress.reason() == reason) return;
  Mutate(target, [&](v1::TargetProgress& changed) {
    changed.set_reason(std::string(reason));
  });
}

void RolloutMachine::RefreshReasons(int wave) {
  for (int target : waves_[wave].members) RefreshReason(target);
}

}  // namespace fleet
