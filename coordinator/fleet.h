#ifndef COORDINATOR_FLEET_H_
#define COORDINATOR_FLEET_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "coordinator/agent_stream.h"
#include "lib/base/clock.h"
#include "proto/agent.pb.h"
#include "proto/rollout.pb.h"

// The targets and agents there are, what each last said, and which rollout
// runs where. Nothing here is durable. Thread-safe; calls no one back.

namespace fleet {

struct TargetSnapshot {
  v1::Target target;
  bool connected = false;
  int64_t last_seen_ms = 0;  // 0: not since the coordinator started
  std::string fingerprint;   // of the whole schema, as last reported
  absl::Status error;        // why the last reading failed
  std::string rollout;       // running there now
  // Another number whenever a rollout begins or ends there: a report from
  // before says nothing about now.
  uint64_t generation = 0;
};

// The last rollout that ended on a target, for telling its work from drift.
struct LastRun {
  std::string rollout;
  std::string plan_id;
  std::string fleet_plan_id;
  int64_t finished_ms = 0;
};

class Fleet {
 public:
  explicit Fleet(const Clock& clock) : clock_(clock) {}

  // Targets from the history, before the first agent connects.
  void Restore(const std::vector<v1::Target>& targets);

  struct Joined {
    std::vector<std::string> targets;       // those that are its own now
    std::vector<std::string> contested;     // another connected agent has them
    std::vector<v1::Target> changed;        // new or described anew
    std::shared_ptr<AgentStream> replaced;  // the same agent's older stream
  };
  Joined Connect(const v1::Hello& hello, std::shared_ptr<AgentStream> stream);
  // The targets that are away now; none when the stream was replaced.
  std::vector<std::string> Disconnect(const AgentStream& stream);
  // Streams that were silent since before `wall_ms`.
  std::vector<std::shared_ptr<AgentStream>> SilentSince(int64_t wall_ms) const;

  // True when `stream` is what `target` is reached through now.
  bool Owns(const AgentStream& stream, absl::string_view target) const;
  // The agent's stream; NotFound with a near name, or Unavailable "agent X of
  // target Y was last seen 2h ago".
  absl::StatusOr<std::shared_ptr<AgentStream>> Reach(
      absl::string_view target) const;
  // Connected agents' streams and their targets, by agent name.
  struct Member {
    std::shared_ptr<AgentStream> stream;
    std::vector<std::string> targets;
  };
  std::vector<Member> Members() const;

  // Takes in a report; returns the snapshot after it. `*described` is set when
  // the target's description is another than before.
  TargetSnapshot Report(const v1::FingerprintReport& report, bool* described);
  // A fingerprint known without a report: a rollout's evidence.
  void SetFingerprint(absl::string_view target, const std::string& fingerprint);

  // `rollout` runs on `target` from now on, until it has ended there.
  void SetRunning(absl::string_view target, const std::string& rollout);
  // Does nothing when another one runs there.
  void ClearRunning(absl::string_view target, const std::string& rollout);
  void SetLastRun(absl::string_view target, const LastRun& run);
  LastRun LastRunOf(absl::string_view target) const;

  // NotFound with a near name.
  absl::StatusOr<TargetSnapshot> Find(absl::string_view target) const;
  std::vector<TargetSnapshot> Snapshots() const;  // by name
  std::vector<v1::Target> Targets() const;        // by name

 private:
  struct Entry {
    v1::Target target;
    int64_t last_seen_ms = 0;
    std::string fingerprint;
    absl::Status error;
    std::string rollout;
    uint64_t generation = 0;
    LastRun last_run;
    std::shared_ptr<AgentStream> stream;  // null: away
  };

  TargetSnapshot SnapshotOf(const Entry& entry) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Unknown(absl::string_view target) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Clock& clock_;
  mutable absl::Mutex mutex_;
  std::map<std::string, Entry, std::less<>> entries_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, Member> agents_ ABSL_GUARDED_BY(mutex_);
};

// "agent X of target Y was last seen 2h 14m ago".
std::string DescribeAway(const TargetSnapshot& snapshot, int64_t now_ms);

// "2h 14m", "40s".
std::string FormatAge(int64_t ms);

}  // namespace fleet

#endif  // COORDINATOR_FLEET_H_
