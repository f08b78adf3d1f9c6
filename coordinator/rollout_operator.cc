// Orders of operators: start, pause, resume, abort, promote, retry.

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "coordinator/rollout_machine.h"
#include "lib/base/fold_names.h"
#include "lib/base/status.h"

namespace fleet {
namespace {

// "ROLLOUT_PENDING_APPROVAL" is "pending approval".
std::string Word(absl::string_view enum_name, absl::string_view prefix) {
  absl::ConsumePrefix(&enum_name, prefix);
  return absl::StrReplaceAll(absl::AsciiStrToLower(enum_name), {{"_", " "}});
}

bool IsRetryable(v1::TargetState state) {
  return state == v1::TARGET_FAILED || state == v1::TARGET_BLOCKED ||
         state == v1::TARGET_DRIFTED || state == v1::TARGET_DEFERRED ||
         state == v1::TARGET_CANCELLED;
}

}  // namespace

absl::Status RolloutMachine::Refuse(absl::string_view why) const {
  const std::string state =
      IsCancelling()
          ? "being cancelled"
          : Word(v1::RolloutState_Name(rollout_.state()), "ROLLOUT_");
  return absl::FailedPreconditionError(
      absl::StrCat("rollout ", rollout_.id(), " is ", state, ": ", why));
}

absl::Status RolloutMachine::CheckShape() const {
  for (int target = 0; target < rollout_.targets_size(); ++target) {
    const v1::TargetProgress& progress = rollout_.targets(target);
    if (target > 0 &&
        progress.target() <= rollout_.targets(target - 1).target()) {
      return Refuse(absl::StrCat("its targets are not sorted at ",
                                 progress.target(), "; make a new plan"));
    }
    if (wave_of_[target] < 0) {
      return Refuse(absl::StrCat("target ", progress.target(),
                                 " is in no wave; make a new plan"));
    }
    if (progress.state() != v1::TARGET_PENDING || progress.attempt() < 1) {
      return Refuse(absl::StrCat("target ", progress.target(),
                                 " is not pending; make a new plan"));
    }
  }
  for (int wave = 0; wave < rollout_.waves_size(); ++wave) {
    // A name twice, or one that has no plan, never got into the index.
    if (static_cast<int>(waves_[wave].members.size()) !=
        rollout_.waves(wave).targets_size()) {
      return Refuse(absl::StrCat(
          "wave ", rollout_.waves(wave).name(),
          " names a target twice or one without a plan; make a new plan"));
    }
  }
  return absl::OkStatus();
}

void RolloutMachine::On(const Started&) {
  if (IsBegun()) return;
  if (rollout_.state() != v1::ROLLOUT_APPROVED &&
      rollout_.state() != v1::ROLLOUT_PLANNED) {
    step_.status = Refuse("only an approved rollout can be started");
    return;
  }
  step_.status = CheckShape();
  if (!step_.status.ok()) return;
  rollout_.set_started_ms(now_ms_);
  MoveRollout(v1::ROLLOUT_RUNNING, "");
  MarkUnconfirmed(kOrderStart);
}

// Only here: an answer that comes late, but before the timer, counts.
void RolloutMachine::On(const Tick&) { ExpireDeadlines(); }

void RolloutMachine::On(const Paused& event) {
  if (rollout_.state() == v1::ROLLOUT_PAUSED) return;
  if (!IsRunning()) {
    step_.status = Refuse("only a running rollout can be paused");
    return;
  }
  Keep("pause", event.by, event.message);
  MoveRollout(v1::ROLLOUT_PAUSED, kPausedByOperator);
  const int wave = CurrentWave();
  if (wave < rollout_.waves_size()) RefreshReasons(wave);
}

void RolloutMachine::On(const Resumed& event) {
  if (IsRunning()) return;
  if (rollout_.state() != v1::ROLLOUT_PAUSED || IsHalting()) {
    step_.status = Refuse("only a paused rollout can be resumed");
    return;
  }
  Keep("resume", event.by, event.message);
  MoveRollout(v1::ROLLOUT_RUNNING, "");
  MarkUnconfirmed("resume");
  const int wave = CurrentWave();
  if (wave < rollout_.waves_size()) WakeWave(wave);
}

void RolloutMachine::On(const Aborted& event) {
  if (rollout_.state() == v1::ROLLOUT_CANCELLED || IsCancelling()) return;
  if (IsOver(rollout_.state()) || rollout_.state() == v1::ROLLOUT_REVERTING) {
    step_.status = Refuse("there is nothing left to abort");
    return;
  }
  // A failure has stopped it already; FAILED says more than CANCELLED.
  if (IsBegun() && IsHalting()) return;
  Keep("abort", event.by, event.message);
  // Whether the order before was heard does not matter any more.
  rollout_.clear_unconfirmed();
  MoveRollout(v1::ROLLOUT_RUNNING, kCancelling);
  for (int wave = 0; wave < rollout_.waves_size(); ++wave) {
    if (waves_[wave].started > 0) RefreshReasons(wave);
  }
}

void RolloutMachine::On(const Promoted& event) {
  const int wave = CurrentWave();
  if (!IsRunning() || wave == rollout_.waves_size()) {
    step_.status = Refuse("no wave of it waits for promotion");
    return;
  }
  const std::string& name = rollout_.waves(wave).name();
  const bool waits = rollout_.waves(wave).state() == v1::WAVE_READY;
  if (!waits && !event.full) {
    step_.status = Refuse(absl::StrCat(
        "wave ", name, " is ",
        Word(v1::WaveState_Name(rollout_.waves(wave).state()), "WAVE_"),
        ", no wave waits for promotion"));
    return;
  }
  if (!event.wave.empty() && event.wave != name) {
    step_.status = Refuse(absl::StrCat(
        "it is wave ", name, " that waits for promotion, not ", event.wave));
    return;
  }
  Keep("promote", event.by, event.message, {}, event.full ? "full" : name);
  MarkUnconfirmed("promote");
  if (event.full) OpenWaves(wave);
  if (waits) StartWave(wave);
}

// From `first` on: no promotion is waited for, and no bake.
void RolloutMachine::OpenWaves(int first) {
  for (int wave = first; wave < rollout_.waves_size(); ++wave) {
    v1::Wave& state = *rollout_.mutable_waves(wave);
    state.set_manual_promotion(false);
    state.set_bake_ms(0);
    if (state.state() == v1::WAVE_BAKING) state.set_bake_until_ms(now_ms_);
  }
}

// Those asked for and, with any of them, all that were cancelled: no wave may
// pass by another that was never done.
absl::StatusOr<std::set<int>> RolloutMachine::ChooseRetries(
    const Retried& event) const {
  std::set<int> chosen;
  for (const std::string& name : event.targets) {
    const int target = Find(name);
    if (target < 0) {
      return absl::NotFoundError(absl::StrCat("rollout ", rollout_.id(),
                                              " has no target \"", name, "\""));
    }
    const v1::TargetState state = rollout_.targets(target).state();
    if (state == v1::TARGET_DIVERGED) {
      return Refuse(absl::StrCat(
          "target ", name,
          " is diverged and is not retried; look at its database, then make a "
          "new plan"));
    }
    if (!IsRetryable(state)) {
      return Refuse(absl::StrCat("target ", name, " is ",
                                 Word(v1::TargetState_Name(state), "TARGET_"),
                                 " and cannot be retried"));
    }
    chosen.insert(target);
  }
  for (int target = 0; target < rollout_.targets_size(); ++target) {
    const v1::TargetState state = rollout_.targets(target).state();
    if (wave_of_[target] >= 0 &&
        (event.targets.empty() ? IsRetryable(state)
                               : state == v1::TARGET_CANCELLED)) {
      chosen.insert(target);
    }
  }
  return chosen;
}

// What stays failed must be within the tolerance, or the rollout would halt
// again at once.
absl::Status RolloutMachine::CheckRetries(const std::set<int>& chosen) const {
  std::vector<std::vector<std::string>> left(waves_.size());
  for (int target = 0; target < rollout_.targets_size(); ++target) {
    const v1::TargetProgress& progress = rollout_.targets(target);
    if (wave_of_[target] < 0 || chosen.count(target) > 0 ||
        !IsOver(progress.state()) || progress.state() == v1::TARGET_HEALTHY ||
        progress.state() == v1::TARGET_SKIPPED) {
      continue;
    }
    if (progress.state() == v1::TARGET_DIVERGED) {
      return Refuse(absl::StrCat(
          "target ", progress.target(),
          " is diverged, and no retry helps; look at its database, then make a "
          "new plan"));
    }
    left[wave_of_[target]].push_back(progress.target());
  }
  for (size_t wave = 0; wave < waves_.size(); ++wave) {
    const int tolerance = rollout_.waves(wave).failure_tolerance();
    if (static_cast<int>(left[wave].size()) <= tolerance) continue;
    return Refuse(absl::StrCat(
        "wave ", rollout_.waves(wave).name(), " tolerates ", tolerance,
        " failures and would still have ", left[wave].size(), " (",
        FoldedNames(left[wave]), "); retry these too"));
  }
  return absl::OkStatus();
}

void RolloutMachine::On(const Retried& event) {
  if (IsCancelling() ||
      (!IsBegun() && rollout_.state() != v1::ROLLOUT_FAILED &&
       rollout_.state() != v1::ROLLOUT_CANCELLED &&
       rollout_.state() != v1::ROLLOUT_SUCCEEDED_WITH_FAILURES)) {
    step_.status = Refuse("there is nothing to retry");
    return;
  }
  const absl::StatusOr<std::set<int>> chosen = ChooseRetries(event);
  step_.status = chosen.status();
  if (!chosen.ok()) return;
  if (rollout_.policy().on_failure() != v1::CONTINUE) {
    step_.status = CheckRetries(*chosen);
    if (!step_.status.ok()) return;
  }
  if (chosen->empty()) {
    step_.status = Refuse("there is nothing to retry");
    return;
  }
  Keep("retry", event.by, event.message, event.targets);
  MarkUnconfirmed("retry");
  for (int target : *chosen) Reopen(target);
  for (int wave = 0; wave < rollout_.waves_size(); ++wave) ReopenWave(wave);
  if (!IsBegun()) MoveRollout(v1::ROLLOUT_RUNNING, "");
  for (int wave = 0; wave < rollout_.waves_size(); ++wave) {
    RefreshReasons(wave);
  }
}

void RolloutMachine::ReopenWave(int wave) {
  v1::Wave& state = *rollout_.mutable_waves(wave);
  if (state.started_ms() == 0) {
    if (state.state() == v1::WAVE_SKIPPED) {
      MoveWave(wave, v1::WAVE_WAITING, kWaitsForWave);
    }
    return;
  }
  const bool was_stopped =
      state.state() == v1::WAVE_HALTED ||
      (state.state() == v1::WAVE_FAILED && !IsPassed(state));
  if (!was_stopped && waves_[wave].pending == 0) return;
  state.clear_bake_until_ms();
  state.clear_finished_ms();
  MoveWave(wave, v1::WAVE_RUNNING, kWaitsForReady);
  step_.rollout_changed = true;
}

// ---------------------------------------------------------------- the record

void RolloutMachine::Keep(absl::string_view action, const std::string& by,
                          const std::string& message,
                          absl::Span<const std::string> targets,
                          absl::string_view detail) {
  v1::Steering& kept = *rollout_.add_steering();
  kept.set_time_ms(now_ms_);
  kept.set_action(std::string(action));
  kept.set_by(by);
  kept.set_message(message);
  kept.set_detail(std::string(detail));
  kept.mutable_targets()->Assign(targets.begin(), targets.end());
  step_.rollout_changed = true;
}

// --------------------------------------------------------------- confirmation

void RolloutMachine::MarkUnconfirmed(absl::string_view order) {
  rollout_.set_unconfirmed(std::string(order));
  step_.rollout_changed = true;
}

void RolloutMachine::On(const Confirmed&) {
  if (rollout_.unconfirmed().empty() || IsOver(rollout_.state())) return;
  rollout_.clear_unconfirmed();
  step_.rollout_changed = true;
}

// The order that set it going may have been reported as failed, and what was
// reported as failed must not run by itself. No grant is given before the
// confirmation of a start, so nothing of that one runs.
void RolloutMachine::StopUnconfirmed() {
  if (rollout_.unconfirmed().empty() || !IsRunning()) return;
  if (rollout_.unconfirmed() == kOrderStart) {
    MoveRollout(v1::ROLLOUT_RUNNING, kCancelling);
    return;
  }
  rollout_.clear_unconfirmed();
  MoveRollout(v1::ROLLOUT_PAUSED, kUnconfirmed);
  const int wave = CurrentWave();
  if (wave < rollout_.waves_size()) RefreshReasons(wave);
}

}  // namespace fleet
