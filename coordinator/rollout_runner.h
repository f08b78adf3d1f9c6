#ifndef COORDINATOR_ROLLOUT_RUNNER_H_
#define COORDINATOR_ROLLOUT_RUNNER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "coordinator/fleet.h"
#include "coordinator/rollout.h"
#include "coordinator/rollout_machine.h"
#include "coordinator/rollout_narrator.h"
#include "lib/base/clock.h"
#include "lib/history/log.h"
#include "lib/history/view.h"
#include "proto/agent.pb.h"
#include "proto/fleet.pb.h"

namespace fleet {

// Follows one rollout. Called on the runner's thread; must not block.
class RolloutWatcher {
 public:
  virtual ~RolloutWatcher() = default;
  // First the rollout as it is, with no events; then each change of it.
  virtual void OnRollout(const std::vector<v1::RolloutEvent>& events,
                         std::shared_ptr<const v1::Rollout> now) = 0;
  virtual void OnError(const absl::Status& status) = 0;
};

// Runs all rollouts, on one thread of its own. Each turn takes everything that
// has happened, applies it to the machines, makes it durable with one append,
// and only then sends commands and answers callers. While many targets are on
// their way a turn waits a little for more, so that a wave of 1,000 targets
// costs tens of syncs.
//
// All members but the constructor and Restore are thread-safe and return at
// once; callbacks come on the runner's thread and must not block.
class RolloutRunner {
 public:
  using Done = std::function<void(absl::StatusOr<v1::Rollout>)>;
  // Targets whose live fingerprint the runner does not know after a rollout.
  using Unsure = std::function<void(const std::vector<std::string>&)>;

  RolloutRunner(HistoryLog& log, const HistoryView& view, Fleet& fleet,
                const Clock& clock, Unsure unsure);
  ~RolloutRunner();
  RolloutRunner(const RolloutRunner&) = delete;
  RolloutRunner& operator=(const RolloutRunner&) = delete;

  // Takes up what the history says is running, and starts the thread. Call
  // once, when the history is loaded and before agents connect.
  void Restore();

  // Ready, Refused, StartAsk, Progress or Result of the agent that the target
  // is reached through; false for other messages.
  bool Report(const v1::AgentMessage& message);
  void AgentConnected(std::vector<std::string> targets);
  void AgentLost(std::vector<std::string> targets);

  // FailedPrecondition: a target is busy, or recovery is required. `fresh` says
  // whether the plan still holds; a request that came before is answered as
  // then, whatever it says.
  void Start(const v1::StartRolloutRequest& request,
             const v1::FleetPlan& fleet_plan, const absl::Status& fresh,
             Done done);
  void Steer(const v1::SteerRolloutRequest& request, Done done);
  // By id, a unique prefix, or "" for the newest. With what is not durable yet.
  void Get(const std::string& id, Done done);
  void Watch(const std::string& id, std::weak_ptr<RolloutWatcher> watcher);

  // No rollout starts any more, and those that run are paused: the history is
  // not all there is.
  void RequireRecovery(const std::string& why);

 private:
  static constexpr int64_t kRemindMs = 10'000;

  struct Active {
    explicit Active(const v1::Rollout& rollout)
        : machine(rollout), narrator(rollout) {}
    RolloutMachine machine;
    RolloutNarrator narrator;
    std::map<std::string, v1::Plan> plans;  // by id
    std::map<std::string, std::string> summaries;
    // As last written, by index: what else changed is for the eye only.
    std::vector<v1::TargetProgress> written;
    // Per target: attempt, and the statements of it that watchers know of.
    std::map<std::string, std::pair<int, int>> told;
    int64_t wake_at_ms = 0;
  };
  struct Touched {
    bool whole = false;  // waves or state changed
    std::set<std::string> targets;
    std::vector<v1::RolloutEvent> statements;
    std::vector<Command> commands;
  };
  // One round of the loop.
  struct Turn {
    int64_t now_ms = 0;
    std::map<std::string, Touched> touched;  // by rollout
    std::vector<v1::Record> records;         // versions, statements
    // Called when durable, or with why it is not.
    std::vector<std::function<void(const absl::Status&)>> answers;
  };
  using Work = std::function<void(Turn&)>;

  // rollout_turn.cc: the beginning of a turn.
  void Post(Work work);
  void Run();
  std::vector<Work> TakeWork();
  void Gather() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  absl::StatusOr<Active*> Find(const std::string& id);
  absl::StatusOr<std::string> ResolveId(const std::string& id) const;
  Active& Adopt(const v1::Rollout& rollout);
  void LoadPlans(Active& active);
  absl::Status Apply(const std::string& id, const Event& event, Turn& turn);
  absl::Status Begin(const v1::StartRolloutRequest& request,
                     const v1::FleetPlan& fleet_plan, const absl::Status& fresh,
                     Turn& turn, std::string* id);
  absl::Status CheckFree(const std::vector<std::string>& targets,
                         const std::string& id) const;
  absl::Status CheckRetry(const v1::SteerRolloutRequest& request,
                          const std::string& id);
  void HoldTargets(const std::string& id);
  void TakeReport(const std::string& id, const std::string& target,
                  const Event& event,
                  const std::vector<v1::StatementResult>& statements,
                  bool is_result, Turn& turn);
  void Dismiss(const TargetResult& result, const std::string& id, Turn& turn);
  void RecordResult(Active& active, const v1::TargetProgress& progress,
                    const std::vector<v1::StatementResult>& statements,
                    Turn& turn);
  void Answer(const std::string& id, const Done& done, absl::Status status,
              Turn& turn);

  // rollout_commit.cc: the end of a turn.
  void ApplyTicks(Turn& turn);
  void Remind(Turn& turn);
  void Commit(Turn& turn);
  void ConfirmLater(Turn& turn);
  void StopDenied();
  void AddRecords(const Active& active, const Touched& touched, Turn& turn,
                  Batch* batch) const;
  void Settle(Active& active, const Touched& touched);
  bool IsContradicted(const v1::TargetProgress& healthy) const;
  void Send(const Active& active, const std::vector<Command>& commands) const;
  void Publish(Active& active, const Touched& touched, int64_t now_ms);
  void Retire();
  void Reload(const Turn& turn);

  HistoryLog& log_;
  const HistoryView& view_;
  Fleet& fleet_;
  const Clock& clock_;
  const Unsure unsure_;

  absl::Mutex mutex_;
  std::vector<Work> work_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;

  // The thread's own.
  std::map<std::string, std::unique_ptr<Active>> active_;
  std::map<std::string, std::string> requests_;  // request id → rollout
  std::map<std::string, std::vector<std::weak_ptr<RolloutWatcher>>> watchers_;
  int64_t last_number_ = 0;
  int in_flight_ = 0;         // targets that owe an answer, in all rollouts
  int64_t remind_at_ms_ = 0;  // BootMs
  bool failed_ = false;       // the last append
  // Rollouts whose start was reported as failed. Their records may come to
  // light all the same, when the log is opened again.
  std::set<std::string> denied_;
  std::string recovery_;  // why no rollout may start
  std::thread thread_;
};

}  // namespace fleet

#endif  // COORDINATOR_ROLLOUT_RUNNER_H_
