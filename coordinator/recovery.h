#ifndef COORDINATOR_RECOVERY_H_
#define COORDINATOR_RECOVERY_H_

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "coordinator/agent_calls.h"
#include "coordinator/agent_stream.h"
#include "lib/base/clock.h"
#include "lib/history/log.h"
#include "proto/fleet.pb.h"

// A coordinator whose disk was lost, or is an older copy, finds that out from
// what the replicas of its agents hold; and from them its history is built
// anew:
//
//   <state_dir>/history         as it is
//   <state_dir>/history.new     being built; with a file COMPLETE it is whole
//   <state_dir>/history.lost-1  what was put aside at the start after that
//
// Of each stream the longest replica counts. Where it and the history here have
// forked, the replica wins, for agents acted on it; replicas that have forked
// from each other are never merged. A rollout that is not over in the recovered
// history comes up paused: its end may be among what is lost.

namespace fleet {

class Recovery {
 public:
  // `restart` is called when a new history lies ready; all must outlive this.
  Recovery(const HistoryLog& log, AgentCalls& calls, const Clock& clock,
           std::string state_dir, std::function<void()> restart)
      : log_(log),
        calls_(calls),
        clock_(clock),
        state_dir_(std::move(state_dir)),
        restart_(std::move(restart)) {}

  // Before the history is opened: takes a new one that lies ready.
  static absl::Status Install(const std::string& state_dir);

  // An agent that is asked through `target` holds `heads`. DataLoss when these
  // are ahead of the history here, or fork from it.
  absl::Status Connect(const AgentStream& stream, const std::string& target,
                       std::vector<v1::StreamHead> heads);
  void Disconnect(const AgentStream& stream);

  // The first reason stays. From then on is_required.
  std::string Require(const absl::Status& fault);
  bool is_required() const { return !why().empty(); }
  std::string why() const;  // "" while nothing is known to be missing

  // Blocks on agents; for worker threads. FailedPrecondition: replicas have
  // forked. Unavailable: an agent went away meanwhile.
  absl::StatusOr<v1::RecoverReply> FromAgents(const v1::RecoverRequest& request)
      ABSL_LOCKS_EXCLUDED(building_);

 private:
  struct Replica {
    std::string agent;
    std::string target;
    std::vector<v1::StreamHead> heads;
  };
  struct Source {
    const Replica* replica = nullptr;  // null: the history here
    v1::StreamHead head;
  };

  std::vector<Replica> Replicas() const;
  std::map<std::string, Source> Sources(
      const std::vector<Replica>& replicas) const;
  absl::StatusOr<bool> IsHere(const v1::StreamHead& head) const;
  absl::StatusOr<v1::Replicate> Next(const Source& source,
                                     const v1::StreamHead& head) const;
  absl::StatusOr<v1::RecoveredStream> Pull(const Source& source,
                                           HistoryLog* fresh) const;
  absl::StatusOr<uint64_t> PutAside(const std::string& stream,
                                    const HistoryLog& fresh) const;
  absl::Status CheckForks(const std::vector<Replica>& replicas,
                          const HistoryLog& fresh) const;
  absl::Status HoldRollouts(HistoryLog* fresh) const;

  const HistoryLog& log_;
  AgentCalls& calls_;
  const Clock& clock_;
  const std::string state_dir_;
  const std::function<void()> restart_;

  absl::Mutex building_;  // one at a time
  mutable absl::Mutex mutex_;
  std::map<const AgentStream*, Replica> replicas_ ABSL_GUARDED_BY(mutex_);
  std::string why_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace fleet

#endif  // COORDINATOR_RECOVERY_H_
