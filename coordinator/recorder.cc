#include "coordinator/recorder.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "coordinator/version_record.h"
#include "lib/base/log.h"
#include "lib/base/status.h"
#include "lib/engine/registry.h"
#include "lib/history/schema_store.h"
#include "lib/schema/fingerprint.h"
#include "lib/schema/scope.h"

namespace fleet {
namespace {

// The schema of a reply; its fingerprint is checked, for everything recorded
// hangs on it.
absl::StatusOr<Schema> SchemaOf(const v1::SchemaReply& reply) {
  ASSIGN_OR_RETURN(Schema schema, FromProto(reply.schema()));
  ASSIGN_OR_RETURN(const Dialect* dialect, DialectOf(schema.info().engine));
  const std::string fingerprint = Fingerprint(schema, dialect->specs());
  if (fingerprint != reply.fingerprint()) {
    return absl::InternalError(absl::StrCat(
        "the agent of ", reply.target(), " fingerprints a schema as ",
        reply.fingerprint().substr(0, 8), ", the coordinator as ",
        fingerprint.substr(0, 8), "; run the same version of both"));
  }
  return schema;
}

// True when `fingerprint` is one that `plan` makes.
bool IsMadeBy(const v1::Plan& plan, const std::string& fingerprint) {
  if (plan.to_fingerprint() == fingerprint) return true;
  return std::any_of(plan.statements().begin(), plan.statements().end(),
                     [&](const v1::Statement& statement) {
                       return statement.fingerprint_after() == fingerprint;
                     });
}

const v1::Plan* FindPlan(const v1::FleetPlan& fleet_plan,
                         const std::string& id) {
  for (const v1::Cohort& cohort : fleet_plan.cohorts()) {
    if (cohort.plan().id() == id) return &cohort.plan();
  }
  return nullptr;
}

}  // namespace

Recorder::Recorder(HistoryLog& log, const HistoryView& view, Fleet& fleet,
                   AgentCalls& calls, const Clock& clock)
    : log_(log),
      view_(view),
      fleet_(fleet),
      calls_(calls),
      clock_(clock),
      thread_([this] { Run(); }) {}

Recorder::~Recorder() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  thread_.join();
}

void Recorder::Observe(TargetSnapshot snapshot, bool described, Done done) {
  absl::Status held;
  {
    absl::MutexLock lock(&mutex_);
    if (held_.empty()) {
      observed_.push_back({std::move(snapshot), described, std::move(done)});
      return;
    }
    held = absl::FailedPreconditionError(held_);
  }
  if (done != nullptr) done(held);
}

void Recorder::Hold(const std::string& why) {
  absl::MutexLock lock(&mutex_);
  held_ = why;
}

absl::Status Recorder::RecordTargets(const std::vector<v1::Target>& targets) {
  if (targets.empty()) return absl::OkStatus();
  {
    absl::MutexLock lock(&mutex_);
    if (!held_.empty()) return absl::OkStatus();
  }
  Batch batch;
  for (const v1::Target& target : targets) {
    batch.records.push_back(TargetSeenRecord(target, clock_.WallMs()));
  }
  return log_.Append(&batch);
}

void Recorder::Run() {
  const auto has_work = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return !observed_.empty() || !arrived_.empty() || stopping_;
  };
  bool stopping = false;
  while (!stopping) {
    std::vector<Observation> observed;
    std::vector<Arrival> arrived;
    {
      absl::MutexLock lock(&mutex_);
      mutex_.Await(absl::Condition(&has_work));
      observed.swap(observed_);
      arrived.swap(arrived_);
      stopping = stopping_;
    }
    Work work;
    for (Arrival& arrival : arrived) Take(std::move(arrival), work);
    for (Observation& one : observed) Take(std::move(one), work);
    Write(work);
  }
  Work work;
  while (!waiting_.empty()) {
    FailWaiting(waiting_.begin()->first,
                absl::UnavailableError("the coordinator is stopping"), work);
  }
}

