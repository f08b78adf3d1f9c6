#ifndef COORDINATOR_REPLICATOR_H_
#define COORDINATOR_REPLICATOR_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "coordinator/agent_stream.h"
#include "lib/history/log.h"
#include "proto/agent.pb.h"

namespace fleet {

// Keeps the agents' replicas of their targets' streams up to date: one message
// at a time to each, the next one made from the heads that it acknowledged. A
// few agents keep the stream of the fleet, too; it grows with every target of
// every rollout, so they hear of it once a second.
//
// One thread of its own; all members are thread-safe and return at once.
class Replicator {
 public:
  // `on_fault` hears of a replica that turns out to be ahead of the log.
  Replicator(const HistoryLog& log,
             std::function<void(const absl::Status&)> on_fault);
  ~Replicator();
  Replicator(const Replicator&) = delete;
  Replicator& operator=(const Replicator&) = delete;

  void Connect(std::shared_ptr<AgentStream> stream,
               const std::vector<std::string>& targets,
               std::vector<v1::StreamHead> heads);
  void Disconnect(const AgentStream& stream);
  void Ack(const AgentStream& stream, const v1::ReplicaAck& ack);

  // Nothing more is sent: the log is not all there is.
  void Stop();

  // For HistoryLog::OnAppended.
  void Appended(const Batch& batch);

 private:
  static constexpr size_t kKeepersMax = 3;
  static constexpr absl::Duration kFleetEvery = absl::Seconds(1);

  struct Replica {
    std::shared_ptr<AgentStream> stream;
    std::vector<std::string> streams;
    std::vector<v1::StreamHead> heads;
    bool behind = true;
    bool in_flight = false;
    bool keeps_fleet = false;
    bool with_fleet = false;  // this time
  };

  void Run();
  std::vector<Replica> TakeDue();
  void AddKeepers() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void SendNext(Replica replica);

  const HistoryLog& log_;
  const std::function<void(const absl::Status&)> on_fault_;
  absl::Mutex mutex_;
  std::map<const AgentStream*, Replica> replicas_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, const AgentStream*> followers_ ABSL_GUARDED_BY(mutex_);
  std::vector<const AgentStream*> pending_ ABSL_GUARDED_BY(mutex_);
  bool fleet_behind_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Time fleet_due_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace fleet

#endif  // COORDINATOR_REPLICATOR_H_
