#ifndef AGENT_TIMER_H_
#define AGENT_TIMER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "lib/base/clock.h"

namespace fleet {

// One thread that calls functions when their time comes, so that nothing which
// waits (a retry, a repeated question, the next fingerprint) holds a place in
// the worker pool. The functions must be short: they send, or post to a Strand.
// Thread-safe.
class Timer {
 public:
  explicit Timer(const Clock& clock);
  ~Timer();  // Stop()
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  void After(int64_t delay_ms, std::function<void()> call);

  // Drops what is still to come and waits for a running call to return.
  void Stop();

 private:
  void Run();

  const Clock& clock_;
  absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  uint64_t next_id_ ABSL_GUARDED_BY(mutex_) = 0;
  // By due time in boot milliseconds, then in order of arrival.
  std::map<std::pair<int64_t, uint64_t>, std::function<void()>> calls_
      ABSL_GUARDED_BY(mutex_);
  absl::CondVar changed_;
  std::thread thread_;  // last: starts when the rest is there
};

}  // namespace fleet

#endif  // AGENT_TIMER_H_
