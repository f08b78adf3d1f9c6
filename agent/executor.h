#ifndef AGENT_EXECUTOR_H_
#define AGENT_EXECUTOR_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/random/random.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "agent/group.h"
#include "agent/journal.h"
#include "agent/tool_runner.h"
#include "lib/base/clock.h"
#include "lib/engine/dialect.h"
#include "lib/engine/session.h"
#include "proto/agent.pb.h"
#include "proto/plan.pb.h"

// Runs one plan on one database, group by group.
//
//   Executor executor(session, dialect, key, order, plan, clock, observer);
//   RunOutcome outcome = executor.Run({0, plan.from_fingerprint(), token});
//
// A transactional group: BEGIN, claim the epoch, precondition, statements,
// checks, postcondition, marker, COMMIT; whatever goes wrong before COMMIT is
// rolled back, and the database is as it was before the group. A lost
// connection ends the run as kUnknown: only recovery may go on. Knows no
// engine. Thread-compatible.

namespace fleet {

// What the run reports and asks. Called on the running thread.
class RunObserver {
 public:
  virtual ~RunObserver() = default;

  // `group` is committed, and the one after it begins when this returns OK:
  // both must then be durable. `after` is the fingerprint in between. Not
  // called for the last group: the caller writes its end together with the
  // result.
  virtual absl::Status OnDone(const Group& group, const std::string& after) = 0;
  virtual void OnProgress(int statements_done, const std::string& note,
                          const std::vector<v1::StatementResult>& results) = 0;
  // Waits; false when the agent is stopping, at once.
  virtual bool Wait(int64_t delay_ms) = 0;
  virtual bool IsStopping() = 0;
};

struct RunStart {
  int group = 0;            // first to run; the number of groups: only verify
  std::string fingerprint;  // what the schema must be before it
  // A change token read before `fingerprint` was; "" when there is none.
  std::string token;
};

enum class RunEnd {
  kFinished,  // `result` is complete
  kUnknown,   // the connection was lost: recover
  kStopped,   // the agent stops, or cannot write its journal: resume later
};

struct RunOutcome {
  RunEnd end = RunEnd::kFinished;
  v1::Result result;
  int group = 0;                 // the last one that was begun
  bool is_session_clean = true;  // false: close it, its settings are not ours
  std::string message;           // kUnknown, kStopped: why
};

class Executor {
 public:
  // All but the values must outlive this. REQUIRES: `session` holds the fence
  // the markers are there (EnsureMarkers), and the intent to run the first
  // group is durable.
  Executor(Session& session, const Dialect& dialect, const v1::Prepare& order,
           const v1::Plan& plan, const Clock& clock, const ToolRunner& tools,
           RunObserver& observer);

  RunOutcome Run(RunStart start);

 private:
  // Why a group was not applied.
  struct Fault {
    v1::TargetState state = v1::TARGET_FAILED;
    std::string reason;
    std::string message;
    std::string live;   // fingerprint, where it was read and is not live_
    int statement = 0;  // 1-based over the plan; 0: none
    bool retryable = false;
    bool unknown = false;
    bool stopped = false;
  };
  using MaybeFault = std::optional<Fault>;

  MaybeFault RunGroups(RunStart start);
  void RunEpilogue();
  MaybeFault RunGroup(const Group& group);
  MaybeFault TryGroup(const Group& group);
  MaybeFault TryTransaction(const Group& group);
  MaybeFault InTransaction(const Group& group);
  MaybeFault TryAlone(const Group& group);
  MaybeFault CheckAfterFailure(const Group& group, Fault fault);
  MaybeFault CheckBeforeAlone(const Group& group);
  MaybeFault CleanUp(const Group& group);
  MaybeFault CheckBefore();
  MaybeFault CheckAfter(const Group& group);
  MaybeFault RunStatements(const Group& group);
  MaybeFault RunPipelined(const Group& group);
  MaybeFault RunOneByOne(const Group& group);
  absl::Status RunAlone(const Group& group);
  MaybeFault RunChecks();
  MaybeFault ClaimEpochAlone();
  MaybeFault Verify(const std::string& expected);

  MaybeFault FaultIf(const absl::Status& status, int statement = 0);
  Fault FaultOf(const absl::Status& status, int statement);
  void AddResult(int index, const absl::Status& status, int64_t duration_ms);
  RunOutcome OutcomeOf(const MaybeFault& fault);

  Session& session_;
  const Dialect& dialect_;
  const v1::Prepare& order_;
  const v1::Plan& plan_;
  const Clock& clock_;
  const ToolRunner& tools_;
  RunObserver& observer_;
  const std::vector<Group> groups_;
  absl::BitGen random_;

  std::string live_;   // fingerprint the schema has, or must have
  std::string token_;  // belongs to live_; "" when unknown
  int group_ = 0;
  int64_t lock_timeout_ms_ = 0;  // of the running group
  int statements_done_ = 0;      // committed, over the whole plan
  bool anything_done_ = false;   // a group of this plan is committed
  bool is_session_clean_ = true;
  std::vector<v1::StatementResult> results_;        // of committed groups
  std::vector<v1::StatementResult> group_results_;  // of the running one
};

// The fingerprint of the live schema in `scope`.
absl::StatusOr<std::string> ReadFingerprint(Session& session,
                                            const Dialect& dialect,
                                            const v1::Scope& scope);

// "schema of X changed since plan P (have …, plan …); run fleetctl plan again".
std::string DriftMessage(absl::string_view target, const v1::Plan& plan,
                         absl::string_view have, absl::string_view want);

}  // namespace fleet

#endif  // AGENT_EXECUTOR_H_
