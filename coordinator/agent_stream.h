#ifndef COORDINATOR_AGENT_STREAM_H_
#define COORDINATOR_AGENT_STREAM_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "proto/agent.pb.h"

namespace fleet {

// One connected agent, as the rest of the coordinator sees it. Thread-safe.
class AgentStream {
 public:
  virtual ~AgentStream() = default;

  // As its Hello says.
  virtual const std::string& agent() const = 0;

  // Wall time of its last message.
  virtual int64_t last_heard_ms() const = 0;

  // Queues; messages arrive in order or not at all. False when the stream is
  // over. A stream whose queue is full is closed: what is lost is sent again
  // when the agent is back.
  virtual bool Send(v1::CoordinatorMessage message) = 0;

  // After the Hello nothing is read until this is called, once.
  virtual void StartReading() = 0;

  // False from the moment that it begins to end; OnLost comes after that.
  virtual bool is_open() const = 0;

  // Ends the call, now. OnLost follows.
  virtual void Close(const absl::Status& status) = 0;
};

}  // namespace fleet

#endif  // COORDINATOR_AGENT_STREAM_H_
