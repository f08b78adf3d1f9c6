#include "agent/executor.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lib/base/status.h"
#include "lib/engine/introspect.h"
#include "lib/engine/marker.h"
#include "lib/schema/fingerprint.h"
#include "lib/schema/scope.h"

namespace fleet {
namespace {

// Groups up to this size go to the server in one round trip; larger ones run
// one by one, so that somebody who watches sees them move.
constexpr size_t kPipelineStatementsMax = 50;
constexpr int kLockRetriesDefault = 5;
constexpr int64_t kRetryDelayMsMin = 200;
constexpr int64_t kRetryDelayMsMax = 5'000;
constexpr int64_t kProgressEveryMs = 250;

absl::string_view ReasonOf(ErrorClass error_class) {
  switch (error_class) {
    case ErrorClass::kRetryable:
      return "retryable";
    case ErrorClass::kEnvironmental:
      return "environmental";
    case ErrorClass::kData:
      return "data";
    case ErrorClass::kPlan:
      return "plan";
    case ErrorClass::kUnknown:
      return "unknown";
  }
  return "plan";
}

std::string Short(absl::string_view fingerprint) {
  return std::string(fingerprint.substr(0, 12));
}

}  // namespace

absl::StatusOr<std::string> ReadFingerprint(Session& session,
                                            const Dialect& dialect,
                                            const v1::Scope& scope) {
  ASSIGN_OR_RETURN(const Schema live, Introspect(session, dialect));
  ASSIGN_OR_RETURN(const Schema scoped, ApplyScope(live, scope));
  return Fingerprint(scoped, dialect.specs());
}

std::string DriftMessage(absl::string_view target, const v1::Plan& plan,
                         absl::string_view have, absl::string_view want) {
  return absl::StrCat("schema of ", target, " changed since plan ",
                      Short(plan.id()), " (have ", Short(have), ", plan ",
                      Short(want), "); run fleetctl plan again");
}

Executor::Executor(Session& session, const Dialect& dialect,
                   const v1::Prepare& order, const v1::Plan& plan,
                   const Clock& clock, const ToolRunner& tools,
                   RunObserver& observer)
    : session_(session),
      dialect_(dialect),
      order_(order),
      plan_(plan),
      clock_(clock),
      tools_(tools),
      observer_(observer),
      groups_(GroupsOf(plan)) {}

RunOutcome Executor::Run(RunStart start) {
  return OutcomeOf(RunGroups(std::move(start)));
}

Executor::MaybeFault Executor::RunGroups(RunStart start) {
  live_ = std::move(start.fingerprint);
  token_ = std::move(start.token);
  group_ = start.group;
  anything_done_ = start.group > 0;
  const int count = static_cast<int>(groups_.size());
  if (start.group >= count) {
    statements_done_ = plan_.statements_size();
    return Verify(plan_.to_fingerprint());
  }
  statements_done_ = groups_[start.group].first_statement;
  if (MaybeFault fault =
          FaultIf(session_.ExecuteAll(dialect_.PlanPrologue(plan_), nullptr))) {
    is_session_clean_ = false;
    return fault;
  }
  MaybeFault fault;
  for (int i = start.group; i < count && !fault; ++i) {
    group_ = i;
    fault = RunGroup(groups_[i]);
  }
  RunEpilogue();
  return fault;
}

// Says nothing about the plan: its groups are committed or not already.
void Executor::RunEpilogue() {
  if (session_.IsBroken()) return;
  is_session_clean_ =
      is_session_clean_ &&
      session_.ExecuteAll(dialect_.PlanEpilogue(plan_), nullptr).ok();
}

Executor::MaybeFault Executor::RunGroup(const Group& group) {
  if (observer_.IsStopping()) {
    Fault fault;
    fault.stopped = true;
    fault.message = "the agent is stopping";
    return fault;
  }
  const bool overridden = order_.lock_timeout_ms() > 0 && !group.waits_freely;
  lock_timeout_ms_ =
      overridden ? order_.lock_timeout_ms() : group.lock_timeout_ms;
  if (MaybeFault fault = FaultIf(
          session_.SetTimeouts(lock_timeout_ms_, group.statement_timeout_ms))) {
    return fault;
  }
  if (MaybeFault fault = TryGroup(group)) return fault;
  results_.insert(results_.end(), group_results_.begin(), group_results_.end());
  statements_done_ = group.first_statement + static_cast<int>(group.sql.size());
  anything_done_ = true;
  observer_.OnProgress(statements_done_, "", group_results_);
  if (group.number + 1 == static_cast<int>(groups_.size())) return {};
  if (absl::Status status = observer_.OnDone(group, live_); !status.ok()) {
    Fault fault;
    fault.stopped = true;
    fault.message = std::string(status.message());
    return fault;
  }
  return {};
}

// Again and again while the server says that nothing was done and another try
// may do.
Executor::MaybeFault Executor::TryGroup(const Group& group) {
  const int tries =
      order_.lock_retries() > 0 ? order_.lock_retries() : kLockRetriesDefault;
  int64_t delay_ms = kRetryDelayMsMin;
  for (int i = 1;; ++i) {
    group_results_.clear();
    MaybeFault fault =
        group.transactional ? TryTransaction(group) : TryAlone(group);
    if (!fault || !fault->retryable || i >= tries) return fault;
    observer_.OnProgress(
        statements_done_,
        absl::StrCat("attempt ", i + 1, " of ", tries, ": ", fault->message),
        {});
    const int64_t wait_ms =
        absl::Uniform<int64_t>(absl::IntervalClosed, random_, kRetryDelayMsMin,
                               std::max(delay_ms, kRetryDelayMsMin));
    delay_ms = std::min(delay_ms * 2, kRetryDelayMsMax);
    if (!observer_.Wait(wait_ms)) {
      fault->stopped = true;
      return fault;
    }
  }
}

Executor::MaybeFault Executor::TryTransaction(const Group& group) {
  if (MaybeFault fault = FaultIf(session_.Begin())) return fault;
  const std::string before = live_;
  MaybeFault fault = InTransaction(group);
  if (!fault) fault = FaultIf(session_.Commit());
  if (!fault) return {};
  live_ = before;
  // What succeeded in it is rolled back, so it did not happen.
  group_results_.erase(
      std::remove_if(group_results_.begin(), group_results_.end(),
                     [](const v1::StatementResult& r) { return r.ok(); }),
      group_results_.end());
  if (!fault->unknown && !session_.Rollback().ok()) fault->unknown = true;
  return fault;
}

Executor::MaybeFault Executor::InTransaction(const Group& group) {
  const absl::Status claimed = ClaimEpoch(session_, dialect_, order_.epoch());
  if (absl::IsFailedPrecondition(claimed)) {
    Fault fault;
    fault.reason = "fenced";
    fault.message = std::string(claimed.message());
    return fault;
  }
  if (MaybeFault fault = FaultIf(claimed)) return fault;
  if (MaybeFault fault = CheckBefore()) return fault;
  const std::string before = live_;
  if (MaybeFault fault = RunStatements(group)) return fault;
  if (MaybeFault fault = RunChecks()) return fault;
  if (MaybeFault fault = CheckAfter(group)) return fault;
  AppliedMarker marker = MarkerOf(KeyOf(order_), plan_, group);
  marker.fingerprint_before = before;
  marker.fingerprint_after = live_;
  return FaultIf(WriteMarker(session_, dialect_, order_.epoch(), marker));
}

// One statement that no transaction can hold. Nothing can be undone, so every
// failure looks at what is there.
Executor::MaybeFault Executor::TryAlone(const Group& group) {
  if (MaybeFault fault = ClaimEpochAlone()) return fault;
  if (MaybeFault fault = CheckBeforeAlone(group)) return fault;
  MaybeFault fault = FaultIf(session_.ExecuteAll(group.settings, nullptr));
  if (!fault) fault = RunOneByOne(group);
  if (!session_.IsBroken() &&
      !session_.ExecuteAll(group.settings_end, nullptr).ok()) {
    is_session_clean_ = false;
  }
  if (fault) {
    if (fault->unknown || fault->stopped) return fault;
    return CheckAfterFailure(group, *std::move(fault));
  }
  fault = CheckAfter(group);
  if (fault && !fault->unknown) fault->state = v1::TARGET_DIVERGED;
  if (fault) fault->retryable = false;
  return fault;
}

Executor::MaybeFault Executor::CheckAfterFailure(const Group& group,
                                                 Fault fault) {
  absl::StatusOr<std::string> live =
      ReadFingerprint(session_, dialect_, plan_.scope());
  if (!live.ok()) {
    fault.unknown = true;
    return fault;
  }
  if (*live == live_) return fault;
  if (*live == group.fingerprint_failed) {
    if (group.cleanup.empty()) {
      fault.live = *std::move(live);
      return fault;
    }
    MaybeFault uncleaned = CleanUp(group);
    if (!uncleaned) return fault;
    absl::StrAppend(&fault.message, "; ", uncleaned->message);
    fault.unknown = uncleaned->unknown;
  }
  fault.state = v1::TARGET_DIVERGED;
  fault.live = *std::move(live);
  fault.retryable = false;
  absl::StrAppend(&fault.message, "; the statement left something behind");
  return fault;
}

// An earlier run may have left something, ours by name, place and definition.
Executor::MaybeFault Executor::CheckBeforeAlone(const Group& group) {
  if (group.fingerprint_failed.empty()) return CheckBefore();
  const absl::StatusOr<std::string> live =
      ReadFingerprint(session_, dialect_, plan_.scope());
  if (!live.ok()) return FaultOf(live.status(), 0);
  if (*live == live_) return {};
  if (*live == group.fingerprint_failed) return CleanUp(group);
  return CheckBefore();
}

Executor::MaybeFault Executor::CleanUp(const Group& group) {
  if (group.cleanup.empty()) return {};
  if (MaybeFault fault = FaultIf(session_.Execute(group.cleanup))) {
    return fault;
  }
  token_.clear();
  return Verify(live_);
}

Executor::MaybeFault Executor::ClaimEpochAlone() {
  if (MaybeFault fault = FaultIf(session_.Begin())) return fault;
  absl::Status status = ClaimEpoch(session_, dialect_, order_.epoch());
  const bool fenced = absl::IsFailedPrecondition(status);
  if (status.ok()) status = session_.Commit();
  if (status.ok()) return {};
  Fault fault = FaultOf(status, 0);
  if (fenced) fault.reason = "fenced";
  if (!fault.unknown && !session_.Rollback().ok()) fault.unknown = true;
  return fault;
}

Executor::MaybeFault Executor::CheckBefore() {
  if (!token_.empty()) {
    const absl::StatusOr<std::string> token =
        ReadChangeToken(session_, dialect_);
    if (!token.ok()) return FaultOf(token.status(), 0);
    if (*token == token_) {
      token_.clear();
      return {};
    }
    token_.clear();
  }
  return Verify(live_);
}

Executor::MaybeFault Executor::Verify(const std::string& expected) {
  absl::StatusOr<std::string> live =
      ReadFingerprint(session_, dialect_, plan_.scope());
  if (!live.ok()) return FaultOf(live.status(), 0);
  if (*live == expected) {
    live_ = *std::move(live);
    return {};
  }
  Fault fault;
  fault.state = anything_done_ ? v1::TARGET_DIVERGED : v1::TARGET_DRIFTED;
  fault.reason = "drift";
  fault.message = DriftMessage(order_.target(), plan_, *live, expected);
  fault.live = *std::move(live);
  return fault;
}

Executor::MaybeFault Executor::CheckAfter(const Group& group) {
  absl::StatusOr<std::string> live =
      ReadFingerprint(session_, dialect_, plan_.scope());
  if (!live.ok()) return FaultOf(live.status(), 0);
  if (!group.fingerprint_after.empty() && *live != group.fingerprint_after) {
    Fault fault;
    fault.reason = "plan";
    fault.message = absl::StrCat("plan did not produce what was planned on ",
                                 order_.target(), " (have ", Short(*live),
                                 ", plan ", Short(group.fingerprint_after),
                                 "); run fleetctl plan again");
    return fault;
  }
  live_ = *std::move(live);
  return {};
}

Executor::MaybeFault Executor::RunStatements(const Group& group) {
  return group.sql.size() <= kPipelineStatementsMax ? RunPipelined(group)
                                                    : RunOneByOne(group);
}

// One round trip. The server does not say how long each statement took, so the
// last one carries the time of all.
Executor::MaybeFault Executor::RunPipelined(const Group& group) {
  const int64_t begun_ms = clock_.BootMs();
  int failed = 0;
  const absl::Status status = session_.ExecuteAll(group.sql, &failed);
  const int64_t duration_ms = clock_.BootMs() - begun_ms;
  if (!status.ok()) {
    const int index = group.first_statement + std::max(failed, 0);
    AddResult(index, status, duration_ms);
    return FaultOf(status, index + 1);
  }
  const int count = static_cast<int>(group.sql.size());
  for (int i = 0; i < count; ++i) {
    AddResult(group.first_statement + i, status,
              i + 1 == count ? duration_ms : 0);
  }
  return {};
}

Executor::MaybeFault Executor::RunOneByOne(const Group& group) {
  int64_t reported_ms = clock_.BootMs();
  int index = group.first_statement;
  for (const std::string& sql : group.sql) {
    const int64_t begun_ms = clock_.BootMs();
    const absl::Status status =
        group.transactional ? session_.Execute(sql) : RunAlone(group);
    const int64_t now_ms = clock_.BootMs();
    AddResult(index, status, now_ms - begun_ms);
    ++index;
    if (!status.ok()) return FaultOf(status, index);
    if (now_ms - reported_ms >= kProgressEveryMs) {
      reported_ms = now_ms;
      observer_.OnProgress(index, "", {});
    }
  }
  return {};
}

// The group's one statement; a tool makes it where the policy says so.
absl::Status Executor::RunAlone(const Group& group) {
  const v1::OnlineChange& policy = order_.online_change();
  ASSIGN_OR_RETURN(const bool takes,
                   tools_.Takes(session_, policy, group.online));
  if (!takes) return session_.Execute(group.sql.front());
  return tools_.Run(
      session_, policy, group.online, lock_timeout_ms_,
      [this](const std::string& note) {
        observer_.OnProgress(statements_done_, note, {});
      },
      [this] { return observer_.IsStopping(); });
}

Executor::MaybeFault Executor::RunChecks() {
  for (const std::string& query : dialect_.CommitChecks(plan_)) {
    const absl::StatusOr<std::unique_ptr<RowSet>> rows = session_.Query(query);
    if (!rows.ok()) return FaultOf(rows.status(), 0);
    if ((*rows)->rows() == 0) continue;
    Fault fault;
    fault.reason = "data";
    fault.message = absl::StrCat("a check before commit failed on ",
                                 order_.target(), ": ", (*rows)->at(0, 0));
    return fault;
  }
  return {};
}

Executor::MaybeFault Executor::FaultIf(const absl::Status& status,
                                       int statement) {
  if (status.ok()) return {};
  return FaultOf(status, statement);
}

Executor::Fault Executor::FaultOf(const absl::Status& status, int statement) {
  const ErrorClass error_class = ErrorClassOf(status);
  Fault fault;
  fault.reason = std::string(ReasonOf(error_class));
  fault.message = std::string(status.message());
  fault.statement = statement;
  fault.unknown = error_class == ErrorClass::kUnknown || session_.IsBroken();
  fault.retryable = error_class == ErrorClass::kRetryable;
  // The statement failed because Stop cancelled it; it is not the plan's fault.
  fault.stopped = !fault.unknown && observer_.IsStopping();
  return fault;
}

void Executor::AddResult(int index, const absl::Status& status,
                         int64_t duration_ms) {
  v1::StatementResult& result = group_results_.emplace_back();
  result.set_rollout(order_.rollout());
  result.set_target(order_.target());
  result.set_attempt(order_.attempt());
  result.set_index(index);
  result.set_ok(status.ok());
  if (!status.ok()) result.set_error(std::string(status.message()));
  result.set_duration_ms(duration_ms);
}

RunOutcome Executor::OutcomeOf(const MaybeFault& fault) {
  RunOutcome outcome;
  outcome.group = group_;
  outcome.is_session_clean = is_session_clean_;
  v1::Result& result = outcome.result;
  result.set_rollout(order_.rollout());
  result.set_target(order_.target());
  result.set_attempt(order_.attempt());
  result.set_plan_id(plan_.id());
  result.set_state(v1::TARGET_HEALTHY);
  result.set_fingerprint(live_);
  result.set_statements_done(statements_done_);
  if (fault) {
    outcome.end = fault->unknown   ? RunEnd::kUnknown
                  : fault->stopped ? RunEnd::kStopped
                                   : RunEnd::kFinished;
    outcome.message = fault->message;
    result.set_state(fault->state);
    result.set_reason(fault->reason);
    result.set_message(fault->message);
    result.set_failed_statement(fault->statement);
    if (!fault->live.empty()) result.set_fingerprint(fault->live);
    results_.insert(results_.end(), group_results_.begin(),
                    group_results_.end());
  }
  result.mutable_results()->Assign(results_.begin(), results_.end());
  return outcome;
}

}  // namespace fleet
