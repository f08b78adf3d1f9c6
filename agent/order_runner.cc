#include "agent/order_runner.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "agent/database_epoch.h"
#include "agent/preflight.h"
#include "lib/base/log.h"
#include "lib/base/status.h"
#include "lib/engine/marker.h"

namespace fleet {
namespace {

// A place in the pool is held this long for the coordinator's answer.
constexpr int64_t kGrantWaitMs = 1'000;
constexpr int64_t kAskAgainMsMin = 2'000;
constexpr int64_t kAskAgainMsMax = 15'000;
constexpr int64_t kResultEveryMs = 5'000;
constexpr int64_t kNoteEveryMs = 2'000;
constexpr int64_t kRetryMs = 2'000;
// An order that never reached its database is given up after so many tries.
constexpr int kOpensMax = 5;
constexpr absl::Duration kFenceWait = absl::Seconds(5);

// The server has answered, and another try would get the same answer.
bool IsDefinite(const Session& session, const absl::Status& status) {
  const ErrorClass error_class = ErrorClassOf(status);
  return error_class != ErrorClass::kUnknown &&
         error_class != ErrorClass::kRetryable && !session.IsBroken();
}

}  // namespace

OrderRunner::OrderRunner(const TargetConfig& target, const Dialect& dialect,
                         const TargetContext& context, Strand& strand,
                         WarmSession& session, Prober& prober)
    : target_(target),
      dialect_(dialect),
      context_(context),
      strand_(strand),
      session_(session),
      prober_(prober),
      tools_(target, dialect),
      gate_(context.clock) {}

// ------------------------------------------------------------------- PREPARE

void OrderRunner::OnPrepare(const v1::Prepare& prepare) {
  preparing_ = KeyOf(prepare);
  TryPrepare(prepare, 1);
}

void OrderRunner::TryPrepare(const v1::Prepare& prepare, int tries) {
  if (!(preparing_ == KeyOf(prepare)) || IsStopping()) return;
  if (IsStale(prepare.epoch(), "prepare") || AnswerKnown(prepare)) return;
  const OrderKey key = KeyOf(prepare);
  std::string token;
  std::optional<Refusal> refusal =
      Preflight(target_, dialect_, session_, prober_, tools_, context_.journal)
          .Check(prepare, &token);
  if (!refusal) {
    absl::Status status = context_.journal.RaiseEpoch(prepare.epoch());
    if (status.ok()) {
      status = context_.journal.AppendPrepared(
          prepare, prepare.granted_nonce().empty() ? StartGate::NewNonce()
                                                   : prepare.granted_nonce());
    }
    if (!status.ok()) {
      refusal = Refusal{v1::TARGET_BLOCKED, "journal",
                        std::string(status.message()), ""};
    }
  }
  if (refusal && refusal->may_pass && tries < kOpensMax) {
    // The server starts again, say.
    context_.timer.After(kRetryMs, [this, prepare, tries] {
      strand_.PostAlways(
          [this, prepare, tries] { TryPrepare(prepare, tries + 1); });
    });
    return;
  }
  if (refusal) {
    LogInfo("order refused", {{"rollout", key.rollout},
                              {"target", key.target},
                              {"reason", refusal->message}});
    // A started order does not end by not going on.
    if (prepare.granted_nonce().empty()) {
      context_.send(RefusedMessage(key, *refusal));
    } else {
      SendNote(key, refusal->message);
    }
    return;
  }
  prepared_ = key;
  token_ = std::move(token);
  context_.send(ReadyMessage(key));
}

bool OrderRunner::AnswerKnown(const v1::Prepare& prepare) {
  const std::optional<OrderState> known = context_.journal.Find(KeyOf(prepare));
  if (!known.has_value()) return false;
  if (known->finished) {
    context_.send(ResultMessage(known->result));
    return true;
  }
  if (known->started) return true;  // its progress speaks
  // One that was taken back is prepared anew; so is one whose start was granted
  // to a nonce that this state_dir has lost.
  if (known->acked || known->plan_id != prepare.plan().id() ||
      (!prepare.granted_nonce().empty() &&
       prepare.granted_nonce() != known->nonce)) {
    return false;
  }
  context_.send(ReadyMessage(known->key));
  return true;
}

// --------------------------------------------------------------------- START

void OrderRunner::OnGo(const v1::Go& go) {
  if (IsStale(go.epoch(), "go")) return;
  const OrderKey key = KeyOf(go);
  const std::optional<OrderState> order = context_.journal.Find(key);
  if (!order.has_value()) return;
  if (order->finished) context_.send(ResultMessage(order->result));
  asking_ = key;
  ask_delay_ms_ = kAskAgainMsMin;
  Start(key);
}

void OrderRunner::Start(const OrderKey& key) {
  const std::optional<OrderState> order = context_.journal.Find(key);
  if (!order.has_value() || order->started || order->acked) return;
  if (!(asking_ == key) || IsStopping()) return;
  std::optional<v1::StartGrant> grant = gate_.Take(key, 0);
  if (!grant) {
    gate_.Ask(key, order->nonce);
    // Without a stream nobody hears it; the next one brings a new GO.
    if (!context_.send(AskMessage(key, order->nonce))) return;
    grant = gate_.Take(key, kGrantWaitMs);
  }
  if (grant) {
    StartGranted(*order, *grant);
    return;
  }
  StartLater(key, ask_delay_ms_);
  ask_delay_ms_ = std::min(ask_delay_ms_ * 2, kAskAgainMsMax);
}

void OrderRunner::StartLater(const OrderKey& key, int64_t delay_ms) {
  context_.timer.After(delay_ms, [this, key] {
    strand_.PostAlways([this, key] { Start(key); });
  });
}

void OrderRunner::Grant(const v1::StartGrant& grant) {
  if (IsStale(grant.epoch(), "start grant")) return;
  switch (gate_.Grant(grant)) {
    case StartGate::Answer::kTaken: {
      // Where nobody waits for it any more.
      const OrderKey key = KeyOf(grant);
      strand_.PostAlways([this, key] { Start(key); });
      break;
    }
    case StartGate::Answer::kLate:
      LogWarning("start grant came too late; dialing again",
                 {{"rollout", grant.rollout()}, {"target", grant.target()}});
      context_.redial();
      break;
    case StartGate::Answer::kUnasked:
      break;
  }
}

void OrderRunner::StartGranted(const OrderState& order,
                               const v1::StartGrant& grant) {
  const absl::StatusOr<v1::Plan> plan =
      context_.journal.LoadPlan(order.plan_id);
  absl::Status status = plan.status();
  if (status.ok()) status = context_.journal.RaiseEpoch(grant.epoch());
  if (status.ok()) {
    v1::JournalEntry started = EntryOf(order.key, v1::JournalEntry::STARTED);
    started.set_nonce(grant.nonce());
    started.set_epoch(grant.epoch());
    std::vector<v1::JournalEntry> entries = {started};
    if (!order.IsForgotten()) {
      v1::JournalEntry intent = EntryOf(order.key, v1::JournalEntry::INTENT);
      intent.set_group(0);
      intent.set_fingerprint(plan->from_fingerprint());
      entries.push_back(intent);
    }
    status = context_.journal.Append(entries);
  }
  if (!status.ok()) {
    // Nothing was given to the database, so asking again later is safe.
    LogError("cannot start an order",
             {{"target", target_.name}, {"error", status.ToString()}});
    SendNote(order.key, status.message());
    StartLater(order.key, kRetryMs);
    return;
  }
  Work work;
  work.key = order.key;
  work.examine = order.IsForgotten();
  if (prepared_ == order.key) work.token = token_;
  Advance(std::move(work));
}

void OrderRunner::OnCancel(const v1::Cancel& cancel) {
  if (IsStale(cancel.epoch(), "cancel")) return;
  if (preparing_ == KeyOf(cancel)) preparing_ = OrderKey();
  const std::optional<OrderState> order = context_.journal.Find(KeyOf(cancel));
  if (!order.has_value() || order->started || order->acked) return;
  gate_.Close();
  const absl::Status status =
      context_.journal.Append({EntryOf(order->key, v1::JournalEntry::ACKED)});
  if (!status.ok()) {
    LogError("cannot take back an order",
             {{"target", target_.name}, {"error", status.ToString()}});
  }
}

// ------------------------------------------------------------------- running

void OrderRunner::Resume() {
  for (const OrderState& order : context_.journal.OpenOrders(target_.name)) {
    if (!order.IsRunning()) continue;
    LogInfo("going on with an order",
            {{"rollout", order.key.rollout}, {"target", target_.name}});
    Work work;
    work.key = order.key;
    Advance(std::move(work));
  }
}

void OrderRunner::Advance(Work work) {
  const std::optional<OrderState> order = context_.journal.Find(work.key);
  if (IsStopping() || !order.has_value() || !order->IsRunning()) return;
  const absl::StatusOr<v1::Plan> plan =
      context_.journal.LoadPlan(order->plan_id);
  if (!plan.ok()) {
    AdvanceLater(std::move(work), kRetryMs, plan.status().message());
    return;
  }
  const absl::StatusOr<Session*> session = session_.Get();
  if (!session.ok()) {
    if (!work.examine && ++work.opens_failed >= kOpensMax) {
      Finish(ResultOf(*order, v1::TARGET_FAILED, "environmental",
                      session.status().message()),
             0);
      return;
    }
    AdvanceLater(std::move(work), kRetryMs, session.status().message());
    return;
  }
  running_ = work.key;
  bool keep = TakeFence(**session, *order, work);
  if (!keep) return;
  keep = EnsureMeta(**session, *order, work) &&
         (work.examine ? Recover(**session, *order, *plan, work)
                       : RunFrom(**session, *order, *plan,
                                 {0, plan->from_fingerprint(), work.token}));
  if (keep && !(*session)->IsBroken()) {
    (*session)->ReleaseFence();
  } else {
    session_.Drop();
  }
}

void OrderRunner::AdvanceLater(Work work, int64_t delay_ms,
                               absl::string_view note) {
  SendNote(work.key, note);
  context_.timer.After(delay_ms, [this, work = std::move(work)] {
    strand_.PostAlways([this, work] { Advance(work); });
  });
}

bool OrderRunner::TakeFence(Session& session, const OrderState& order,
                            const Work& work) {
  const absl::Status status = session.TakeFence(kFenceWait);
  if (status.ok()) return true;
  // Held: an orphan of ours, or another agent, is at work. Anything else: the
  // connection. Neither says anything about the plan.
  if (absl::IsAborted(status)) {
    AdvanceLater(work, 0, absl::StrCat("still_running: ", status.message()));
  } else if (!work.examine && IsDefinite(session, status)) {
    // A pooler in between, say: it will be so for ever.
    Finish(
        ResultOf(order, v1::TARGET_FAILED, "environmental", status.message()),
        0);
    session_.Drop();
  } else {
    session_.Drop();
    AdvanceLater(work, kRetryMs, status.message());
  }
  return false;
}

bool OrderRunner::EnsureMeta(Session& session, const OrderState& order,
                             const Work& work) {
  const absl::Status status = EnsureMarkers(session, dialect_);
  if (status.ok()) return true;
  if (!work.examine && IsDefinite(session, status)) {
    Finish(
        ResultOf(order, v1::TARGET_FAILED, "environmental", status.message()),
        0);
  } else {
    AdvanceLater(work, kRetryMs, status.message());
  }
  return false;
}

bool OrderRunner::Recover(Session& session, const OrderState& order,
                          const v1::Plan& plan, const Work& work) {
  if (plan.statements().empty()) {
    return RunFrom(session, order, plan, {0, plan.from_fingerprint(), ""});
  }
  const absl::Status cleaned = tools_.CleanUp(session, order.prepare, plan);
  const absl::StatusOr<Finding> finding =
      cleaned.ok() ? Examine(session, dialect_, plan, order) : cleaned;
  if (!finding.ok()) {
    AdvanceLater(work, kRetryMs, finding.status().message());
    return false;
  }
  if (finding->next_group < 0) {
    v1::Result result = ResultOf(
        order, v1::TARGET_DIVERGED, "diverged",
        absl::StrCat("after an interruption the schema of ", target_.name,
                     " is neither what it was nor what was planned; look at "
                     "the database, then make a new plan"));
    result.set_fingerprint(finding->live);
    Finish(result, std::max(order.group, 0));
    return true;
  }
  const std::vector<Group> groups = GroupsOf(plan);
  const int next = finding->next_group;
  if (next > std::max(order.group, 0) &&
      next < static_cast<int>(groups.size())) {
    if (absl::Status status = OnDone(groups[next - 1], finding->before);
        !status.ok()) {
      AdvanceLater(work, kRetryMs, status.message());
      return false;
    }
  }
  return RunFrom(session, order, plan, {next, finding->before, ""});
}

bool OrderRunner::RunFrom(Session& session, const OrderState& order,
                          const v1::Plan& plan, RunStart start) {
  Executor executor(session, dialect_, order.prepare, plan, context_.clock,
                    tools_, *this);
  const RunOutcome outcome = executor.Run(std::move(start));
  prober_.Forget();
  if (outcome.end == RunEnd::kFinished) {
    if (outcome.result.reason() == "fenced") {
      // So that the next attempt is not.
      LearnEpoch(session, dialect_, context_).IgnoreError();
    }
    Finish(outcome.result, outcome.group);
    return outcome.is_session_clean;
  }
  if (IsStopping()) return false;
  if (outcome.end == RunEnd::kUnknown) {
    v1::JournalEntry unknown = EntryOf(order.key, v1::JournalEntry::UNKNOWN);
    unknown.set_group(outcome.group);
    unknown.set_error(outcome.message);
    // Only for people: INTENT alone leads to the same recovery.
    if (absl::Status status = context_.journal.Append({unknown});
        !status.ok()) {
      LogWarning("cannot write the journal", {{"error", status.ToString()}});
    }
  }
  Work work;
  work.key = order.key;
  AdvanceLater(std::move(work), kRetryMs, outcome.message);
  return false;
}

void OrderRunner::Finish(const v1::Result& result, int group) {
  const OrderKey key = KeyOf(result);
  std::vector<v1::JournalEntry> entries;
  v1::JournalEntry end = EntryOf(key, result.state() == v1::TARGET_HEALTHY
                                          ? v1::JournalEntry::DONE
                                          : v1::JournalEntry::FAILED);
  end.set_group(group);
  end.set_fingerprint(result.fingerprint());
  end.set_error(result.message());
  v1::JournalEntry finished = EntryOf(key, v1::JournalEntry::FINISHED);
  finished.set_outcome(result.SerializeAsString());
  const absl::Status status = context_.journal.Append({end, finished});
  if (!status.ok()) {
    // A full disk: what happened is known, and is written when there is space.
    LogError("cannot write the end of an order",
             {{"target", target_.name}, {"error", status.ToString()}});
    context_.timer.After(kRetryMs, [this, result, group] {
      strand_.PostAlways([this, result, group] { Finish(result, group); });
    });
    return;
  }
  LogInfo("order ended", {{"rollout", key.rollout},
                          {"target", key.target},
                          {"state", v1::TargetState_Name(result.state())},
                          {"message", result.message()}});
  context_.send(ResultMessage(result));
  RepeatResultsLater();
}

// ------------------------------------------------------------------ reporting

void OrderRunner::Reannounce() {
  for (const OrderState& order : context_.journal.OpenOrders(target_.name)) {
    if (order.finished) {
      context_.send(ResultMessage(order.result));
    } else if (!order.started) {
      context_.send(ReadyMessage(order.key));
    }
  }
  RepeatResultsLater();
}

// As long as one is not acknowledged.
void OrderRunner::RepeatResultsLater() {
  if (repeating_) return;
  repeating_ = true;
  context_.timer.After(kResultEveryMs, [this] {
    strand_.PostAlways([this] {
      repeating_ = false;
      bool open = false;
      for (const OrderState& order :
           context_.journal.OpenOrders(target_.name)) {
        if (!order.finished) continue;
        open = true;
        context_.send(ResultMessage(order.result));
      }
      if (open) RepeatResultsLater();
    });
  });
}

void OrderRunner::OnAck(const v1::ResultAck& ack) {
  const std::optional<OrderState> order = context_.journal.Find(KeyOf(ack));
  if (!order.has_value() || !order->finished || order->acked) return;
  const absl::Status status =
      context_.journal.Append({EntryOf(order->key, v1::JournalEntry::ACKED)});
  if (!status.ok()) {
    LogError("cannot note an acknowledgement",
             {{"target", target_.name}, {"error", status.ToString()}});
  }
}

// At most one every kNoteEveryMs: a fence may be tried for hours.
void OrderRunner::SendNote(const OrderKey& key, absl::string_view note) {
  const int64_t now_ms = context_.clock.BootMs();
  if (noted_ms_ != 0 && now_ms - noted_ms_ < kNoteEveryMs) return;
  noted_ms_ = now_ms;
  LogInfo("order waits",
          {{"target", target_.name}, {"note", std::string(note)}});
  context_.send(ProgressMessage(key, 0, note, {}));
}

bool OrderRunner::IsStale(uint64_t epoch, absl::string_view what) const {
  const uint64_t seen = context_.journal.epoch();
  if (epoch >= seen) return false;
  LogWarning("message of an older coordinator epoch is not obeyed",
             {{"message", std::string(what)},
              {"epoch", absl::StrCat(epoch)},
              {"seen", absl::StrCat(seen)}});
  return true;
}

absl::Status OrderRunner::OnDone(const Group& group, const std::string& after) {
  v1::JournalEntry done = EntryOf(running_, v1::JournalEntry::DONE);
  done.set_group(group.number);
  done.set_fingerprint(after);
  v1::JournalEntry intent = EntryOf(running_, v1::JournalEntry::INTENT);
  intent.set_group(group.number + 1);
  intent.set_fingerprint(after);
  return context_.journal.Append({done, intent});
}

void OrderRunner::OnProgress(int statements_done, const std::string& note,
                             const std::vector<v1::StatementResult>& results) {
  context_.send(ProgressMessage(running_, statements_done, note, results));
}

bool OrderRunner::Wait(int64_t delay_ms) {
  return !context_.stop.WaitForNotificationWithTimeout(
      absl::Milliseconds(delay_ms));
}

bool OrderRunner::IsStopping() { return context_.stop.HasBeenNotified(); }

}  // namespace fleet
