#include "agent/strand.h"

#include <utility>

#include "absl/time/time.h"

namespace fleet {

WorkerPool::WorkerPool(int threads) {
  for (int i = 0; i < threads; ++i) {
    threads_.emplace_back([this] { Run(); });
  }
}

WorkerPool::~WorkerPool() { Stop(); }

void WorkerPool::Submit(std::function<void()> task) {
  absl::MutexLock lock(&mutex_);
  if (!closed_) tasks_.push_back(std::move(task));
}

void WorkerPool::Close() {
  std::deque<std::function<void()>> dropped;  // destroyed outside the lock
  absl::MutexLock lock(&mutex_);
  closed_ = true;
  dropped.swap(tasks_);
}

void WorkerPool::Stop() {
  Close();
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

bool WorkerPool::WaitUntilIdle(int64_t timeout_ms) {
  absl::MutexLock lock(&mutex_);
  const auto idle = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return running_ == 0 && tasks_.empty();
  };
  return mutex_.AwaitWithTimeout(absl::Condition(&idle),
                                 absl::Milliseconds(timeout_ms));
}

void WorkerPool::Run() {
  while (true) {
    std::function<void()> task;
    {
      absl::MutexLock lock(&mutex_);
      const auto ready = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
        return closed_ || !tasks_.empty();
      };
      mutex_.Await(absl::Condition(&ready));
      if (closed_) return;
      task = std::move(tasks_.front());
      tasks_.pop_front();
      ++running_;
    }
    task();
    task = nullptr;
    absl::MutexLock lock(&mutex_);
    --running_;
  }
}

bool Strand::Post(std::function<void()> task) {
  absl::MutexLock lock(&mutex_);
  if (tasks_.size() >= kTasksMax) return false;
  Push(std::move(task));
  return true;
}

void Strand::PostAlways(std::function<void()> task) {
  absl::MutexLock lock(&mutex_);
  Push(std::move(task));
}

void Strand::Push(std::function<void()> task) {
  tasks_.push_back(std::move(task));
  if (scheduled_) return;
  scheduled_ = true;
  pool_.Submit([this] { RunOne(); });
}

// One task a turn, so that a busy target does not starve the others.
void Strand::RunOne() {
  std::function<void()> task;
  {
    absl::MutexLock lock(&mutex_);
    task = std::move(tasks_.front());
    tasks_.pop_front();
  }
  task();
  absl::MutexLock lock(&mutex_);
  scheduled_ = !tasks_.empty();
  if (scheduled_) pool_.Submit([this] { RunOne(); });
}

}  // namespace fleet
