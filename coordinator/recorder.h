#ifndef COORDINATOR_RECORDER_H_
#define COORDINATOR_RECORDER_H_

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "coordinator/agent_calls.h"
#include "coordinator/fleet.h"
#include "lib/base/clock.h"
#include "lib/history/log.h"
#include "lib/history/view.h"
#include "lib/schema/schema.h"

namespace fleet {

// Turns reported fingerprints into recorded versions: BASELINE for the first,
// ROLLOUT or ROLLBACK where the rollout that ran last explains it, DRIFT else.
// A schema is asked for once per fingerprint that the history lacks, however
// many targets have it; many observations share one append. While a rollout
// runs on a target nothing is recorded here.
//
// One thread of its own. All members but the constructor are thread-safe.
class Recorder {
 public:
  // Called on the recorder's thread when the observation is recorded, or needs
  // no record; or with why it could not be.
  using Done = std::function<void(const absl::Status&)>;

  Recorder(HistoryLog& log, const HistoryView& view, Fleet& fleet,
           AgentCalls& calls, const Clock& clock);
  ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  // `snapshot` as Fleet::Report returned it; `described`: its description is
  // to be recorded too. Never blocks.
  void Observe(TargetSnapshot snapshot, bool described, Done done = nullptr);

  // From now on nothing is recorded: it would contradict what the history is
  // recovered to. Observations end with FailedPrecondition `why`.
  void Hold(const std::string& why);

  // Records the descriptions of targets; blocks until they are durable.
  absl::Status RecordTargets(const std::vector<v1::Target>& targets);

 private:
  struct Observation {
    TargetSnapshot snapshot;
    bool described = false;
    Done done;
  };
  struct Arrival {
    std::string fingerprint;  // asked for
    std::string target;       // asked
    absl::StatusOr<v1::SchemaReply> reply;
  };
  using SchemaPtr = std::shared_ptr<const Schema>;
  struct Ready {
    Observation observation;
    SchemaPtr schema;
  };
  // What one append writes, and what was learned on the way.
  struct Work {
    Batch batch;
    std::vector<Observation> finished;
    std::vector<Ready> ready;
    std::set<std::string> versioned;               // targets, in this batch
    std::map<std::string, SchemaPtr> schemas;      // by fingerprint
    std::map<std::string, std::string> summaries;  // "from/to"
    std::map<std::string, v1::Version> causes;     // "run/fingerprint"
  };

  void Run();
  void Take(Observation observation, Work& work);
  void Take(Arrival arrival, Work& work);
  void Wait(Observation observation);
  void AskNext(const std::string& fingerprint);
  void FailWaiting(const std::string& fingerprint, const absl::Status& status,
                   Work& work);
  SchemaPtr Load(const std::string& fingerprint, Work& work);
  void Write(Work& work);
  void AddVersion(const Ready& ready, Work& work);
  // A version with cause and what goes with it, when a rollout explains it.
  v1::Version Explain(const LastRun& run, const Schema& schema,
                      const std::string& fingerprint, Work& work);
  std::string Summary(const std::string& from, const Ready& ready, Work& work);

  HistoryLog& log_;
  const HistoryView& view_;
  Fleet& fleet_;
  AgentCalls& calls_;
  const Clock& clock_;

  absl::Mutex mutex_;
  std::vector<Observation> observed_ ABSL_GUARDED_BY(mutex_);
  std::vector<Arrival> arrived_ ABSL_GUARDED_BY(mutex_);
  std::string held_ ABSL_GUARDED_BY(mutex_);  // why
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;

  // By fingerprint, while its schema is asked for; the first one's target is
  // the one asked. The thread's own.
  std::map<std::string, std::vector<Observation>> waiting_;
  std::thread thread_;
};

}  // namespace fleet

#endif  // COORDINATOR_RECORDER_H_