void Recorder::Take(Observation observation, Work& work) {
  const TargetSnapshot& snapshot = observation.snapshot;
  if (observation.described) {
    work.batch.records.push_back(
        TargetSeenRecord(snapshot.target, clock_.WallMs()));
  }
  const absl::StatusOr<v1::Version> newest =
      view_.Newest(snapshot.target.name());
  if (!snapshot.rollout.empty() || !snapshot.error.ok() ||
      snapshot.fingerprint.empty() ||
      (newest.ok() && newest->fingerprint() == snapshot.fingerprint)) {
    work.finished.push_back(std::move(observation));
    return;
  }
  SchemaPtr schema = Load(snapshot.fingerprint, work);
  if (schema == nullptr) return Wait(std::move(observation));
  work.ready.push_back({std::move(observation), std::move(schema)});
}

void Recorder::Wait(Observation observation) {
  const std::string fingerprint = observation.snapshot.fingerprint;
  std::vector<Observation>& waiting = waiting_[fingerprint];
  waiting.push_back(std::move(observation));
  if (waiting.size() == 1) AskNext(fingerprint);
}

void Recorder::AskNext(const std::string& fingerprint) {
  const std::string target =
      waiting_[fingerprint].front().snapshot.target.name();
  calls_.Schema(target, [this, target,
                         fingerprint](absl::StatusOr<v1::SchemaReply> reply) {
    absl::MutexLock lock(&mutex_);
    arrived_.push_back({fingerprint, target, std::move(reply)});
  });
}

void Recorder::Take(Arrival arrival, Work& work) {
  const auto found = waiting_.find(arrival.fingerprint);
  if (found == waiting_.end()) return;
  std::vector<Observation>& waiting = found->second;
  absl::Status status = arrival.reply.status();
  if (status.ok()) {
    absl::StatusOr<Schema> schema = SchemaOf(*arrival.reply);
    status = schema.status();
    if (schema.ok()) {
      const std::string& fingerprint = arrival.reply->fingerprint();
      auto shared = std::make_shared<const Schema>(*std::move(schema));
      work.schemas[fingerprint] = shared;
      AddSchema(arrival.reply->schema(), fingerprint, log_, &work.batch);
      if (fingerprint == arrival.fingerprint) {
        for (Observation& one : waiting) {
          work.ready.push_back({std::move(one), shared});
        }
        waiting_.erase(found);
        return;
      }
      // It changed after its report: what it is now is what to record.
      Observation moved = std::move(waiting.front());
      waiting.erase(waiting.begin());
      moved.snapshot.fingerprint = fingerprint;
      work.ready.push_back({std::move(moved), shared});
    }
  }
  if (!status.ok()) {
    LogWarning(
        "a schema could not be read",
        {{"target", arrival.target}, {"error", std::string(status.message())}});
    if (waiting.front().done != nullptr) waiting.front().done(status);
    waiting.erase(waiting.begin());
  }
  if (waiting.empty()) {
    waiting_.erase(found);
  } else {
    AskNext(arrival.fingerprint);
  }
}

void Recorder::FailWaiting(const std::string& fingerprint,
                           const absl::Status& status, Work& work) {
  for (Observation& one : waiting_[fingerprint]) {
    if (one.done != nullptr) one.done(status);
  }
  waiting_.erase(fingerprint);
}

Recorder::SchemaPtr Recorder::Load(const std::string& fingerprint, Work& work) {
  const auto known = work.schemas.find(fingerprint);
  if (known != work.schemas.end()) return known->second;
  SchemaPtr loaded;
  absl::StatusOr<v1::Schema> stored = LoadSchema(log_, fingerprint);
  if (stored.ok()) {
    absl::StatusOr<Schema> schema = FromProto(*stored);
    if (schema.ok()) {
      loaded = std::make_shared<const Schema>(*std::move(schema));
    }
  } else if (!absl::IsNotFound(stored.status())) {
    LogError("a stored schema cannot be read",
             {{"fingerprint", fingerprint},
              {"error", std::string(stored.status().message())}});
  }
  work.schemas[fingerprint] = loaded;
  return loaded;
}

