#include "agent/break_glass.h"

#include <algorithm>
#include <deque>
#include <functional>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "agent/strand.h"
#include "agent/target_context.h"
#include "agent/target_worker.h"
#include "agent/timer.h"
#include "agent/warm_session.h"
#include "lib/base/printable.h"
#include "lib/base/status.h"
#include "lib/engine/introspect.h"
#include "lib/engine/make_plan.h"
#include "lib/engine/registry.h"
#include "lib/engine/scratch.h"
#include "lib/history/schema_store.h"
#include "lib/history/view.h"
#include "lib/schema/fingerprint.h"
#include "lib/schema/scope.h"

namespace fleet {
namespace {

constexpr int64_t kLookEveryMs = 3'600'000;
constexpr absl::Duration kAnswerMax = absl::Minutes(2);

// What a target says to the coordinator, for whoever plays it.
class Mailbox {
 public:
  bool Put(v1::AgentMessage message) {
    absl::MutexLock lock(&mutex_);
    messages_.push_back(std::move(message));
    return true;
  }
  // The next message that `matches`; those before it are dropped.
  absl::StatusOr<v1::AgentMessage> Await(
      const std::function<bool(const v1::AgentMessage&)>& matches,
      absl::Duration limit) {
    absl::MutexLock lock(&mutex_);
    const absl::Time deadline = absl::Now() + limit;
    while (true) {
      const auto any = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
        return !messages_.empty();
      };
      if (!mutex_.AwaitWithDeadline(absl::Condition(&any), deadline)) {
        return absl::DeadlineExceededError(
            "the target does not answer; start the agent again, and it goes on "
            "with what was begun");
      }
      v1::AgentMessage message = std::move(messages_.front());
      messages_.pop_front();
      if (matches(message)) return message;
    }
  }

 private:
  absl::Mutex mutex_;
  std::deque<v1::AgentMessage> messages_ ABSL_GUARDED_BY(mutex_);
};

absl::Status RefusedStatus(const v1::Refused& refused) {
  return absl::FailedPreconditionError(
      absl::StrCat(refused.target(), ": ", refused.message()));
}

template <typename Message>
void SetKey(const OrderKey& key, uint64_t epoch, Message* message) {
  message->set_rollout(key.rollout);
  message->set_target(key.target);
  message->set_attempt(key.attempt);
  message->set_epoch(epoch);
}

// The coordinator's part of one order.
absl::StatusOr<v1::Result> RunOrder(const OrderKey& key, uint64_t epoch,
                                    const v1::Plan& plan, TargetWorker& worker,
                                    Mailbox& mailbox) {
  const auto is_ours = [&key](const auto& message) {
    return KeyOf(message) == key;
  };
  v1::Prepare prepare;
  SetKey(key, epoch, &prepare);
  *prepare.mutable_plan() = plan;
  worker.OnPrepare(prepare);
  ASSIGN_OR_RETURN(const v1::AgentMessage ready,
                   mailbox.Await(
                       [&](const v1::AgentMessage& m) {
                         return (m.has_ready() && is_ours(m.ready())) ||
                                (m.has_refused() && is_ours(m.refused()));
                       },
                       kAnswerMax));
  if (ready.has_refused()) return RefusedStatus(ready.refused());
  v1::Go go;
  SetKey(key, epoch, &go);
  worker.OnGo(go);
  ASSIGN_OR_RETURN(const v1::AgentMessage ask,
                   mailbox.Await(
                       [&](const v1::AgentMessage& m) {
                         return m.has_start_ask() && is_ours(m.start_ask());
                       },
                       kAnswerMax));
  v1::StartGrant grant;
  SetKey(key, epoch, &grant);
  grant.set_nonce(ask.start_ask().nonce());
  worker.OnGrant(grant);
  // A statement takes as long as it takes; Ctrl-C leaves it to the agent.
  ASSIGN_OR_RETURN(const v1::AgentMessage result,
                   mailbox.Await(
                       [&](const v1::AgentMessage& m) {
                         return m.has_result() && is_ours(m.result());
                       },
                       absl::InfiniteDuration()));
  return result.result();
}

}  // namespace

