#ifndef COORDINATOR_AGENT_LINK_H_
#define COORDINATOR_AGENT_LINK_H_

#include <memory>

#include "coordinator/agent_stream.h"
#include "lib/base/clock.h"
#include "proto/agent.grpc.pb.h"

namespace fleet {

// What happens on agents' streams. Called on gRPC's threads, so nothing here
// may block; per stream one at a time, in order: OnHello, OnMessage*, OnLost.
class AgentEvents {
 public:
  virtual ~AgentEvents() = default;

  // Nothing more is read from `stream` until its StartReading.
  virtual void OnHello(std::shared_ptr<AgentStream> stream,
                       v1::Hello hello) = 0;
  virtual void OnMessage(const std::shared_ptr<AgentStream>& stream,
                         v1::AgentMessage message) = 0;
  // May come without OnHello before it.
  virtual void OnLost(const std::shared_ptr<AgentStream>& stream) = 0;
};

// The service AgentLink: one bidirectional stream per agent, each with one
// outgoing queue that one write at a time is taken from. `events` and `clock`
// must outlive the server. Thread-safe.
class AgentLinkService : public v1::AgentLink::CallbackService {
 public:
  AgentLinkService(AgentEvents& events, const Clock& clock)
      : events_(events), clock_(clock) {}

  grpc::ServerBidiReactor<v1::AgentMessage, v1::CoordinatorMessage>* Connect(
      grpc::CallbackServerContext* context) override;

 private:
  AgentEvents& events_;
  const Clock& clock_;
};

}  // namespace fleet

#endif  // COORDINATOR_AGENT_LINK_H_
