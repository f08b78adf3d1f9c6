#include "coordinator/rollout_runner.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "coordinator/rollout_messages.h"
#include "coordinator/rollout_runner_index.h"
#include "coordinator/version_record.h"
#include "lib/base/log.h"
#include "lib/base/printable.h"
#include "lib/base/status.h"
#include "lib/schema/scope.h"

namespace fleet {
namespace {

int64_t NumberOf(const std::string& id) {
  int64_t number = 0;
  return absl::StartsWith(id, "r-") && absl::SimpleAtoi(id.substr(2), &number)
             ? number
             : 0;
}

std::vector<v1::StatementResult> ResultsOf(const v1::AgentMessage& message) {
  if (message.has_progress()) {
    return {message.progress().results().begin(),
            message.progress().results().end()};
  }
  return {message.result().results().begin(), message.result().results().end()};
}

absl::StatusOr<Event> ToEvent(const v1::SteerRolloutRequest& request) {
  const std::string& by = request.by();
  const std::string& message = request.message();
  const std::vector<std::string> targets(request.targets().begin(),
                                         request.targets().end());
  switch (request.action()) {
    case v1::SteerRolloutRequest::PAUSE:
      return Paused{by, message};
    case v1::SteerRolloutRequest::RESUME:
      return Resumed{by, message};
    case v1::SteerRolloutRequest::ABORT:
      return Aborted{by, message};
    case v1::SteerRolloutRequest::PROMOTE:
      return Promoted{by, request.wave(), request.full(), message};
    case v1::SteerRolloutRequest::RETRY:
      return Retried{targets, by, message};
    case v1::SteerRolloutRequest::SKIP:
      return Skipped{targets, by, message};
    case v1::SteerRolloutRequest::RESOLVE:
      return Resolved{targets, by, message};
    case v1::SteerRolloutRequest::SET:
      return Tuned{request.max_parallel(), request.lock_timeout_ms(), by,
                   message};
    default:
      return absl::InvalidArgumentError(absl::StrCat(
          "this coordinator does not know steering action ",
          static_cast<int>(request.action()), "; is it older than fleetctl?"));
  }
}

}  // namespace

RolloutRunner::RolloutRunner(HistoryLog& log, const HistoryView& view,
                             Fleet& fleet, const Clock& clock, Unsure unsure)
    : log_(log),
      view_(view),
      fleet_(fleet),
      clock_(clock),
      unsure_(std::move(unsure)) {}

RolloutRunner::~RolloutRunner() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  if (thread_.joinable()) thread_.join();
}

void RolloutRunner::Restore() {
  // Numbers are not given again, also where the records of the rollouts are
  // lost: markers in the databases carry them.
  for (const v1::Target& target : view_.Targets()) {
    for (const v1::Version& version : view_.Versions(target.name())) {
      last_number_ = std::max(last_number_, NumberOf(version.rollout()));
    }
  }
  for (const v1::Rollout& rollout : view_.Rollouts()) {
    last_number_ = std::max(last_number_, NumberOf(rollout.id()));
    // Of what is not confirmed the client was told no end; it may ask anew.
    if (!rollout.request_id().empty() && rollout.unconfirmed().empty()) {
      requests_[rollout.request_id()] = rollout.id();
    }
    for (const v1::TargetProgress& target : rollout.targets()) {
      if (!IsOver(target.state()) || target.started_ms() == 0) continue;
      fleet_.SetLastRun(target.target(),
                        {rollout.id(), target.plan_id(),
                         rollout.fleet_plan_id(), target.finished_ms()});
    }
    if (IsOver(rollout.state())) continue;
    Adopt(rollout);
    std::vector<std::string> targets;
    for (const v1::TargetProgress& target : rollout.targets()) {
      targets.push_back(target.target());
      if (!IsOver(target.state())) {
        fleet_.SetRunning(target.target(), rollout.id());
      }
    }
    LogInfo("a rollout is taken up again", {{"rollout", rollout.id()}});
    Post([this, id = rollout.id(), targets](Turn& turn) {
      Apply(id, fleet::AgentLost{targets}, turn).IgnoreError();
      Apply(id, CoordinatorRestarted{}, turn).IgnoreError();
    });
  }
  thread_ = std::thread([this] { Run(); });
}

bool RolloutRunner::Report(const v1::AgentMessage& message) {
  std::optional<RolloutReport> report = ToReport(message);
  if (!report.has_value()) return false;
  const bool is_result = message.has_result();
  std::vector<v1::StatementResult> statements;
  if (is_result || message.has_progress()) statements = ResultsOf(message);
  Post([this, report = *std::move(report), statements = std::move(statements),
        is_result](Turn& turn) {
    TakeReport(report.rollout, report.target, report.event, statements,
               is_result, turn);
  });
  return true;
}

