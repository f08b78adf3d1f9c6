// Orders of operators about some targets, or about how it runs: skip, resolve,
// set.

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "coordinator/rollout_machine.h"
#include "lib/base/status.h"

namespace fleet {

// Nothing runs, and what has failed has stopped it: the time for exceptions.
bool RolloutMachine::IsAtRest() const {
  return rollout_.state() == v1::ROLLOUT_FAILED ||
         rollout_.state() == v1::ROLLOUT_SUCCEEDED_WITH_FAILURES;
}

absl::StatusOr<std::set<int>> RolloutMachine::Named(
    absl::Span<const std::string> targets) const {
  if (targets.empty()) return Refuse("name the targets");
  std::set<int> named;
  for (const std::string& name : targets) {
    const int target = Find(name);
    if (target < 0 || wave_of_[target] < 0) {
      return absl::NotFoundError(absl::StrCat("rollout ", rollout_.id(),
                                              " has no target \"", name, "\""));
    }
    named.insert(target);
  }
  return named;
}

absl::Status RolloutMachine::CheckSkip(int target) const {
  const v1::TargetProgress& progress = rollout_.targets(target);
  if (IsStarted(progress.state())) {
    return Refuse(absl::StrCat("statements of target ", progress.target(),
                               " may be running; wait for its end"));
  }
  if (progress.state() == v1::TARGET_HEALTHY) {
    return Refuse(absl::StrCat("target ", progress.target(),
                               " is done; roll it back instead"));
  }
  if (progress.state() == v1::TARGET_SKIPPED) {
    return Refuse(
        absl::StrCat("target ", progress.target(), " is skipped already"));
  }
  return absl::OkStatus();
}

void RolloutMachine::On(const Skipped& event) {
  const bool goes_on = IsBegun() && !IsCancelling() && !IsHalting();
  if (!goes_on && !IsAtRest()) {
    step_.status = Refuse(
        "targets are skipped while it runs, or when it has ended with "
        "failures");
    return;
  }
  const absl::StatusOr<std::set<int>> named = Named(event.targets);
  step_.status = named.status();
  if (!named.ok()) return;
  for (int target : *named) {
    step_.status = CheckSkip(target);
    if (!step_.status.ok()) return;
  }
  Keep("skip", event.by, event.message, event.targets);
  if (IsBegun()) MarkUnconfirmed("skip");
  for (int target : *named) {
    const v1::TargetState state = rollout_.targets(target).state();
    if (!IsOver(state) && state != v1::TARGET_PENDING) {
      Send(CommandType::kCancel, target);
    }
    Finish(target, v1::TARGET_SKIPPED, kSkippedByOperator, event.message);
  }
}

void RolloutMachine::On(const Resolved& event) {
  if (!IsAtRest()) {
    step_.status = Refuse(
        "diverged targets are resolved when nothing of it runs any more");
    return;
  }
  const absl::StatusOr<std::set<int>> named = Named(event.targets);
  step_.status = named.status();
  if (!named.ok()) return;
  for (int target : *named) {
    const v1::TargetProgress& progress = rollout_.targets(target);
    if (progress.state() == v1::TARGET_DIVERGED) continue;
    step_.status =
        Refuse(absl::StrCat("target ", progress.target(), " is not diverged"));
    return;
  }
  Keep("resolve", event.by, event.message, event.targets);
  for (int target : *named) {
    const std::string message = rollout_.targets(target).message();
    Finish(target, v1::TARGET_FAILED, kResolvedByOperator, message);
  }
}

void RolloutMachine::On(const Tuned& event) {
  if (!IsBegun() || IsCancelling() || IsHalting()) {
    step_.status = Refuse("only a rollout that goes on can be changed");
    return;
  }
  if (event.max_parallel < 0 || event.lock_timeout_ms < 0 ||
      (event.max_parallel == 0 && event.lock_timeout_ms == 0)) {
    step_.status =
        Refuse("set parallel to at least 1, or lock-timeout to at least 1ms");
    return;
  }
  std::vector<std::string> detail;
  if (event.max_parallel > 0) {
    for (int wave = CurrentWave(); wave < rollout_.waves_size(); ++wave) {
      rollout_.mutable_waves(wave)->set_max_parallel(event.max_parallel);
    }
    detail.push_back(absl::StrCat("parallel=", event.max_parallel));
  }
  if (event.lock_timeout_ms > 0) {
    rollout_.set_lock_timeout_ms(event.lock_timeout_ms);
    detail.push_back(absl::StrCat(
        "lock-timeout=",
        absl::FormatDuration(absl::Milliseconds(event.lock_timeout_ms))));
  }
  Keep("set", event.by, event.message, {}, absl::StrJoin(detail, " "));
}

}  // namespace fleet