void Recorder::Write(Work& work) {
  for (const Ready& ready : work.ready) AddVersion(ready, work);
  absl::Status status;
  if (!work.batch.records.empty()) status = log_.Append(&work.batch);
  if (!status.ok()) {
    LogError("versions could not be recorded",
             {{"error", std::string(status.message())}});
  }
  for (Ready& ready : work.ready) {
    work.finished.push_back(std::move(ready.observation));
  }
  for (const Observation& one : work.finished) {
    if (one.done != nullptr) one.done(status);
  }
}

void Recorder::AddVersion(const Ready& ready, Work& work) {
  const TargetSnapshot& snapshot = ready.observation.snapshot;
  const std::string& name = snapshot.target.name();
  const absl::StatusOr<TargetSnapshot> now = fleet_.Find(name);
  // A rollout has begun, or begun and ended, since the report.
  if (!now.ok() || now->generation != snapshot.generation) return;
  if (!work.versioned.insert(name).second) return;
  v1::Version version =
      NextVersion(view_, now->target, snapshot.fingerprint, clock_.WallMs());
  const absl::StatusOr<v1::Version> newest = view_.Newest(name);
  if (!newest.ok()) {
    version.set_cause(v1::BASELINE);
  } else {
    if (newest->fingerprint() == snapshot.fingerprint) return;
    const LastRun run = fleet_.LastRunOf(name);
    const bool may_explain = !run.rollout.empty() &&
                             newest->rollout() != run.rollout &&
                             run.finished_ms >= newest->time_ms();
    version.set_cause(v1::DRIFT);
    if (may_explain) {
      version.MergeFrom(
          Explain(run, *ready.schema, snapshot.fingerprint, work));
    }
    version.set_summary(Summary(newest->fingerprint(), ready, work));
  }
  if (version.cause() == v1::DRIFT) {
    LogWarning("schema drifted", {{"target", name},
                                  {"version", absl::StrCat(version.number())},
                                  {"fingerprint", version.fingerprint()},
                                  {"changes", version.summary()}});
  }
  work.batch.records.push_back(VersionRecord(version));
}

v1::Version Recorder::Explain(const LastRun& run, const Schema& schema,
                              const std::string& fingerprint, Work& work) {
  const std::string key =
      absl::StrCat(run.rollout, "/", run.plan_id, "/", fingerprint);
  const auto [known, inserted] = work.causes.try_emplace(key);
  if (!inserted) return known->second;
  const absl::StatusOr<v1::FleetPlan> fleet_plan =
      view_.FleetPlan(run.fleet_plan_id);
  const absl::StatusOr<v1::Rollout> rollout = view_.Rollout(run.rollout);
  if (!fleet_plan.ok() || !rollout.ok()) return known->second;
  const v1::Plan* plan = FindPlan(*fleet_plan, run.plan_id);
  if (plan == nullptr) return known->second;
  const absl::StatusOr<const Dialect*> dialect = DialectOf(plan->engine());
  const absl::StatusOr<Schema> scoped = ApplyScope(schema, plan->scope());
  if (!dialect.ok() || !scoped.ok() ||
      !IsMadeBy(*plan, Fingerprint(*scoped, (*dialect)->specs()))) {
    return known->second;
  }
  known->second.set_cause(rollout->cause());
  known->second.set_rollout(rollout->id());
  known->second.set_by(rollout->requested_by());
  known->second.set_source(rollout->source());
  return known->second;
}

std::string Recorder::Summary(const std::string& from, const Ready& ready,
                              Work& work) {
  const std::string& to = ready.observation.snapshot.fingerprint;
  const auto [known, inserted] =
      work.summaries.try_emplace(absl::StrCat(from, "/", to));
  if (!inserted) return known->second;
  const SchemaPtr before = Load(from, work);
  if (before != nullptr) {
    known->second =
        SummarizeChanges(DescribeDifference(*before, *ready.schema));
  }
  return known->second;
}

}  // namespace fleet