void RolloutRunner::AgentConnected(std::vector<std::string> targets) {
  Post([this, targets = std::move(targets)](Turn& turn) {
    for (const auto& [id, active] : active_) {
      Apply(id, fleet::AgentConnected{targets}, turn).IgnoreError();
    }
  });
}

void RolloutRunner::AgentLost(std::vector<std::string> targets) {
  Post([this, targets = std::move(targets)](Turn& turn) {
    for (const auto& [id, active] : active_) {
      Apply(id, fleet::AgentLost{targets}, turn).IgnoreError();
    }
  });
}

void RolloutRunner::Start(const v1::StartRolloutRequest& request,
                          const v1::FleetPlan& fleet_plan,
                          const absl::Status& fresh, Done done) {
  Post([this, request, fleet_plan, fresh, done = std::move(done)](Turn& turn) {
    std::string id;
    absl::Status status = Begin(request, fleet_plan, fresh, turn, &id);
    Answer(id, done, std::move(status), turn);
  });
}

void RolloutRunner::Steer(const v1::SteerRolloutRequest& request, Done done) {
  Post([this, request, done = std::move(done)](Turn& turn) {
    const absl::StatusOr<std::string> id = ResolveId(request.id());
    const absl::StatusOr<Event> event = ToEvent(request);
    absl::Status status = event.ok() ? id.status() : event.status();
    const bool holds = request.action() == v1::SteerRolloutRequest::PAUSE ||
                       request.action() == v1::SteerRolloutRequest::ABORT;
    if (status.ok() && !holds && !recovery_.empty()) {
      status = absl::FailedPreconditionError(recovery_);
    }
    if (status.ok() && request.action() == v1::SteerRolloutRequest::RETRY) {
      status = CheckRetry(request, *id);
    }
    if (status.ok()) status = Apply(*id, *event, turn);
    if (status.ok()) {
      HoldTargets(*id);
      LogInfo(
          "rollout steered",
          {{"rollout", *id},
           {"action", v1::SteerRolloutRequest::Action_Name(request.action())},
           {"by", request.by()},
           {"message", request.message()}});
    }
    Answer(id.ok() ? *id : "", done, std::move(status), turn);
  });
}

void RolloutRunner::Get(const std::string& id, Done done) {
  Post([this, id, done = std::move(done)](Turn& turn) {
    const absl::StatusOr<std::string> resolved = ResolveId(id);
    Answer(resolved.ok() ? *resolved : "", done, resolved.status(), turn);
  });
}

void RolloutRunner::Watch(const std::string& id,
                          std::weak_ptr<RolloutWatcher> watcher) {
  Post([this, id, watcher = std::move(watcher)](Turn&) {
    const std::shared_ptr<RolloutWatcher> alive = watcher.lock();
    if (alive == nullptr) return;
    const absl::StatusOr<std::string> resolved = ResolveId(id);
    if (!resolved.ok()) return alive->OnError(resolved.status());
    const absl::StatusOr<Active*> active = Find(*resolved);
    if (!active.ok()) return alive->OnError(active.status());
    watchers_[*resolved].push_back(watcher);
    alive->OnRollout(
        {}, std::make_shared<const v1::Rollout>((*active)->machine.rollout()));
  });
}

void RolloutRunner::RequireRecovery(const std::string& why) {
  Post([this, why](Turn& turn) {
    if (recovery_.empty()) recovery_ = why;
    // An operator may have stopped one since what we know of it.
    for (const auto& [id, active] : active_) {
      Apply(id, Paused{"recovery"}, turn).IgnoreError();
    }
  });
}

absl::StatusOr<RolloutRunner::Active*> RolloutRunner::Find(
    const std::string& id) {
  const auto found = active_.find(id);
  if (found != active_.end()) return found->second.get();
  ASSIGN_OR_RETURN(const v1::Rollout rollout, view_.Rollout(id));
  return &Adopt(rollout);
}

absl::StatusOr<std::string> RolloutRunner::ResolveId(
    const std::string& id) const {
  const std::string newest = absl::StrCat("r-", last_number_);
  if (last_number_ == 0) {
    return absl::NotFoundError("there is no rollout yet");
  }
  if (id.empty()) return newest;
  if (active_.count(id) > 0 || view_.Rollout(id).ok()) return id;
  std::vector<std::string> matches;
  for (int64_t number = 1; number <= last_number_; ++number) {
    std::string candidate = absl::StrCat("r-", number);
    if (absl::StartsWith(candidate, id)) matches.push_back(candidate);
  }
  if (matches.size() == 1) return matches.front();
  if (matches.empty()) {
    return absl::NotFoundError(absl::StrCat("no rollout \"", Printable(id),
                                            "\"; the newest is ", newest));
  }
  return absl::InvalidArgumentError(
      absl::StrCat("\"", Printable(id), "\" begins the names of ",
                   matches.size(), " rollouts; write more of it"));
}

