#ifndef COORDINATOR_WORKERS_H_
#define COORDINATOR_WORKERS_H_

#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace fleet {

// A fixed number of threads for work that gRPC's own threads must not do:
// whatever waits for a disk, an agent or another thread. First in, first out.
// Thread-safe.
class Workers {
 public:
  explicit Workers(int threads);
  // Runs what is queued, then ends.
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  void Post(std::function<void()> work);

 private:
  void Run();

  absl::Mutex mutex_;
  std::deque<std::function<void()>> queue_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace fleet

#endif  // COORDINATOR_WORKERS_H_
