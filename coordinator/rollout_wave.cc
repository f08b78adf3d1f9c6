// What follows from the state of a rollout, wave by wave, until nothing does.

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "coordinator/rollout_machine.h"

namespace fleet {

void RolloutMachine::Settle() {
  if (!IsBegun()) return;
  if (IsCancelling() || IsHalting()) {
    if (!IsCancelling()) MoveRollout(rollout_.state(), kHalted);
    CancelWaiting(IsCancelling() ? CancelReason() : kHalted);
    if (StartedTargets() == 0) FinishStopped();
    return;
  }
  int wave = CurrentWave();
  while (wave < rollout_.waves_size() && SettleWave(wave)) wave = CurrentWave();
  if (wave == rollout_.waves_size()) {
    FinishRollout();
  } else {
    SetRolloutReason();
  }
}

// True: look again, the wave or the turn has changed.
bool RolloutMachine::SettleWave(int wave) {
  const WaveIndex& index = waves_[wave];
  const v1::Wave& state = rollout_.waves(wave);
  const bool paused = rollout_.state() == v1::ROLLOUT_PAUSED;
  switch (state.state()) {
    case v1::WAVE_READY:
      return false;
    case v1::WAVE_RUNNING:
      if (index.over == static_cast<int>(index.members.size())) {
        rollout_.mutable_waves(wave)->set_bake_until_ms(now_ms_ +
                                                        state.bake_ms());
        MoveWave(wave, v1::WAVE_BAKING, kWaitsForBake);
        return true;
      }
      if (paused) {
        MoveWave(wave, v1::WAVE_RUNNING, kPausedByOperator);
      } else {
        PreparePending(wave);
        SendGos(wave);
      }
      return false;
    case v1::WAVE_BAKING:
      if (now_ms_ < state.bake_until_ms()) return false;
      FinishWave(wave);
      return true;
    default:
      break;
  }
  if (paused) {
    MoveWave(wave, v1::WAVE_WAITING, kPausedByOperator);
    return false;
  }
  if (state.manual_promotion()) {
    MoveWave(wave, v1::WAVE_READY, kWaitsForPromotion);
    RefreshReasons(wave);
    return false;
  }
  StartWave(wave);
  return true;
}

void RolloutMachine::StartWave(int wave) {
  // 0 would mean that it never began.
  rollout_.mutable_waves(wave)->set_started_ms(std::max<int64_t>(now_ms_, 1));
  MoveWave(wave, v1::WAVE_RUNNING, kWaitsForReady);
}

void RolloutMachine::PreparePending(int wave) {
  if (waves_[wave].pending == 0) return;
  for (int target : waves_[wave].members) {
    if (rollout_.targets(target).state() != v1::TARGET_PENDING) continue;
    MoveTarget(target, v1::TARGET_PREFLIGHT, kWaitsForReady);
    Send(CommandType::kPrepare, target);
  }
  MoveWave(wave, v1::WAVE_RUNNING, kWaitsForReady);
  RefreshReasons(wave);
}

// No GO while anyone's READY is outstanding: what one target refuses must stop
// the others before anything has changed.
void RolloutMachine::SendGos(int wave) {
  const WaveIndex& index = waves_[wave];
  if (index.preflight > 0) {
    MoveWave(wave, v1::WAVE_RUNNING, kWaitsForReady);
    return;
  }
  if (!rollout_.waves(wave).reason().empty()) {
    MoveWave(wave, v1::WAVE_RUNNING, "");
    RefreshReasons(wave);
  }
  const int places = std::max(rollout_.waves(wave).max_parallel(), 1);
  while (!index.ready.empty() && index.dispatched + index.started < places) {
    const int target = index.members[*index.ready.begin()];
    MoveTarget(target, v1::TARGET_DISPATCHED, kWaitsForStart);
    Send(CommandType::kGo, target);
  }
}

void RolloutMachine::FinishWave(int wave) {
  rollout_.mutable_waves(wave)->set_finished_ms(now_ms_);
  MoveWave(wave,
           HasFailed(wave) && rollout_.policy().on_failure() == v1::CONTINUE
               ? v1::WAVE_FAILED
               : v1::WAVE_PROMOTED,
           "");
  // After a retry in this wave, the next one may be half done already.
  const int next = CurrentWave();
  if (next < rollout_.waves_size()) WakeWave(next);
}

// A wave whose turn it is (again): those who were told to go ask once more.
void RolloutMachine::WakeWave(int wave) {
  if (rollout_.waves(wave).state() != v1::WAVE_RUNNING) return;
  for (int target : waves_[wave].members) {
    RestartDeadline(target);
    RefreshReason(target);
    if (rollout_.targets(target).state() == v1::TARGET_DISPATCHED &&
        IsRunning()) {
      Send(CommandType::kGo, target);
    }
  }
}

void RolloutMachine::ExpireDeadlines() {
  const int wave = CurrentWave();
  if (!IsRunning() || wave == rollout_.waves_size()) return;
  const int64_t deadline_ms = rollout_.policy().target_deadline_ms();
  const auto& owing = waves_[wave].owing;  // empty without a deadline
  while (!owing.empty() && owing.begin()->first + deadline_ms <= now_ms_) {
    const int target = owing.begin()->second;
    if (IsStarted(rollout_.targets(target).state())) {
      MarkDeadline(target);
      continue;
    }
    Send(CommandType::kCancel, target);
    Finish(target, v1::TARGET_FAILED, kDeadline,
           absl::StrCat("its agent did not answer within ",
                        absl::FormatDuration(absl::Milliseconds(deadline_ms)),
                        "; nothing was started"));
  }
}

// Honest at once: no grant was given, and none will be.
void RolloutMachine::CancelWaiting(absl::string_view reason) {
  for (const WaveIndex& wave : waves_) {
    if (wave.over + wave.started == static_cast<int>(wave.members.size())) {
      continue;
    }
    for (int target : wave.members) {
      const v1::TargetState state = rollout_.targets(target).state();
      if (IsOver(state) || IsStarted(state)) continue;
      if (state != v1::TARGET_PENDING) Send(CommandType::kCancel, target);
      MoveTarget(target, v1::TARGET_CANCELLED, reason);
    }
  }
}

// Nothing runs and nothing will.
void RolloutMachine::FinishStopped() {
  const bool cancelled = IsCancelling();
  const absl::string_view reason = cancelled ? CancelReason() : kHalted;
  for (int wave = 0; wave < rollout_.waves_size(); ++wave) {
    if (IsPassed(rollout_.waves(wave))) continue;
    const bool begun = rollout_.waves(wave).started_ms() != 0;
    if (begun) rollout_.mutable_waves(wave)->set_finished_ms(now_ms_);
    // Under CONTINUE, FAILED would mean that this one is passed.
    if (HasFailed(wave) && rollout_.policy().on_failure() != v1::CONTINUE) {
      MoveWave(wave, v1::WAVE_FAILED, "");
    } else {
      MoveWave(wave, begun ? v1::WAVE_HALTED : v1::WAVE_SKIPPED, reason);
    }
  }
  MoveRollout(cancelled ? v1::ROLLOUT_CANCELLED : v1::ROLLOUT_FAILED, reason);
}

void RolloutMachine::FinishRollout() {
  bool clean = true;
  for (const v1::TargetProgress& target : rollout_.targets()) {
    clean = clean && (target.state() == v1::TARGET_HEALTHY ||
                      target.state() == v1::TARGET_SKIPPED);
  }
  MoveRollout(
      clean ? v1::ROLLOUT_SUCCEEDED : v1::ROLLOUT_SUCCEEDED_WITH_FAILURES, "");
}

void RolloutMachine::SetRolloutReason() {
  if (rollout_.state() == v1::ROLLOUT_PAUSED) {
    MoveRollout(v1::ROLLOUT_PAUSED, PauseReason());
    return;
  }
  const v1::WaveState wave = rollout_.waves(CurrentWave()).state();
  MoveRollout(v1::ROLLOUT_RUNNING, wave == v1::WAVE_READY ? kWaitsForPromotion
                                   : wave == v1::WAVE_BAKING
                                       ? kWaitsForBake
                                       : absl::string_view());
}

int64_t RolloutMachine::WakeAt() const {
  const int current = CurrentWave();
  if (!IsBegun() || current == rollout_.waves_size()) return 0;
  if (IsCancelling() || IsHalting()) return 0;
  const v1::Wave& wave = rollout_.waves(current);
  if (wave.state() == v1::WAVE_BAKING) return wave.bake_until_ms();
  const auto& owing = waves_[current].owing;
  if (wave.state() != v1::WAVE_RUNNING || !IsRunning() || owing.empty()) {
    return 0;
  }
  return owing.begin()->first + rollout_.policy().target_deadline_ms();
}

}  // namespace fleet
