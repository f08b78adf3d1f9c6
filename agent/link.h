#ifndef AGENT_LINK_H_
#define AGENT_LINK_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/random/random.h"
#include "absl/synchronization/mutex.h"
#include "agent/timer.h"
#include "lib/base/channel.h"
#include "proto/agent.grpc.pb.h"

// The one stream to the coordinator. Dials, greets, and dials again with capped
// backoff and full jitter when the stream ends, so that 10,000 agents do not
// come back in one second. What is sent while there is no stream is dropped:
// everything that matters is said again after the next greeting.
//
//   Link link(options, timer, handler);
//   link.Start();
//   link.Send(message);      // any thread
//
// Thread-safe.

namespace fleet {

class LinkHandler {
 public:
  virtual ~LinkHandler() = default;

  // The first message of a new stream.
  virtual v1::Hello MakeHello() = 0;
  // In order, on gRPC's threads; must not block on a database.
  virtual void OnMessage(const v1::CoordinatorMessage& message) = 0;
};

struct LinkOptions {
  std::string address;
  TlsFiles tls;
  // Before the n-th dial in a row: uniform between 0 and min(max, base · 2ⁿ).
  int64_t backoff_base_ms = 500;
  int64_t backoff_max_ms = 30'000;
};

class Link {
 public:
  // `timer` and `handler` must outlive this.
  Link(LinkOptions options, Timer& timer, LinkHandler& handler);
  ~Link();  // Stop()
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  void Start();
  // Ends the stream; when it returns no handler call runs or will run.
  void Stop();

  // Leaves the stream, if there is one, with all that is in it.
  void Redial();

  // Queues a message; false when there is no greeted stream.
  bool Send(v1::AgentMessage message);

 private:
  class Stream;

  void Dial();
  void DialLater() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void OnStreamDone(const grpc::Status& status);
  bool Enqueue(v1::AgentMessage message) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const LinkOptions options_;
  Timer& timer_;
  LinkHandler& handler_;

  absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool dialing_ ABSL_GUARDED_BY(mutex_) = false;  // in Dial
  bool running_ ABSL_GUARDED_BY(mutex_) = false;  // OnDone is still to come
  bool greeted_ ABSL_GUARDED_BY(mutex_) = false;  // the coordinator answered
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  int failures_ ABSL_GUARDED_BY(mutex_) = 0;  // dials without an answer
  // The first element is being written while writing_.
  std::deque<v1::AgentMessage> outgoing_ ABSL_GUARDED_BY(mutex_);
  size_t outgoing_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  std::unique_ptr<Stream> stream_ ABSL_GUARDED_BY(mutex_);
  absl::BitGen random_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace fleet

#endif  // AGENT_LINK_H_
