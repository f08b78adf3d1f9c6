#ifndef TESTS_COORDINATOR_ROLLOUT_CHECKER_H_
#define TESTS_COORDINATOR_ROLLOUT_CHECKER_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "coordinator/rollout.h"
#include "proto/rollout.pb.h"

// Judges a rollout from outside: it sees the events that go in, the commands
// and states that come out and what agents execute, and keeps its own books.
// It shares no code with the state machine but the types.
//
//   checker.BeforeEvent(rollout);
//   checker.AfterEvent(event, step, rollout_after, now_ms);
//   checker.Executed("db-1", 1, nonce);
//   EXPECT_THAT(checker.violations(), IsEmpty());

namespace fleet {

class RolloutChecker {
 public:
  explicit RolloutChecker(const v1::Rollout& rollout);

  void BeforeEvent(const v1::Rollout& rollout);
  void AfterEvent(const Event& event, const Transition& step,
                  const v1::Rollout& rollout, int64_t now_ms);
  void Executed(const std::string& target, int attempt,
                const std::string& nonce);

  const std::vector<std::string>& violations() const { return violations_; }

 private:
  enum class End { kNone, kGood, kBad, kCancelled, kSkipped };
  struct Target {
    std::string name;
    int wave = -1;
    int attempt = 1;
    bool prepared = false;
    bool ready = false;
    bool gone = false;  // GO was sent
    bool executed = false;
    bool diverged = false;
    std::string nonce;  // of the grant
    End end = End::kNone;
    int64_t ended_ms = 0;
  };
  struct Wave {
    std::vector<int> targets;
    bool promoted = false;  // by an operator
  };

  void Violation(const std::string& what);
  Target* Find(const std::string& name);
  int Bad(int wave) const;
  bool Exceeded(int wave) const;
  bool Halted() const;

  void Note(const TargetReady& event);
  void Note(const TargetRefused& event);
  void Note(const TargetResult& event);
  void Note(const Paused&) { paused_ = true; }
  void Note(const Resumed&) { paused_ = false; }
  // A failure that stops the rollout outranks an abort.
  void Note(const Aborted&) { aborted_ = aborted_ || !Halted(); }
  void Note(const Promoted& event);
  void Note(const Retried&);
  void Note(const Skipped& event);
  void Note(const Resolved& event);
  void Note(const Tuned& event);
  template <typename Other>
  void Note(const Other&) {}

  void Compare(const Event& event, const v1::TargetProgress& shown);
  void CheckAck(const TargetResult& result, const Transition& step);
  void CheckCommand(const Event& event, const Command& command);
  void CheckGo(Target* target);
  void CheckGrant(const Event& event, const Command& command, Target* target);
  void CheckGate(int wave);
  void CheckSteering(const Event& event, const v1::Rollout& rollout);
  int FirstOpenWave() const;
  void CheckRollout(const Event& event, const v1::Rollout& rollout);

  // As it was at first: waves, policy, fingerprints; and as operators have
  // changed it since.
  v1::Rollout plan_;
  std::vector<Target> targets_;
  std::map<std::string, int> index_;
  std::vector<Wave> waves_;
  bool paused_ = false;
  bool aborted_ = false;
  v1::RolloutState shown_ = v1::ROLLOUT_STATE_UNSPECIFIED;
  std::vector<v1::WaveState> shown_waves_;
  int steering_ = 0;  // records before the event
  int64_t now_ms_ = 0;
  std::vector<std::string> violations_;
};

}  // namespace fleet

#endif  // TESTS_COORDINATOR_ROLLOUT_CHECKER_H_
