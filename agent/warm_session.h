#ifndef AGENT_WARM_SESSION_H_
#define AGENT_WARM_SESSION_H_

#include <cstdint>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "agent/config.h"
#include "lib/base/clock.h"
#include "lib/engine/session.h"

namespace fleet {

// The connection of one target, kept for a while after its last use: the wave
// that was prepared runs soon. Used on the target's strand; Cancel is
// thread-safe.
class WarmSession {
 public:
  // Both must outlive this.
  WarmSession(const TargetConfig& target, const Clock& clock)
      : target_(target), clock_(clock) {}

  // Opens one where there is none or it broke. Valid until Drop or the next
  // Get.
  absl::StatusOr<Session*> Get();
  // ask(Session&), which changes nothing and returns an absl::StatusOr; once
  // more on a new session where the kept one turns out to have died.
  template <typename Ask>
  auto Read(Ask ask) -> decltype(ask(std::declval<Session&>())) {
    for (bool again = false;; again = true) {
      const absl::StatusOr<Session*> session = Get();
      if (!session.ok()) return session.status();
      auto answer = ask(**session);
      if (answer.ok() || again || !(*session)->IsBroken()) return answer;
    }
  }
  void Drop();
  // Drop, when the last Get is at least `idle_ms` ago.
  void DropIfIdle(int64_t idle_ms);

  // Stops the statement that is running, if any.
  void Cancel();

 private:
  const TargetConfig& target_;
  const Clock& clock_;
  int64_t used_ms_ = 0;
  // The strand alone changes it; the mutex is for Cancel.
  absl::Mutex mutex_;
  std::unique_ptr<Session> session_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace fleet

#endif  // AGENT_WARM_SESSION_H_
