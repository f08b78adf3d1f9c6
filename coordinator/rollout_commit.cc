// The end of a turn: what time brings; then persist, then send, then tell.

#include <utility>

#include "absl/strings/str_cat.h"
#include "coordinator/rollout_messages.h"
#include "coordinator/rollout_runner.h"
#include "coordinator/rollout_runner_index.h"
#include "lib/base/log.h"
#include "lib/schema/scope.h"

namespace fleet {
namespace {

// What must survive a crash. Statement counts and waiting reasons need not.
bool MustBeWritten(const v1::TargetProgress& before,
                   const v1::TargetProgress& now) {
  return before.state() != now.state() || before.attempt() != now.attempt() ||
         before.nonce() != now.nonce() ||
         before.finished_ms() != now.finished_ms();
}

v1::Record FleetRecord(int64_t now_ms) {
  v1::Record record;
  record.set_stream(std::string(kFleetStream));
  record.set_time_ms(now_ms);
  return record;
}

}  // namespace

void RolloutRunner::ApplyTicks(Turn& turn) {
  for (const auto& [id, active] : active_) {
    if (active->wake_at_ms != 0 && active->wake_at_ms <= turn.now_ms) {
      Apply(id, Tick{}, turn).IgnoreError();
    }
  }
}

void RolloutRunner::Remind(Turn& turn) {
  if (in_flight_ == 0 || clock_.BootMs() < remind_at_ms_) return;
  remind_at_ms_ = clock_.BootMs() + kRemindMs;
  for (const auto& [id, active] : active_) {
    Apply(id, Reminded{turn.now_ms - kRemindMs}, turn).IgnoreError();
  }
}

// The result of a rollout that is not in the history: an agent's rollback
// without us, or what was lost for good. Its schema is recorded as found; the
// agent need not say it again. But while there is something to recover, it
// must: the rollout may come back.
void RolloutRunner::Dismiss(const TargetResult& result, const std::string& id,
                            Turn& turn) {
  if (!recovery_.empty()) return;
  LogWarning("its result is taken as it is",
             {{"rollout", id},
              {"target", result.target},
              {"state", v1::TargetState_Name(result.state)},
              {"message", result.message}});
  turn.answers.push_back([this, id, target = result.target,
                          attempt = result.attempt](const absl::Status&) {
    const absl::StatusOr<std::shared_ptr<AgentStream>> stream =
        fleet_.Reach(target);
    if (!stream.ok()) return;
    v1::CoordinatorMessage message;
    v1::ResultAck& ack = *message.mutable_result_ack();
    ack.set_rollout(id);
    ack.set_target(target);
    ack.set_attempt(attempt);
    (*stream)->Send(std::move(message));
  });
}

void RolloutRunner::Commit(Turn& turn) {
  Batch batch;
  for (const auto& [id, touched] : turn.touched) {
    AddRecords(*active_.at(id), touched, turn, &batch);
  }
  std::move(turn.records.begin(), turn.records.end(),
            std::back_inserter(batch.records));
  absl::Status status;
  if (!batch.records.empty()) status = log_.Append(&batch);
  failed_ = !status.ok();
  if (!status.ok()) {
    LogError("rollouts could not be recorded; they wait",
             {{"error", std::string(status.message())}});
    Reload(turn);
  } else {
    for (const auto& [id, touched] : turn.touched) {
      Active& active = *active_.at(id);
      Settle(active, touched);
      Send(active, touched.commands);
      Publish(active, touched, turn.now_ms);
    }
    ConfirmLater(turn);
    // The log was opened again by now, and has told of all it holds.
    if (!batch.records.empty()) StopDenied();
  }
  for (const auto& answer : turn.answers) answer(status);
  Retire();
}

// Orders of operators are answered when a second record says that the first one
// is written: of a record without that, nobody knows what its caller was told.
void RolloutRunner::ConfirmLater(Turn& turn) {
  std::vector<std::string> ids;
  for (const auto& [id, touched] : turn.touched) {
    const v1::Rollout& rollout = active_.at(id)->machine.rollout();
    if (!rollout.unconfirmed().empty() && !IsOver(rollout.state())) {
      ids.push_back(id);
    }
  }
  if (ids.empty()) return;
  Post([this, ids, answers = std::exchange(turn.answers, {})](Turn& next) {
    for (const std::string& id : ids) {
      Apply(id, Confirmed{}, next).IgnoreError();
    }
    // If this turn fails, the order stands all the same; see Reload.
    next.answers.push_back([answers](const absl::Status&) {
      for (const auto& answer : answers) answer(absl::OkStatus());
    });
  });
}

void RolloutRunner::StopDenied() {
  for (const std::string& id : std::exchange(denied_, {})) {
    if (!view_.Rollout(id).ok()) continue;
    LogWarning("a rollout whose start failed is in the history all the same",
               {{"rollout", id}});
    Post([this, id](Turn& next) {
      Apply(id, CoordinatorRestarted{}, next).IgnoreError();
    });
  }
}

void RolloutRunner::AddRecords(const Active& active, const Touched& touched,
                               Turn& turn, Batch* batch) const {
  const v1::Rollout& rollout = active.machine.rollout();
  if (touched.whole) {
    v1::Record record = FleetRecord(turn.now_ms);
    *record.mutable_rollout()->mutable_rollout() = rollout;
    record.mutable_rollout()->mutable_rollout()->set_epoch(log_.epoch());
    batch->records.push_back(std::move(record));
    return;
  }
  for (const std::string& name : touched.targets) {
    const int index = IndexOfTarget(rollout, name);
    const v1::TargetProgress& now = rollout.targets(index);
    if (!MustBeWritten(active.written[index], now)) continue;
    v1::Record record = FleetRecord(turn.now_ms);
    record.mutable_target_progress()->set_rollout(rollout.id());
    *record.mutable_target_progress()->mutable_progress() = now;
    batch->records.push_back(std::move(record));
  }
}

// What follows for the fleet from what is durable now.
void RolloutRunner::Settle(Active& active, const Touched& touched) {
  const v1::Rollout& rollout = active.machine.rollout();
  const bool is_over = IsOver(rollout.state());
  std::vector<std::string> unsure;
  for (int index = 0; index < rollout.targets_size(); ++index) {
    const v1::TargetProgress& now = rollout.targets(index);
    if (!touched.whole && touched.targets.count(now.target()) == 0) continue;
    v1::TargetProgress& before = active.written[index];
    in_flight_ += OwesAnswer(now.state()) - OwesAnswer(before.state());
    const bool ends = IsOver(now.state()) && !IsOver(before.state());
    before = now;
    if (ends && now.started_ms() != 0) {
      fleet_.SetLastRun(now.target(),
                        {rollout.id(), now.plan_id(), rollout.fleet_plan_id(),
                         now.finished_ms()});
    }
    const auto plan = active.plans.find(now.plan_id());
    if (ends && now.state() == v1::TARGET_HEALTHY &&
        plan != active.plans.end() && IsWhole(plan->second.scope()) &&
        !IsContradicted(now)) {
      fleet_.SetFingerprint(now.target(), now.fingerprint());
    } else if (ends && now.state() != v1::TARGET_CANCELLED &&
               now.state() != v1::TARGET_SKIPPED) {
      unsure.push_back(now.target());
    }
    if (is_over || IsOver(now.state())) {
      fleet_.ClearRunning(now.target(), rollout.id());
    } else {
      fleet_.SetRunning(now.target(), rollout.id());
    }
  }
  if (!unsure.empty()) unsure_(unsure);
}

// The target was seen with a schema that is neither from before nor from after
// the plan: somebody changed it since, and the agent does not report that
// twice.
bool RolloutRunner::IsContradicted(const v1::TargetProgress& healthy) const {
  const absl::StatusOr<TargetSnapshot> seen = fleet_.Find(healthy.target());
  return seen.ok() && !seen->fingerprint.empty() &&
         seen->fingerprint != healthy.from_fingerprint() &&
         seen->fingerprint != healthy.fingerprint();
}

void RolloutRunner::Send(const Active& active,
                         const std::vector<Command>& commands) const {
  const v1::Rollout& rollout = active.machine.rollout();
  const uint64_t epoch = log_.epoch();
  static const v1::Plan* const no_plan = new v1::Plan;
  for (const Command& command : commands) {
    // An agent that is away gets its orders when it is back.
    const absl::StatusOr<std::shared_ptr<AgentStream>> stream =
        fleet_.Reach(command.target);
    if (!stream.ok()) continue;
    const v1::Plan* plan = no_plan;
    if (command.type == CommandType::kPrepare) {
      const int index = IndexOfTarget(rollout, command.target);
      const auto found = active.plans.find(rollout.targets(index).plan_id());
      if (found == active.plans.end()) continue;  // said by LoadPlans
      plan = &found->second;
    }
    (*stream)->Send(ToMessage(command, rollout, *plan, epoch));
  }
}

void RolloutRunner::Publish(Active& active, const Touched& touched,
                            int64_t now_ms) {
  const v1::Rollout& rollout = active.machine.rollout();
  std::vector<int> changed;
  for (const std::string& name : touched.targets) {
    changed.push_back(IndexOfTarget(rollout, name));
  }
  std::vector<v1::RolloutEvent> events = touched.statements;
  for (v1::RolloutEvent& event :
       active.narrator.Tell(rollout, changed, now_ms)) {
    if (event.type() != "target") {
      LogInfo(event.text(), {{"rollout", rollout.id()}});
    }
    events.push_back(std::move(event));
  }
  const auto found = watchers_.find(rollout.id());
  if (found == watchers_.end()) return;
  const auto snapshot = std::make_shared<const v1::Rollout>(rollout);
  std::vector<std::weak_ptr<RolloutWatcher>> alive;
  for (std::weak_ptr<RolloutWatcher>& watcher : found->second) {
    const std::shared_ptr<RolloutWatcher> one = watcher.lock();
    if (one == nullptr) continue;
    one->OnRollout(events, snapshot);
    alive.push_back(std::move(watcher));
  }
  found->second = std::move(alive);
  if (found->second.empty()) watchers_.erase(found);
}

// Rollouts that are over are in the history; nobody needs them in memory.
void RolloutRunner::Retire() {
  for (auto it = active_.begin(); it != active_.end();) {
    if (IsOver(it->second->machine.rollout().state())) {
      for (const v1::TargetProgress& target : it->second->written) {
        in_flight_ -= OwesAnswer(target.state());
      }
      watchers_.erase(it->first);
      it = active_.erase(it);
    } else {
      ++it;
    }
  }
}

// The append failed: what is in memory is not true. Everything that agents sent
// they will be asked for again.
void RolloutRunner::Reload(const Turn& turn) {
  for (const auto& [id, touched] : turn.touched) {
    for (const v1::TargetProgress& target : active_.at(id)->written) {
      in_flight_ -= OwesAnswer(target.state());
    }
    const bool ordered =
        !active_.at(id)->machine.rollout().unconfirmed().empty();
    active_.erase(id);
    const absl::StatusOr<v1::Rollout> stored = view_.Rollout(id);
    if (stored.ok()) {
      Adopt(*stored);
      for (const v1::TargetProgress& target : stored->targets()) {
        if (IsOver(target.state())) fleet_.ClearRunning(target.target(), id);
      }
      Post([this, id = id, ordered](Turn& next) {
        // What is stored was answered, or is about to be.
        Apply(id, Confirmed{}, next).IgnoreError();
        if (!Apply(id, CoordinatorRestarted{}, next).ok()) return;
        // An order that failed and is on disk all the same gives way to this.
        if (ordered) next.touched[id].whole = true;
      });
      continue;
    }
    denied_.insert(id);
    for (const TargetSnapshot& target : fleet_.Snapshots()) {
      if (target.rollout == id) fleet_.ClearRunning(target.target.name(), id);
    }
    for (auto it = requests_.begin(); it != requests_.end();) {
      it = it->second == id ? requests_.erase(it) : std::next(it);
    }
  }
}

}  // namespace fleet
