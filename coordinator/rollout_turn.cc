// The beginning of a turn: waiting for what happens, and for more of it.

#include <algorithm>

#include "absl/time/time.h"
#include "coordinator/rollout_runner.h"

namespace fleet {
namespace {

// With fewer targets under way, waiting for more events costs more than syncs.
constexpr int kGatherTargets = 16;
constexpr int64_t kGatherMsMax = 100;
constexpr absl::Duration kQuiet = absl::Milliseconds(2);
constexpr int64_t kRetryMs = 1'000;  // after a failed append

}  // namespace

void RolloutRunner::Post(Work work) {
  absl::MutexLock lock(&mutex_);
  work_.push_back(std::move(work));
}

void RolloutRunner::Run() {
  while (true) {
    const std::vector<Work> work = TakeWork();
    if (work.empty()) {
      absl::MutexLock lock(&mutex_);
      if (stopping_ && work_.empty()) return;
    }
    Turn turn;
    turn.now_ms = clock_.WallMs();
    for (const Work& one : work) one(turn);
    ApplyTicks(turn);
    Remind(turn);
    Commit(turn);
    if (!failed_) continue;
    // What could not be written would be tried for ever.
    absl::MutexLock lock(&mutex_);
    if (stopping_) return;
  }
}

std::vector<RolloutRunner::Work> RolloutRunner::TakeWork() {
  int64_t wake_at_ms = 0;
  for (const auto& [id, active] : active_) {
    if (active->wake_at_ms == 0) continue;
    wake_at_ms = wake_at_ms == 0 ? active->wake_at_ms
                                 : std::min(wake_at_ms, active->wake_at_ms);
  }
  absl::Duration sleep = wake_at_ms == 0
                             ? absl::InfiniteDuration()
                             : absl::Milliseconds(std::max<int64_t>(
                                   wake_at_ms - clock_.WallMs(), 1));
  if (in_flight_ > 0) sleep = std::min(sleep, absl::Milliseconds(kRemindMs));
  const auto has_work = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return !work_.empty() || stopping_;
  };
  absl::MutexLock lock(&mutex_);
  mutex_.AwaitWithTimeout(absl::Condition(&has_work), sleep);
  if (failed_) {
    mutex_.AwaitWithTimeout(absl::Condition(&stopping_),
                            absl::Milliseconds(kRetryMs));
  } else {
    Gather();
  }
  std::vector<Work> work;
  work.swap(work_);
  return work;
}

// While many targets are on their way, more comes soon: one append for all of
// it. Not longer than things come, since agents hold a place for the answer.
void RolloutRunner::Gather() {
  if (in_flight_ < kGatherTargets) return;
  const int64_t end_ms =
      clock_.BootMs() + std::min<int64_t>(in_flight_ / 8, kGatherMsMax);
  size_t had = 0;
  const auto grown = [this, &had]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return work_.size() > had || stopping_;
  };
  do {
    had = work_.size();
  } while (clock_.BootMs() < end_ms && !stopping_ &&
           mutex_.AwaitWithTimeout(absl::Condition(&grown), kQuiet));
}

}  // namespace fleet
