#ifndef AGENT_AGENT_H_
#define AGENT_AGENT_H_

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "agent/config.h"
#include "agent/journal.h"
#include "agent/link.h"
#include "agent/rehearser.h"
#include "agent/replica.h"
#include "agent/state_dir.h"
#include "agent/strand.h"
#include "agent/target_worker.h"
#include "agent/timer.h"
#include "lib/base/clock.h"

// The agent process without its main(): greets the coordinator, gives each
// message to the target it is for, and sends what the targets say.
//
//   ASSIGN_OR_RETURN(std::unique_ptr<Agent> agent, Agent::Open(config, clock));
//   agent->Start();
//   …
//   agent->Stop();
//
// Threads: max_parallel workers, one timer, gRPC's own. Thread-safe.

namespace fleet {

class Agent : private LinkHandler {
 public:
  // FailedPrecondition when another agent has the state_dir, DataLoss when the
  // journal or the replica is damaged.
  static absl::StatusOr<std::unique_ptr<Agent>> Open(AgentConfig config,
                                                     const Clock& clock);
  ~Agent() override;  // Stop()
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;

  void Start();

  // Running groups may finish for a few seconds, then their statements are
  // cancelled and rolled back; what is open in the journal goes on at the next
  // start. False when a database did not react in time: the caller then exits
  // without destroying this.
  bool Stop();

 private:
  Agent(AgentConfig config, const Clock& clock,
        std::unique_ptr<StateDir> state_dir, std::unique_ptr<Journal> journal,
        std::unique_ptr<Replica> replica);

  absl::Status MakeWorkers();
  TargetContext Context();
  v1::Hello MakeHello() override;
  void OnMessage(const v1::CoordinatorMessage& message) override;
  void OnWelcome(const v1::Welcome& welcome);
  void OnReplicate(const v1::Replicate& message);
  void OnReplicaRequest(const v1::ReplicaRequest& request);
  void AckReplica();
  template <typename Message>
  void ToTarget(const Message& message,
                void (TargetWorker::*take)(const Message&));
  template <typename Message>
  void ToRehearser(const Message& message,
                   void (Rehearser::*take)(const Message&));
  void BeatLater(uint64_t greeting, int64_t every_ms);

  const AgentConfig config_;
  const Clock& clock_;
  const std::unique_ptr<StateDir> state_dir_;
  const std::unique_ptr<Journal> journal_;
  const std::unique_ptr<Replica> replica_;
  absl::Notification stop_;

  // Destroyed in the reverse order: the link first, the workers last.
  std::map<std::string, std::unique_ptr<TargetWorker>, std::less<>> workers_;
  std::map<std::pair<v1::Engine, std::string>, std::unique_ptr<Rehearser>>
      rehearsers_;
  std::unique_ptr<Strand> replica_strand_;
  WorkerPool pool_;
  Timer timer_;
  std::unique_ptr<Link> link_;

  absl::Mutex mutex_;
  size_t looked_ ABSL_GUARDED_BY(mutex_) = 0;  // targets seen once
  // Counts greetings: a heartbeat of an earlier one stops.
  uint64_t greeting_ ABSL_GUARDED_BY(mutex_) = 0;
  // The greeting came from a coordinator of an older epoch: nothing it says is
  // done.
  bool is_obeyed_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace fleet

#endif  // AGENT_AGENT_H_
