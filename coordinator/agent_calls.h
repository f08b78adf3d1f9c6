#ifndef COORDINATOR_AGENT_CALLS_H_
#define COORDINATOR_AGENT_CALLS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "coordinator/fleet.h"
#include "lib/base/clock.h"
#include "proto/agent.pb.h"

namespace fleet {

// Questions to agents and their answers, over the agents' streams.
//
//   calls.Fingerprint("prod-eu", [](absl::StatusOr<v1::FingerprintReport> r)
//   …);
//
// Each `done` is called exactly once, on any thread, and must not block: with
// the answer, the agent's own error, Unavailable (the agent is away or goes),
// or DeadlineExceeded. Thread-safe.
class AgentCalls {
 public:
  template <typename T>
  using Done = std::function<void(absl::StatusOr<T>)>;

  AgentCalls(const Fleet& fleet, const Clock& clock)
      : fleet_(fleet), clock_(clock) {}

  void Fingerprint(const std::string& target, Done<v1::FingerprintReport> done);
  void Schema(const std::string& target, Done<v1::SchemaReply> done);
  void Scratch(const std::string& target, const std::string& sql,
               const std::string& file_name, Done<v1::SchemaReply> done);
  void Rehearse(const std::string& target, const v1::Schema& from,
                const v1::Plan& plan, Done<v1::RehearsalReply> done);

  // What the replica of `target`'s agent holds after `head`.
  void Replica(const std::string& target, const v1::StreamHead& head,
               Done<v1::ReplicaReply> done);
  void Check(const std::string& target, const v1::Plan& plan,
             Done<v1::CheckReply> done);

  // Takes `message` when it answers a question that was put on this stream;
  // false leaves it as it is.
  bool Answer(const AgentStream& stream, v1::AgentMessage& message);
  void AgentLost(const AgentStream& stream);
  // Ends what has waited too long.
  void Expire();
  // Ends everything, now and later, with Unavailable.
  void Shutdown();

 private:
  struct Pending {
    std::shared_ptr<AgentStream> stream;
    std::string target;
    std::string what;
    int64_t deadline_ms = 0;  // BootMs
    std::function<void(absl::StatusOr<v1::AgentMessage>)> done;
  };

  std::string NewId();
  void Ask(const std::string& target, const std::string& id,
           const std::string& what, int64_t timeout_ms,
           v1::CoordinatorMessage message,
           std::function<void(absl::StatusOr<v1::AgentMessage>)> done);
  void EndIf(const std::function<bool(const Pending&)>& matches,
             const std::function<absl::Status(const Pending&)>& why);

  const Fleet& fleet_;
  const Clock& clock_;
  absl::Mutex mutex_;
  uint64_t last_id_ ABSL_GUARDED_BY(mutex_) = 0;
  bool shut_down_ ABSL_GUARDED_BY(mutex_) = false;
  std::map<std::string, Pending> pending_ ABSL_GUARDED_BY(mutex_);
};

// Waits for one answer; for worker threads only.
//
//   Await<v1::SchemaReply>([&](auto done) { calls.Schema(target, done); });
template <typename T>
absl::StatusOr<T> Await(const std::function<void(AgentCalls::Done<T>)>& call) {
  absl::Notification notification;
  absl::StatusOr<T> result = absl::UnknownError("no answer");
  call([&](absl::StatusOr<T> answer) {
    result = std::move(answer);
    notification.Notify();
  });
  notification.WaitForNotification();
  return result;
}

}  // namespace fleet

#endif  // COORDINATOR_AGENT_CALLS_H_
