// What agents say about targets. Every message may come twice, late, or for an
// attempt that is over.

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "coordinator/rollout_machine.h"

namespace fleet {

void RolloutMachine::On(const TargetReady& event) {
  const int target = Find(event.target);
  if (target < 0) return;
  const v1::TargetProgress& progress = rollout_.targets(target);
  if (event.attempt != progress.attempt() || IsOver(progress.state())) {
    Forget(target, event.attempt);
    return;
  }
  SetAgentAway(target, false);
  if (MayGo(target)) {
    // Ready anew after a crash; a GO before that found it unprepared.
    Send(CommandType::kGo, target);
    return;
  }
  if (progress.state() != v1::TARGET_PREFLIGHT) return;
  MoveTarget(target, v1::TARGET_QUEUED, kWaitsForReady);
  RefreshReason(target);
}

void RolloutMachine::On(const TargetRefused& event) {
  const int target = Find(event.target);
  if (target < 0) return;
  const v1::TargetProgress& progress = rollout_.targets(target);
  // A started target is not ended by a refusal: it answers a re-sent PREPARE,
  // and its schema is on the way.
  if (event.attempt != progress.attempt() || IsOver(progress.state()) ||
      IsStarted(progress.state()) || progress.state() == v1::TARGET_PENDING) {
    return;
  }
  const bool known =
      event.state == v1::TARGET_DRIFTED || event.state == v1::TARGET_BLOCKED;
  Finish(target, known ? event.state : v1::TARGET_FAILED, event.reason,
         event.message);
}

void RolloutMachine::On(const StartAsked& event) {
  const int target = Find(event.target);
  if (target < 0 || event.nonce.empty()) return;
  const v1::TargetProgress& progress = rollout_.targets(target);
  if (event.attempt != progress.attempt() || IsOver(progress.state())) {
    Forget(target, event.attempt);
    return;
  }
  const bool again =
      IsStarted(progress.state()) && progress.nonce() == event.nonce;
  const bool now = progress.state() == v1::TARGET_DISPATCHED && MayGo(target);
  if (!again && !now) return;
  SetAgentAway(target, false);
  if (now) Grant(target, event.nonce);
  Send(CommandType::kGrant, target);
  step_.commands.back().nonce = event.nonce;
}

void RolloutMachine::On(const TargetProgressed& event) {
  const int target = Find(event.target);
  if (target < 0) return;
  const v1::TargetProgress& progress = rollout_.targets(target);
  if (event.attempt != progress.attempt() || !IsStarted(progress.state())) {
    return;
  }
  SetAgentAway(target, false);
  NoteProgress(target, event.statements_done, event.note);
}

void RolloutMachine::On(const TargetResult& event) {
  const int target = Find(event.target);
  if (target < 0) return;
  const v1::TargetProgress& progress = rollout_.targets(target);
  // Not ours to have: nothing of this attempt was ever sent.
  if (event.attempt > progress.attempt()) return;
  if (event.attempt == progress.attempt() && !IsOver(progress.state())) {
    if (progress.state() == v1::TARGET_PENDING) return;
    Judge(target, event);
  }
  step_.commands.push_back(
      {CommandType::kAckResult, event.target, event.attempt, ""});
}

// HEALTHY is believed only with the plan's own fingerprint. Where that is shown
// the target is there, started or not: an earlier attempt may have done it.
void RolloutMachine::Judge(int target, const TargetResult& result) {
  const v1::TargetProgress& progress = rollout_.targets(target);
  v1::TargetState state = result.state;
  std::string reason = result.reason;
  std::string message = result.message;
  switch (state) {
    case v1::TARGET_HEALTHY:
      if (result.plan_id == progress.plan_id() &&
          result.fingerprint == progress.to_fingerprint() &&
          !result.fingerprint.empty()) {
        break;
      }
      state = v1::TARGET_DIVERGED;
      reason = "evidence";
      message = absl::StrCat(
          "the agent says healthy, but shows plan ", result.plan_id,
          " with fingerprint ", result.fingerprint, "; want plan ",
          progress.plan_id(), " with fingerprint ", progress.to_fingerprint(),
          "; look at the database, then make a new plan");
      break;
    case v1::TARGET_FAILED:
    case v1::TARGET_BLOCKED:
    case v1::TARGET_DRIFTED:
    case v1::TARGET_DIVERGED:
      break;
    default:
      state = v1::TARGET_DIVERGED;
      reason = "evidence";
      message = absl::StrCat("the agent ended with a state that is no result (",
                             static_cast<int>(state), "): ", message);
  }
  Finish(target, state, reason, message);
  KeepEvidence(target, result);
}

void RolloutMachine::On(const AgentConnected& event) {
  for (const std::string& name : event.targets) {
    const int target = Find(name);
    if (target < 0) continue;
    SetAgentAway(target, false);
    Resend(target);
  }
}

void RolloutMachine::On(const AgentLost& event) {
  for (const std::string& name : event.targets) {
    const int target = Find(name);
    if (target < 0 || IsOver(rollout_.targets(target).state())) continue;
    SetAgentAway(target, true);
  }
}

void RolloutMachine::On(const CoordinatorRestarted&) {
  StopUnconfirmed();
  for (int target = 0; target < rollout_.targets_size(); ++target) {
    Resend(target);
  }
}

void RolloutMachine::On(const Reminded& event) {
  for (int target = 0; target < rollout_.targets_size(); ++target) {
    const v1::TargetProgress& progress = rollout_.targets(target);
    const bool owes = progress.state() == v1::TARGET_PREFLIGHT ||
                      progress.state() == v1::TARGET_DISPATCHED;
    if (!owes || progress.agent_away() || wave_of_[target] < 0 ||
        progress.waiting_since_ms() > event.since_ms) {
      continue;
    }
    SendOutstanding(target);
  }
}

// What is asked again has its time again: an agent does not owe the hours that
// we were down, or that the network was.
void RolloutMachine::Resend(int target) {
  if (wave_of_[target] < 0) return;
  RestartDeadline(target);
  SendOutstanding(target);
}

void RolloutMachine::SendOutstanding(int target) {
  const v1::TargetProgress& progress = rollout_.targets(target);
  switch (progress.state()) {
    case v1::TARGET_PREFLIGHT:
    case v1::TARGET_QUEUED:
      Send(CommandType::kPrepare, target);
      break;
    case v1::TARGET_DISPATCHED:
    case v1::TARGET_APPLYING:
    case v1::TARGET_VERIFYING:
      // Of the started: an agent that crashed between its question and the
      // grant asks again, one that is done repeats its result, one that runs
      // does nothing, one that has lost its memory gets its nonce back.
      Send(CommandType::kPrepare, target);
      if (IsStarted(progress.state())) {
        step_.commands.back().nonce = progress.nonce();
      }
      if (MayGo(target)) Send(CommandType::kGo, target);
      break;
    default:
      if (rollout_.waves(wave_of_[target]).started_ms() != 0) {
        Forget(target, progress.attempt());
      }
  }
}

// Has it been told to go, and does that still hold?
bool RolloutMachine::MayGo(int target) const {
  const v1::TargetState state = rollout_.targets(target).state();
  if (IsStarted(state)) return true;
  const int wave = wave_of_[target];
  if (state != v1::TARGET_DISPATCHED || !IsRunning() || wave != CurrentWave()) {
    return false;
  }
  // Fewer than there were when it was told to go: somebody made it so.
  return waves_[wave].started <
         std::max(rollout_.waves(wave).max_parallel(), 1);
}

// Tells an agent to drop an order that will never be granted.
void RolloutMachine::Forget(int target, int attempt) {
  const v1::TargetProgress& progress = rollout_.targets(target);
  const bool dropped = IsOver(progress.state()) && progress.nonce().empty() &&
                       progress.state() != v1::TARGET_HEALTHY;
  if (attempt > progress.attempt()) return;
  if (attempt == progress.attempt() && !dropped) return;
  step_.commands.push_back(
      {CommandType::kCancel, progress.target(), attempt, ""});
}

}  // namespace fleet
