#ifndef COORDINATOR_ROLLOUT_MACHINE_H_
#define COORDINATOR_ROLLOUT_MACHINE_H_

#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "coordinator/rollout.h"
#include "proto/rollout.pb.h"

namespace fleet {

// In Rollout.unconfirmed: this order began the rollout.
inline constexpr absl::string_view kOrderStart = "start";

// Next() in place: for a runner that applies many events to one large rollout.
//
//   RolloutMachine machine(rollout);
//   Transition step = machine.Apply(event, now_ms);  // step.rollout stays
//   empty
//   // persist machine.rollout(), then send step.commands
//
// An event costs O(log targets), but for the rare ones that touch a whole wave.
// When persisting fails, drop the machine and make one from what is stored.
// Thread-compatible.
class RolloutMachine {
 public:
  explicit RolloutMachine(v1::Rollout rollout);
  RolloutMachine(const RolloutMachine&) = delete;
  RolloutMachine& operator=(const RolloutMachine&) = delete;

  const v1::Rollout& rollout() const { return rollout_; }

  Transition Apply(const Event& event, int64_t now_ms);

 private:
  // Counts that follow from the targets of one wave.
  struct WaveIndex {
    std::vector<int> members;  // indices of targets, in start order
    int pending = 0;
    int preflight = 0;
    int dispatched = 0;
    int started = 0;
    int over = 0;
    int failed = 0;
    int diverged = 0;
    std::set<int> ready;  // places of QUEUED targets whose agent is there
    // Targets whose agent owes an answer, by since when.
    std::set<std::pair<int64_t, int>> owing;
  };

  // rollout_machine.cc: the indexed state.
  void Count(int target, int sign);
  bool Owes(const v1::TargetProgress& target) const;
  int Find(absl::string_view target) const;  // -1: none
  int CurrentWave() const;                   // waves_size(): all are passed
  bool IsPassed(const v1::Wave& wave) const;
  bool HasFailed(int wave) const;  // beyond its tolerance
  bool IsHalting() const;
  bool IsCancelling() const;
  bool IsRunning() const;  // RUNNING and nothing holds it back
  bool IsBegun() const;    // RUNNING or PAUSED
  int StartedTargets() const;
  template <typename Change>
  void Mutate(int target, Change change);
  void MoveTarget(int target, v1::TargetState state, absl::string_view reason);
  void SetAgentAway(int target, bool away);
  void RestartDeadline(int target);
  void MarkDeadline(int target);
  void NoteProgress(int target, int statements_done, absl::string_view note);
  void Grant(int target, const std::string& nonce);
  void Finish(int target, v1::TargetState state, absl::string_view reason,
              absl::string_view message);
  void KeepEvidence(int target, const TargetResult& result);
  void Reopen(int target);
  void MoveWave(int wave, v1::WaveState state, absl::string_view reason);
  void MoveRollout(v1::RolloutState state, absl::string_view reason);
  absl::string_view PauseReason() const;
  absl::string_view CancelReason() const;
  void Send(CommandType type, int target);
  absl::string_view ReasonOf(int target) const;
  void RefreshReason(int target);
  void RefreshReasons(int wave);

  // rollout_wave.cc: what follows from the state, until nothing does.
  void Settle();
  bool SettleWave(int wave);  // true: the next wave's turn
  void StartWave(int wave);
  void PreparePending(int wave);
  void SendGos(int wave);
  void FinishWave(int wave);
  void ExpireDeadlines();
  void WakeWave(int wave);
  void CancelWaiting(absl::string_view reason);
  void FinishStopped();
  void FinishRollout();
  void SetRolloutReason();
  int64_t WakeAt() const;

  // rollout_target.cc: messages of agents.
  void On(const TargetReady& event);
  void On(const TargetRefused& event);
  void On(const StartAsked& event);
  void On(const TargetProgressed& event);
  void On(const TargetResult& event);
  void On(const AgentConnected& event);
  void On(const AgentLost& event);
  void On(const CoordinatorRestarted& event);
  void On(const Confirmed& event);
  void On(const Reminded& event);
  void Resend(int target);
  void SendOutstanding(int target);
  bool MayGo(int target) const;
  void Forget(int target, int attempt);
  void Judge(int target, const TargetResult& result);

  // rollout_operator.cc, rollout_exception.cc: orders of operators.
  void On(const Started& event);
  void On(const Tick& event);
  void On(const Paused& event);
  void On(const Resumed& event);
  void On(const Aborted& event);
  void On(const Promoted& event);
  void On(const Retried& event);
  void On(const Skipped& event);
  void On(const Resolved& event);
  void On(const Tuned& event);
  void Keep(absl::string_view action, const std::string& by,
            const std::string& message,
            absl::Span<const std::string> targets = {},
            absl::string_view detail = "");
  absl::StatusOr<std::set<int>> Named(
      absl::Span<const std::string> targets) const;
  absl::Status CheckSkip(int target) const;
  bool IsAtRest() const;
  absl::Status CheckShape() const;
  absl::StatusOr<std::set<int>> ChooseRetries(const Retried& event) const;
  absl::Status CheckRetries(const std::set<int>& chosen) const;
  void OpenWaves(int first);
  void ReopenWave(int wave);
  absl::Status Refuse(absl::string_view why) const;
  void MarkUnconfirmed(absl::string_view order);
  void StopUnconfirmed();

  v1::Rollout rollout_;
  std::vector<WaveIndex> waves_;
  std::vector<int> wave_of_;  // by target; -1: in no wave
  std::vector<int> place_;    // by target: its place in its wave
  int64_t now_ms_ = 0;        // of the event being applied
  Transition step_;           // of the event being applied
};

}  // namespace fleet

#endif  // COORDINATOR_ROLLOUT_MACHINE_H_
