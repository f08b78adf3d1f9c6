#ifndef COORDINATOR_ROLLOUT_H_
#define COORDINATOR_ROLLOUT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "coordinator/rollout_event.h"
#include "proto/rollout.pb.h"
#include "proto/rollout_state.h"

// The rollout state machine: all rules of waves live here, and nowhere else.
//
//   Transition next = Next(rollout, event, now_ms);
//   // persist next.rollout, then send next.commands
//
// Pure: no clock, no I/O, no randomness. Every event may come twice, late, or
// for an attempt that is over; then nothing happens. Commands may be sent
// twice.
//
// Per wave: PREPARE to every target; READY from every one before the first GO;
// GO to at most max_parallel at a time; START? answered by a grant, which makes
// the target APPLYING for good; RESULT ends it. A wave is over when each of its
// targets has ended; it bakes, and then the next wave begins (or waits for
// promotion). HEALTHY needs evidence: this rollout, this attempt, this plan,
// and the plan's own to_fingerprint.
//
// One failure beyond a wave's tolerance (a DIVERGED target is beyond any) halts
// the rollout: what is not started is CANCELLED at once, what is started ends,
// and then the rollout is FAILED. max_parallel stays as it is until then: what
// runs when the failure comes may fail too.
//
// A grant is for one nonce; the same nonce is granted again whenever asked for,
// even when paused or cancelling, for that target counts as started already. An
// agent must therefore keep its nonce across a crash; one that has lost it gets
// it back with the PREPARE of a started target, and must then look before it
// runs anything.

namespace fleet {

// --- commands

enum class CommandType { kPrepare, kGo, kGrant, kCancel, kAckResult };

struct Command {
  CommandType type;
  std::string target;
  int attempt = 0;
  std::string nonce;  // kGrant; kPrepare of a started target: what was granted
};

struct Transition {
  v1::Rollout rollout;
  std::vector<Command> commands;
  // Which targets' progress differs from before; the runner writes only these
  // (and the whole rollout when `rollout_changed`: waves, state, reason).
  std::vector<std::string> changed_targets;
  bool rollout_changed = false;
  // When a Tick is wanted, in wall milliseconds; 0: never.
  int64_t wake_at_ms = 0;
  // An operator's event that makes no sense now: FailedPrecondition saying what
  // state the rollout is in. The rollout is unchanged.
  absl::Status status;
};

Transition Next(const v1::Rollout& rollout, const Event& event, int64_t now_ms);

// A rollout of `plan` that nobody has started: state APPROVED, waves WAITING,
// targets PENDING with attempt 1, by name. `Started` sets it going.
v1::Rollout NewRollout(const v1::FleetPlan& plan, absl::string_view id,
                       absl::string_view requested_by, int64_t now_ms);

bool IsOver(v1::TargetState state);     // ended in this rollout unless retried
bool IsStarted(v1::TargetState state);  // a statement of it may be running

// Machine-readable reasons: targets and rollouts carry one of these.
inline constexpr absl::string_view kWaitsForWave = "wave";
inline constexpr absl::string_view kWaitsForPromotion = "promotion";
inline constexpr absl::string_view kWaitsForReady =
    "ready";  // it, or others of the wave
inline constexpr absl::string_view kWaitsForStart =
    "start";  // GO is sent; its agent has not asked to start
inline constexpr absl::string_view kWaitsForPlace = "max_parallel";
inline constexpr absl::string_view kWaitsForAgent = "agent_away";
inline constexpr absl::string_view kWaitsForBake = "bake";
inline constexpr absl::string_view kPausedByOperator = "paused";
inline constexpr absl::string_view kHalted = "halted";  // an earlier failure
inline constexpr absl::string_view kAborted = "aborted";
// The order that set it going may have been reported as failed: see Confirmed.
inline constexpr absl::string_view kUnconfirmed = "unconfirmed";
// Aborted, but statements of it still run (rollout and running targets).
inline constexpr absl::string_view kCancelling = "cancelling";
// target_deadline has passed: what was not started FAILED, what was started
// stays and nothing is known of it.
inline constexpr absl::string_view kDeadline = "deadline";
// Of targets that an operator took out, or looked at after they diverged.
inline constexpr absl::string_view kSkippedByOperator = "skipped";
inline constexpr absl::string_view kResolvedByOperator = "resolved";

}  // namespace fleet

#endif  // COORDINATOR_ROLLOUT_H_