absl::StatusOr<std::unique_ptr<BreakGlass>> BreakGlass::Open(
    const AgentConfig& config, const std::string& target, const Clock& clock) {
  const auto found =
      std::find_if(config.targets.begin(), config.targets.end(),
                   [&](const TargetConfig& one) { return one.name == target; });
  if (found == config.targets.end()) {
    return absl::NotFoundError(absl::StrCat(
        "agent ", config.name, " has no target \"", Printable(target), "\""));
  }
  ASSIGN_OR_RETURN(std::unique_ptr<StateDir> state_dir,
                   StateDir::Lock(config.state_dir));
  ASSIGN_OR_RETURN(std::unique_ptr<Journal> journal,
                   Journal::Open(state_dir->Path("journal"), clock));
  ASSIGN_OR_RETURN(std::unique_ptr<Replica> replica,
                   Replica::Open(state_dir->Path("replica")));
  return absl::WrapUnique(
      new BreakGlass(*found, config.name, clock, std::move(state_dir),
                     std::move(journal), std::move(replica)));
}

BreakGlass::BreakGlass(TargetConfig target, std::string agent,
                       const Clock& clock, std::unique_ptr<StateDir> state_dir,
                       std::unique_ptr<Journal> journal,
                       std::unique_ptr<Replica> replica)
    : target_(std::move(target)),
      agent_(std::move(agent)),
      clock_(clock),
      state_dir_(std::move(state_dir)),
      journal_(std::move(journal)),
      replica_(std::move(replica)) {}

absl::StatusOr<v1::Plan> BreakGlass::Plan(
    const BreakGlassRequest& request) const {
  HistoryView view;
  RETURN_IF_ERROR(view.Load(replica_->log()));
  ASSIGN_OR_RETURN(const v1::Version version,
                   view.Find(target_.name, request.version));
  ASSIGN_OR_RETURN(const v1::Schema recorded,
                   LoadSchema(replica_->log(), version.fingerprint()));
  ASSIGN_OR_RETURN(const Schema wanted, FromProto(recorded));
  ASSIGN_OR_RETURN(const Dialect* dialect, DialectOf(target_.engine));
  WarmSession warm(target_, clock_);
  ASSIGN_OR_RETURN(Session * session, warm.Get());
  ASSIGN_OR_RETURN(const Schema live, Introspect(*session, *dialect));
  KeepOptions keep;
  keep.drop_tables = request.drop_tables;
  ASSIGN_OR_RETURN(const Expected expected, ExpectedSchema(wanted, live, keep));
  v1::Plan plan;
  const std::string fingerprint = Fingerprint(live, dialect->specs());
  if (fingerprint == Fingerprint(expected.schema, dialect->specs())) {
    plan.set_from_fingerprint(fingerprint);
    plan.set_to_fingerprint(fingerprint);
    return plan;
  }
  ASSIGN_OR_RETURN(plan, MakePlan(live, expected.schema, *dialect,
                                  session->info(), PlanOptions()));
  for (const std::string& path : expected.kept) *plan.add_kept() = path;
  plan.set_id(PlanId(plan));
  RETURN_IF_ERROR(CheckHazards(plan, request.hazards));
  if (!request.rehearse) return plan;
  ASSIGN_OR_RETURN(const std::unique_ptr<Scratch> scratch,
                   Scratch::Open(target_.engine, target_.scratch));
  return Rehearse(*scratch, *dialect, live, std::move(plan), &expected.schema);
}

absl::StatusOr<v1::Result> BreakGlass::Apply(const v1::Plan& plan) {
  ASSIGN_OR_RETURN(const Dialect* dialect, DialectOf(target_.engine));
  absl::Notification stop;
  Mailbox mailbox;
  WorkerPool pool(1);
  Timer timer(clock_);
  TargetWorker worker(
      target_, agent_, *dialect,
      {clock_, timer, pool, *journal_,
       [&mailbox](v1::AgentMessage m) { return mailbox.Put(std::move(m)); },
       [] {}, stop});
  // First what was under way when the agent went away: it was granted.
  absl::Notification looked;
  worker.Start(kLookEveryMs, [&looked] { looked.Notify(); });
  looked.WaitForNotification();
  const OrderKey key = {absl::StrCat("break-glass-", clock_.WallMs()),
                        target_.name, 1};
  const uint64_t epoch = std::max<uint64_t>(journal_->epoch(), 1);
  absl::StatusOr<v1::Result> result =
      RunOrder(key, epoch, plan, worker, mailbox);
  stop.Notify();
  worker.Close();
  timer.Stop();
  pool.Stop();
  return result;
}

}  // namespace fleet
