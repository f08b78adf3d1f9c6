#include "agent/timer.h"

#include <algorithm>

#include "absl/time/time.h"

namespace fleet {

Timer::Timer(const Clock& clock) : clock_(clock), thread_([this] { Run(); }) {}

Timer::~Timer() { Stop(); }

void Timer::After(int64_t delay_ms, std::function<void()> call) {
  const int64_t due = clock_.BootMs() + std::max<int64_t>(delay_ms, 0);
  absl::MutexLock lock(&mutex_);
  if (stopping_) return;
  calls_.emplace(std::make_pair(due, next_id_++), std::move(call));
  changed_.Signal();
}

void Timer::Stop() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
    calls_.clear();
    changed_.Signal();
  }
  if (thread_.joinable()) thread_.join();
}

void Timer::Run() {
  absl::MutexLock lock(&mutex_);
  while (!stopping_) {
    if (calls_.empty()) {
      changed_.Wait(&mutex_);
      continue;
    }
    const auto first = calls_.begin();
    const int64_t wait_ms = first->first.first - clock_.BootMs();
    if (wait_ms > 0) {
      changed_.WaitWithTimeout(&mutex_, absl::Milliseconds(wait_ms));
      continue;
    }
    const std::function<void()> call = std::move(first->second);
    calls_.erase(first);
    mutex_.Unlock();
    call();
    mutex_.Lock();
  }
}

}  // namespace fleet
