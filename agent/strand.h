#ifndef AGENT_STRAND_H_
#define AGENT_STRAND_H_

#include <deque>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

// Where database work runs: a fixed number of threads for the whole agent, and
// one Strand per database, whose tasks run one after another, each on some
// thread of the pool. 10,000 targets need 10,000 strands and 8 threads.
//
//   WorkerPool pool(8);
//   Strand strand(pool);
//   strand.Post([] { … });
//
// Tasks left when the pool stops are dropped: whatever matters is in the
// journal. All thread-safe. A Strand must live until the pool has stopped.

namespace fleet {

class WorkerPool {
 public:
  explicit WorkerPool(int threads);
  ~WorkerPool();  // Stop()
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  void Submit(std::function<void()> task);

  // No further task begins; returns without waiting.
  void Close();
  // Close(), then waits for the running tasks.
  void Stop();
  // True when no task is running, waiting up to `timeout_ms` for that.
  bool WaitUntilIdle(int64_t timeout_ms);

 private:
  void Run();

  absl::Mutex mutex_;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  int running_ ABSL_GUARDED_BY(mutex_) = 0;
  std::deque<std::function<void()>> tasks_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::thread> threads_;
};

class Strand {
 public:
  // More tasks than this are refused: a peer that repeats itself faster than
  // the database answers must not fill the memory.
  static constexpr size_t kTasksMax = 1'024;

  explicit Strand(WorkerPool& pool) : pool_(pool) {}
  Strand(const Strand&) = delete;
  Strand& operator=(const Strand&) = delete;

  // False when kTasksMax tasks are waiting; the task is then dropped.
  bool Post(std::function<void()> task);
  // Never dropped: for the next step of work that the target has begun itself,
  // of which nobody would remind it.
  void PostAlways(std::function<void()> task);

 private:
  void Push(std::function<void()> task) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void RunOne();

  WorkerPool& pool_;
  absl::Mutex mutex_;
  bool scheduled_ ABSL_GUARDED_BY(mutex_) = false;
  std::deque<std::function<void()>> tasks_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace fleet

#endif  // AGENT_STRAND_H_
