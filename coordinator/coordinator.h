#ifndef COORDINATOR_COORDINATOR_H_
#define COORDINATOR_COORDINATOR_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "coordinator/agent_calls.h"
#include "coordinator/agent_link.h"
#include "coordinator/answers.h"
#include "coordinator/fleet.h"
#include "coordinator/fleet_service.h"
#include "coordinator/planner.h"
#include "coordinator/recorder.h"
#include "coordinator/recovery.h"
#include "coordinator/replicator.h"
#include "coordinator/rollout_runner.h"
#include "coordinator/source.h"
#include "coordinator/workers.h"
#include "lib/base/channel.h"
#include "lib/base/clock.h"
#include "lib/history/log.h"
#include "lib/history/view.h"

namespace fleet {

struct CoordinatorOptions {
  std::string listen = "127.0.0.1:7443";  // port 0: any free one
  std::string state_dir;                  // made if it is not there
  TlsFiles tls;
  int64_t heartbeat_ms = 10'000;
  int64_t fingerprint_every_ms = 60'000;
  // Called, on any thread, when a recovered history lies ready: this object is
  // to be destroyed, and another one started over the same state_dir.
  std::function<void()> restart = [] {};
};

// The whole process but its flags: history, services, threads. Running from
// Start until destroyed. Thread-safe.
class Coordinator : private AgentEvents {
 public:
  // DataLoss: the history is damaged. FailedPrecondition: the directory cannot
  // be written, or another coordinator has it. Unavailable: the address is in
  // use. InvalidArgument: TLS.
  static absl::StatusOr<std::unique_ptr<Coordinator>> Start(
      const CoordinatorOptions& options, const Clock& clock);

  // Ends calls and streams, finishes what is being written.
  ~Coordinator() override;
  Coordinator(const Coordinator&) = delete;
  Coordinator& operator=(const Coordinator&) = delete;

  // "127.0.0.1:7443", with the port that was taken.
  const std::string& address() const { return address_; }

  const HistoryLog& log() const { return *log_; }
  const HistoryView& view() const { return view_; }

 private:
  Coordinator(CoordinatorOptions options, const Clock& clock);

  absl::Status OpenHistory();
  absl::Status Listen();

  void OnHello(std::shared_ptr<AgentStream> stream, v1::Hello hello) override;
  void OnMessage(const std::shared_ptr<AgentStream>& stream,
                 v1::AgentMessage message) override;
  void OnLost(const std::shared_ptr<AgentStream>& stream) override;

  // On a worker: what a Hello needs of the disk.
  void Admit(const std::shared_ptr<AgentStream>& stream,
             const v1::Hello& hello);
  absl::Status RaiseEpoch(uint64_t seen);
  void Leave(const AgentStream& stream);
  void RequireRecovery(const absl::Status& fault);
  void TakeFingerprint(const v1::FingerprintReport& report);
  void AskFingerprint(const std::string& target);
  void Watch();
  // What could not be read or recorded at the time is tried again.
  void RetryLeftovers();

  const CoordinatorOptions options_;
  const Clock& clock_;
  std::string id_;
  std::string address_;

  std::unique_ptr<HistoryLog> log_;
  HistoryView view_;
  Fleet fleet_;
  AgentCalls calls_;
  std::unique_ptr<Recovery> recovery_;
  std::unique_ptr<Replicator> replicator_;
  std::unique_ptr<Recorder> recorder_;
  std::unique_ptr<SourceResolver> sources_;
  std::unique_ptr<Planner> planner_;
  std::unique_ptr<Answers> answers_;
  std::unique_ptr<RolloutRunner> runner_;
  std::unique_ptr<Workers> quick_;
  std::unique_ptr<Workers> slow_;
  std::unique_ptr<AgentLinkService> agent_link_;
  std::unique_ptr<FleetService> fleet_service_;
  std::unique_ptr<grpc::Server> server_;

  absl::Mutex epoch_mutex_;
  // Held while an agent's coming or going is told to fleet and runner, so that
  // both see the same order.
  absl::Mutex link_mutex_;
  absl::Notification stopping_;
  std::thread watch_thread_;
};

}  // namespace fleet

#endif  // COORDINATOR_COORDINATOR_H_