RolloutRunner::Active& RolloutRunner::Adopt(const v1::Rollout& rollout) {
  auto active = std::make_unique<Active>(rollout);
  active->written.assign(rollout.targets().begin(), rollout.targets().end());
  for (const v1::TargetProgress& target : active->written) {
    in_flight_ += OwesAnswer(target.state());
  }
  LoadPlans(*active);
  std::unique_ptr<Active>& slot = active_[rollout.id()];
  slot = std::move(active);
  return *slot;
}

void RolloutRunner::LoadPlans(Active& active) {
  const v1::Rollout& rollout = active.machine.rollout();
  const absl::StatusOr<v1::FleetPlan> fleet_plan =
      view_.FleetPlan(rollout.fleet_plan_id());
  if (!fleet_plan.ok()) {
    LogError("the plan of a rollout cannot be found",
             {{"rollout", rollout.id()},
              {"error", std::string(fleet_plan.status().message())}});
    return;
  }
  for (const v1::Cohort& cohort : fleet_plan->cohorts()) {
    active.plans[cohort.plan().id()] = cohort.plan();
    active.summaries[cohort.plan().id()] =
        SummarizeChanges(cohort.plan().changes());
  }
}

absl::Status RolloutRunner::Apply(const std::string& id, const Event& event,
                                  Turn& turn) {
  ASSIGN_OR_RETURN(Active* const active, Find(id));
  Transition step = active->machine.Apply(event, turn.now_ms);
  active->wake_at_ms = step.wake_at_ms;
  RETURN_IF_ERROR(step.status);
  Touched& touched = turn.touched[id];
  touched.whole = touched.whole || step.rollout_changed;
  touched.targets.insert(step.changed_targets.begin(),
                         step.changed_targets.end());
  std::move(step.commands.begin(), step.commands.end(),
            std::back_inserter(touched.commands));
  return absl::OkStatus();
}

absl::Status RolloutRunner::Begin(const v1::StartRolloutRequest& request,
                                  const v1::FleetPlan& fleet_plan,
                                  const absl::Status& fresh, Turn& turn,
                                  std::string* id) {
  const auto known = requests_.find(request.request_id());
  if (!request.request_id().empty() && known != requests_.end()) {
    *id = known->second;
    return absl::OkStatus();
  }
  if (!recovery_.empty()) return absl::FailedPreconditionError(recovery_);
  std::vector<std::string> targets;
  for (const v1::Cohort& cohort : fleet_plan.cohorts()) {
    targets.insert(targets.end(), cohort.targets().begin(),
                   cohort.targets().end());
  }
  if (targets.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("plan ", fleet_plan.id(), " changes no target"));
  }
  RETURN_IF_ERROR(CheckFree(targets, ""));
  RETURN_IF_ERROR(fresh);
  *id = absl::StrCat("r-", ++last_number_);
  v1::Rollout rollout =
      NewRollout(fleet_plan, *id, request.requested_by(), turn.now_ms);
  rollout.set_message(request.message());
  rollout.set_request_id(request.request_id());
  Adopt(rollout);
  const absl::Status status = Apply(*id, Started{}, turn);
  if (!status.ok()) {
    active_.erase(*id);
    return status;
  }
  turn.touched[*id].whole = true;
  std::vector<std::string> away;
  for (const std::string& target : targets) {
    // At once, so that a second plan of this turn finds them busy.
    fleet_.SetRunning(target, *id);
    if (!fleet_.Reach(target).ok()) away.push_back(target);
  }
  if (!request.request_id().empty()) requests_[request.request_id()] = *id;
  return away.empty() ? absl::OkStatus()
                      : Apply(*id, fleet::AgentLost{away}, turn);
}

absl::Status RolloutRunner::CheckFree(const std::vector<std::string>& targets,
                                      const std::string& id) const {
  for (const std::string& target : targets) {
    const absl::StatusOr<TargetSnapshot> now = fleet_.Find(target);
    if (!now.ok() || now->rollout.empty() || now->rollout == id) continue;
    return absl::FailedPreconditionError(
        absl::StrCat("rollout ", now->rollout, " is running on ", target,
                     "; wait for it or abort it, then try again"));
  }
  return absl::OkStatus();
}

