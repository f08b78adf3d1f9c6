#ifndef TESTS_TESTING_FAKE_COORDINATOR_H_
#define TESTS_TESTING_FAKE_COORDINATOR_H_

#include <grpcpp/server.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "proto/agent.grpc.pb.h"

// The other end of agent/link.h over a real gRPC stream: it writes down what
// agents say and says what a test wants.
//
//   FakeCoordinator coordinator;              // listens, greets with epoch 1
//   …start an agent with coordinator.address()…
//   auto hello = coordinator.Await([](auto& m) { return m.has_hello(); });
//   coordinator.Send(message);
//
// Thread-safe.

namespace fleet::testing {

struct CoordinatorBehaviour {
  uint64_t epoch = 1;
  int64_t heartbeat_ms = 0;
  bool grants = true;        // answers every StartAsk
  bool acknowledges = true;  // answers every Result
};

class FakeCoordinator : private v1::AgentLink::Service {
 public:
  explicit FakeCoordinator(CoordinatorBehaviour behaviour = {}, int port = 0);
  ~FakeCoordinator() override;

  std::string address() const;
  int port() const { return port_; }

  // To the agent of the newest stream; false without one.
  bool Send(const v1::CoordinatorMessage& message);
  // Ends every stream; agents dial again.
  void DropStreams();
  void set_behaviour(const CoordinatorBehaviour& behaviour);

  using Matches = std::function<bool(const v1::AgentMessage&)>;
  // The first message from number `from` on that matches, waiting for it.
  std::optional<v1::AgentMessage> Await(
      const Matches& matches, size_t from = 0,
      absl::Duration limit = absl::Seconds(20));
  size_t Count(const Matches& matches) const;
  size_t size() const;  // messages so far

 private:
  using Stream =
      grpc::ServerReaderWriter<v1::CoordinatorMessage, v1::AgentMessage>;

  grpc::Status Connect(grpc::ServerContext* context, Stream* stream) override;
  void Answer(const v1::AgentMessage& message)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
  mutable absl::Mutex mutex_;
  CoordinatorBehaviour behaviour_ ABSL_GUARDED_BY(mutex_);
  Stream* stream_ ABSL_GUARDED_BY(mutex_) = nullptr;  // the newest
  std::vector<grpc::ServerContext*> contexts_ ABSL_GUARDED_BY(mutex_);
  std::vector<v1::AgentMessage> messages_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace fleet::testing

#endif  // TESTS_TESTING_FAKE_COORDINATOR_H_