// Those asked for, and the cancelled ones that come back with any retry.
absl::Status RolloutRunner::CheckRetry(const v1::SteerRolloutRequest& request,
                                       const std::string& id) {
  std::vector<std::string> targets(request.targets().begin(),
                                   request.targets().end());
  ASSIGN_OR_RETURN(const Active* const active, Find(id));
  for (const auto& one : active->machine.rollout().targets()) {
    if (request.targets().empty() ? one.state() != v1::TARGET_HEALTHY
                                  : one.state() == v1::TARGET_CANCELLED) {
      targets.push_back(one.target());
    }
  }
  return CheckFree(targets, id);
}

// At once, so that what is started later in this turn finds them busy.
void RolloutRunner::HoldTargets(const std::string& id) {
  const absl::StatusOr<Active*> active = Find(id);
  if (!active.ok()) return;
  const v1::Rollout& rollout = (*active)->machine.rollout();
  if (IsOver(rollout.state())) return;
  for (const auto& one : rollout.targets()) {
    if (!IsOver(one.state())) fleet_.SetRunning(one.target(), id);
  }
}

void RolloutRunner::TakeReport(
    const std::string& id, const std::string& target, const Event& event,
    const std::vector<v1::StatementResult>& statements, bool is_result,
    Turn& turn) {
  const absl::StatusOr<Active*> found = Find(id);
  if (!found.ok()) {
    LogWarning("an agent speaks of a rollout that is not in the history",
               {{"rollout", id}, {"target", target}});
    if (is_result) Dismiss(std::get<TargetResult>(event), id, turn);
    return;
  }
  Active& active = **found;
  const int index = IndexOfTarget(active.machine.rollout(), target);
  if (index < 0) return;
  const bool was_over = IsOver(active.machine.rollout().targets(index).state());
  Apply(id, event, turn).IgnoreError();
  const v1::TargetProgress& now = active.machine.rollout().targets(index);
  std::pair<int, int>& told = active.told[target];
  if (told.first != now.attempt()) told = {now.attempt(), 0};
  for (const v1::StatementResult& one : statements) {
    if (one.attempt() != now.attempt() || one.index() < told.second) continue;
    told.second = one.index() + 1;
    v1::StatementResult named = one;
    named.set_target(target);
    turn.touched[id].statements.push_back(RolloutNarrator::TellStatement(
        named, active.plans[now.plan_id()], turn.now_ms));
  }
  if (is_result && !was_over && IsOver(now.state())) {
    RecordResult(active, now, statements, turn);
  }
}

void RolloutRunner::RecordResult(
    Active& active, const v1::TargetProgress& progress,
    const std::vector<v1::StatementResult>& statements, Turn& turn) {
  const v1::Rollout& rollout = active.machine.rollout();
  for (const v1::StatementResult& statement : statements) {
    v1::Record record;
    record.set_stream(TargetStream(progress.target()));
    record.set_time_ms(turn.now_ms);
    *record.mutable_statement() = statement;
    record.mutable_statement()->set_rollout(rollout.id());
    record.mutable_statement()->set_target(progress.target());
    turn.records.push_back(std::move(record));
  }
  const v1::Plan& plan = active.plans[progress.plan_id()];
  // In a scope the plan says nothing about the whole; a report will.
  if (progress.state() != v1::TARGET_HEALTHY || !IsWhole(plan.scope())) return;
  const absl::StatusOr<TargetSnapshot> target = fleet_.Find(progress.target());
  if (!target.ok()) return;
  const absl::StatusOr<v1::Version> newest = view_.Newest(progress.target());
  if (newest.ok() && newest->fingerprint() == progress.fingerprint()) return;
  v1::Version version =
      NextVersion(view_, target->target, progress.fingerprint(), turn.now_ms);
  version.set_cause(rollout.cause());
  version.set_rollout(rollout.id());
  version.set_by(rollout.requested_by());
  version.set_source(rollout.source());
  if (rollout.cause() == v1::ROLLBACK) {
    for (const v1::Version& earlier : view_.Versions(progress.target())) {
      if (earlier.fingerprint() != progress.fingerprint()) continue;
      version.set_source(
          absl::StrCat(progress.target(), "@", earlier.number()));
    }
  }
  version.set_summary(active.summaries[progress.plan_id()]);
  turn.records.push_back(VersionRecord(version));
}

void RolloutRunner::Answer(const std::string& id, const Done& done,
                           absl::Status status, Turn& turn) {
  turn.answers.push_back([this, id, done, status = std::move(status)](
                             const absl::Status& durable) {
    if (!status.ok()) return done(status);
    if (!durable.ok()) return done(durable);
    const absl::StatusOr<Active*> active = Find(id);
    if (!active.ok()) return done(active.status());
    done((*active)->machine.rollout());
  });
}

}  // namespace fleet
