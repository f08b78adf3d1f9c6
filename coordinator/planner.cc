#include "coordinator/planner.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "coordinator/fleet_checks.h"
#include "coordinator/policy.h"
#include "coordinator/rehearsal.h"
#include "coordinator/renaming.h"
#include "coordinator/rollout_digest.h"
#include "coordinator/selector.h"
#include "coordinator/standing.h"
#include "coordinator/waves.h"
#include "lib/base/digest.h"
#include "lib/base/fold_names.h"
#include "lib/base/printable.h"
#include "lib/base/status.h"
#include "lib/engine/registry.h"
#include "lib/history/schema_store.h"
#include "lib/schema/fingerprint.h"
#include "lib/schema/scope.h"

namespace fleet {
namespace {

// What the checks of a plan found is taken for so long. Each target is asked
// again in PREPARE.
constexpr int64_t kChecksGoodMs = 60'000;

void AddNote(const std::string& target, absl::string_view note,
             google::protobuf::RepeatedPtrField<v1::TargetNote>* notes) {
  v1::TargetNote& added = *notes->Add();
  added.set_target(target);
  added.set_note(Printable(note));
}

bool IsAway(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status);
}

bool IsRollback(const v1::MakePlanRequest& request) {
  return !request.rollback_to().empty() || !request.rollback_rollout().empty();
}

absl::Status CheckRequest(const v1::MakePlanRequest& request) {
  const int sources = !request.source().empty() + !request.sql().empty() +
                      !request.rollback_to().empty() +
                      !request.rollback_rollout().empty();
  if (sources != 1) {
    return absl::InvalidArgumentError(
        "say one thing that targets shall become: a source, SQL, or where to "
        "roll back to");
  }
  if (IsRollback(request) && !request.scope().renames().empty()) {
    return absl::InvalidArgumentError(
        "a rollback renames nothing: a target's own versions have its own "
        "names; leave the renames out of --tables");
  }
  if (request.selectors().empty() && request.rollback_rollout().empty()) {
    return absl::InvalidArgumentError(
        "say which targets: --targets SELECTOR; all of them: --targets all");
  }
  return absl::OkStatus();
}

std::string EngineName(v1::Engine engine) {
  const absl::StatusOr<const Dialect*> dialect = DialectOf(engine);
  return dialect.ok() ? std::string((*dialect)->name()) : "unknown";
}

}  // namespace

absl::StatusOr<v1::FleetPlan> Planner::MakePlan(
    const v1::MakePlanRequest& request, const PlanProgress& progress) const {
  RETURN_IF_ERROR(CheckRequest(request));
  Draft draft{request, progress};
  RETURN_IF_ERROR(SetPolicy(draft));
  ASSIGN_OR_RETURN(const std::vector<v1::Target> targets,
                   SelectTargets(request));
  std::vector<std::string> names;
  for (const v1::Target& target : targets) names.push_back(target.name());
  const int total = names.size();
  progress("reading schemas", 0, total);
  sources_.Refresh(names,
                   [&](int done) { progress("reading schemas", done, total); });
  Classify(targets, draft);
  RETURN_IF_ERROR(IsRollback(request) ? SetRollbackSources(draft)
                                      : SetSources(draft));
  RETURN_IF_ERROR(PlanGroups(draft));
  RETURN_IF_ERROR(MakeCohorts(draft));
  RETURN_IF_ERROR(SetWaves(draft));

  v1::FleetPlan& fleet_plan = draft.fleet_plan;
  for (v1::TargetFinding& finding :
       CheckFleet(calls_, fleet_plan, [&](int done, int all) {
         progress("checking targets", done, all);
       })) {
    *fleet_plan.add_findings() = std::move(finding);
  }
  fleet_plan.set_cause(IsRollback(request) ? v1::ROLLBACK : v1::ROLLOUT);
  fleet_plan.set_selector(
      request.selectors().empty()
          ? absl::StrCat("changed by ", request.rollback_rollout())
          : absl::StrJoin(request.selectors(), " "));
  fleet_plan.set_requested_by(request.requested_by());
  fleet_plan.set_created_ms(clock_.WallMs());
  fleet_plan.set_digest(RolloutDigest(fleet_plan));
  fleet_plan.set_id(FleetPlanId(fleet_plan.digest()));
  // A plan of nothing cannot be started, so nobody needs it again.
  if (!fleet_plan.cohorts().empty()) RETURN_IF_ERROR(Record(draft));
  return std::move(draft.fleet_plan);
}

absl::StatusOr<std::vector<v1::Target>> Planner::SelectTargets(
    const v1::MakePlanRequest& request) const {
  std::vector<v1::Target> all = fleet_.Targets();
  if (!request.rollback_rollout().empty()) {
    ASSIGN_OR_RETURN(const v1::Rollout rollout,
                     view_.Rollout(request.rollback_rollout()));
    std::set<std::string> changed;
    for (const v1::TargetProgress& target : rollout.targets()) {
      if (RollbackVersion(request, target.target()).ok()) {
        changed.insert(target.target());
      }
    }
    if (changed.empty()) {
      return absl::FailedPreconditionError(
          absl::StrCat("rollout ", rollout.id(),
                       " changed no target; nothing to roll back"));
    }
    all.erase(std::remove_if(all.begin(), all.end(),
                             [&](const v1::Target& target) {
                               return changed.count(target.name()) == 0;
                             }),
              all.end());
  }
  return Select(all, {request.selectors().begin(), request.selectors().end()},
                {request.exclude().begin(), request.exclude().end()},
                StandingIn(fleet_, view_));
}

absl::Status Planner::SetPolicy(Draft& draft) const {
  const v1::MakePlanRequest& request = draft.request;
  v1::Policy policy = DefaultPolicy();
  if (!request.policy_yaml().empty()) {
    ASSIGN_OR_RETURN(
        policy, ParsePolicy(request.policy_yaml(), request.policy_file_name()));
  }
  draft.options.scope = request.scope();
  draft.options.drop_tables = request.allow_drop_tables();
  draft.options.offline = request.offline();
  draft.options.lock_timeout_ms = policy.lock_timeout_ms();
  HazardPolicy& hazards = draft.options.hazards;
  hazards.allow_all = request.allow_all_hazards();
  for (const auto* list : {&request.allow_hazards(), &policy.allow_hazards()}) {
    for (int type : *list) {
      hazards.allowed.insert(static_cast<v1::HazardType>(type));
    }
  }
  hazards.max_risk = request.max_risk();
  if (policy.max_risk() > 0 &&
      (hazards.max_risk == 0 || policy.max_risk() < hazards.max_risk)) {
    hazards.max_risk = policy.max_risk();
  }
  *draft.fleet_plan.mutable_policy() = std::move(policy);
  return absl::OkStatus();
}

void Planner::Classify(const std::vector<v1::Target>& targets,
                       Draft& draft) const {
  v1::FleetPlan& fleet_plan = draft.fleet_plan;
  for (const v1::Target& target : targets) {
    const absl::StatusOr<TargetSnapshot> found = fleet_.Find(target.name());
    if (!found.ok()) continue;
    const TargetSnapshot& now = *found;
    if (now.target.read_only()) {
      AddNote(target.name(), "is read-only: a source, never a target",
              fleet_plan.mutable_refused());
    } else if (!now.connected || IsAway(now.error)) {
      AddNote(target.name(),
              now.connected ? std::string(now.error.message())
                            : DescribeAway(now, clock_.WallMs()),
              fleet_plan.mutable_unreachable());
    } else if (!now.rollout.empty()) {
      AddNote(target.name(),
              absl::StrCat("rollout ", now.rollout, " is running there"),
              fleet_plan.mutable_busy());
    } else if (!now.error.ok()) {
      AddNote(target.name(), now.error.message(), fleet_plan.mutable_refused());
    } else {
      draft.wanted.push_back({now, nullptr});
    }
  }
}

absl::Status Planner::SetSources(Draft& draft) const {
  const v1::MakePlanRequest& request = draft.request;
  auto source = std::make_shared<Source>();
  if (!request.sql().empty()) {
    draft.progress("loading SQL", 0, 1);
    std::vector<std::string> names;
    for (const Wanted& one : draft.wanted) {
      names.push_back(one.now.target.name());
    }
    if (names.empty()) {
      return absl::UnavailableError(
          "no selected target can be reached, so there is no scratch database "
          "to load the SQL into");
    }
    ASSIGN_OR_RETURN(*source, sources_.FromSql(request.sql(),
                                               request.sql_file_name(), names));
  } else {
    ASSIGN_OR_RETURN(*source, sources_.Resolve(request.source()));
  }
  draft.fleet_plan.set_source(source->name);
  draft.fleet_plan.set_source_fingerprint(source->fingerprint);
  const v1::Engine engine = source->schema->info().engine;
  std::vector<Wanted> kept;
  for (Wanted& one : draft.wanted) {
    // A live source is not made equal to itself; it may go back to an earlier
    // version of its own.
    if (one.now.target.name() == source->target &&
        !absl::StrContains(request.source(), '@')) {
      continue;
    }
    if (one.now.target.engine() != engine) {
      AddNote(one.now.target.name(),
              absl::StrCat("is ", EngineName(one.now.target.engine()),
                           ", the source is ", EngineName(engine)),
              draft.fleet_plan.mutable_refused());
      continue;
    }
    one.source = source;
    kept.push_back(std::move(one));
  }
  draft.wanted = std::move(kept);
  return absl::OkStatus();
}

absl::StatusOr<v1::Version> Planner::RollbackVersion(
    const v1::MakePlanRequest& request, const std::string& target) const {
  if (!request.rollback_to().empty()) {
    return view_.Find(target, request.rollback_to());
  }
  const std::vector<v1::Version> versions = view_.Versions(target);
  for (size_t i = 1; i < versions.size(); ++i) {
    if (versions[i].rollout() == request.rollback_rollout()) {
      return versions[i - 1];
    }
  }
  return absl::NotFoundError(
      absl::StrCat("rollout ", request.rollback_rollout(),
                   " left nothing to go back from on ", target));
}

absl::Status Planner::SetRollbackSources(Draft& draft) const {
  const v1::MakePlanRequest& request = draft.request;
  draft.fleet_plan.set_source(
      request.rollback_to().empty()
          ? absl::StrCat("before ", request.rollback_rollout())
          : absl::StrCat("version ", Printable(request.rollback_to())));
  std::map<std::string, std::shared_ptr<const Source>> sources;
  std::vector<Wanted> kept;
  for (Wanted& one : draft.wanted) {
    const std::string& name = one.now.target.name();
    const absl::StatusOr<v1::Version> version = RollbackVersion(request, name);
    if (!version.ok()) {
      AddNote(name, version.status().message(),
              draft.fleet_plan.mutable_refused());
      continue;
    }
    std::shared_ptr<const Source>& source = sources[version->fingerprint()];
    if (source == nullptr) {
      ASSIGN_OR_RETURN(Source resolved, sources_.OfVersion(*version));
      source = std::make_shared<const Source>(std::move(resolved));
    }
    one.source = source;
    kept.push_back(std::move(one));
  }
  draft.wanted = std::move(kept);
  if (sources.size() == 1) {
    draft.fleet_plan.set_source_fingerprint(sources.begin()->first);
  }
  return absl::OkStatus();
}

absl::Status Planner::PlanGroups(Draft& draft) const {
  std::vector<CohortMember> members;
  std::map<std::string, const Wanted*> by_name;
  for (const Wanted& one : draft.wanted) {
    const v1::Target& target = one.now.target;
    const absl::StatusOr<const Dialect*> dialect = DialectOf(target.engine());
    if (!dialect.ok()) {
      AddNote(target.name(), dialect.status().message(),
              draft.fleet_plan.mutable_refused());
      continue;
    }
    members.push_back({target.name(), target.engine(), target.flavour(),
                       (*dialect)->Major(target.server_version()),
                       one.now.fingerprint, one.source->fingerprint});
    by_name[target.name()] = &one;
  }
  const std::vector<TargetGroup> groups = GroupTargets(members);
  int done = 0;
  for (const TargetGroup& group : groups) {
    draft.progress("planning", done++, groups.size());
    const absl::StatusOr<std::shared_ptr<const Schema>> whole =
        sources_.Load(group.from_fingerprint);
    if (!whole.ok() && !absl::IsNotFound(whole.status())) {
      return whole.status();
    }
    if (!whole.ok()) {
      for (const std::string& target : group.targets) {
        AddNote(target, "its schema changed while it was read; plan again",
                draft.fleet_plan.mutable_refused());
      }
      continue;
    }
    RETURN_IF_ERROR(
        PlanGroup(group, *by_name[group.targets.front()], **whole, draft));
  }
  return absl::OkStatus();
}

absl::Status Planner::PlanGroup(const TargetGroup& group, const Wanted& example,
                                const Schema& whole, Draft& draft) const {
  const v1::Target& target = example.now.target;
  const SchemaInfo server{target.engine(), target.flavour(),
                          target.server_version()};
  const auto& hints = draft.request.renames();
  absl::StatusOr<CohortPlan> planned = PlanRenamed(
      {hints.begin(), hints.end()}, *example.source->schema, whole, server,
      draft.options, group.targets, sources_);
  if (!planned.ok()) {
    // What no plan can do is said per target; the rest stops everything.
    if (!absl::IsFailedPrecondition(planned.status()) ||
        absl::StartsWith(planned.status().message(), "stopped by policy")) {
      return planned.status();
    }
    for (const std::string& name : group.targets) {
      AddNote(name, planned.status().message(),
              draft.fleet_plan.mutable_refused());
    }
    return absl::OkStatus();
  }
  const v1::Plan& plan = planned->plan;
  for (const std::string& name : group.targets) {
    if (plan.statements().empty()) {
      *draft.fleet_plan.add_in_sync() = name;
    } else {
      draft.members.push_back({name, group.engine, group.flavour,
                               group.server_major, plan.from_fingerprint(),
                               plan.id()});
    }
  }
  if (!plan.statements().empty()) {
    draft.plans.try_emplace(plan.id(), *std::move(planned));
  }
  return absl::OkStatus();
}

// Groups anew, by plan: in a scope, targets that differ elsewhere are alike.
absl::Status Planner::MakeCohorts(Draft& draft) const {
  v1::FleetPlan& fleet_plan = draft.fleet_plan;
  std::sort(fleet_plan.mutable_in_sync()->begin(),
            fleet_plan.mutable_in_sync()->end());
  std::sort(fleet_plan.mutable_refused()->begin(),
            fleet_plan.mutable_refused()->end(),
            [](const v1::TargetNote& a, const v1::TargetNote& b) {
              return a.target() < b.target();
            });
  const std::vector<TargetGroup> groups = GroupTargets(draft.members);
  fleet_plan.mutable_cohorts()->Reserve(groups.size());
  std::vector<Rehearsal> rehearsals;
  for (const TargetGroup& group : groups) {
    v1::Cohort* cohort = fleet_plan.add_cohorts();
    cohort->set_name(group.name);
    const CohortPlan& planned = draft.plans.at(group.to_fingerprint);
    *cohort->mutable_plan() = planned.plan;
    for (const std::string& target : group.targets) {
      *cohort->add_targets() = target;
    }
    rehearsals.push_back({cohort, planned.from});
  }
  if (draft.request.skip_rehearsal() || rehearsals.empty()) {
    return absl::OkStatus();
  }
  const int total = rehearsals.size();
  draft.progress("rehearsing", 0, total);
  return RehearseAll(calls_, rehearsals, [&](int done) {
    draft.progress("rehearsing", done, total);
  });
}

absl::Status Planner::SetWaves(Draft& draft) const {
  std::set<std::string> changing;
  for (const CohortMember& member : draft.members) {
    changing.insert(member.target);
  }
  if (changing.empty()) return absl::OkStatus();
  std::vector<v1::Target> targets;
  for (const Wanted& one : draft.wanted) {
    if (changing.count(one.now.target.name()) > 0) {
      targets.push_back(one.now.target);
    }
  }
  ASSIGN_OR_RETURN(std::vector<v1::Wave> waves,
                   BuildWaves(draft.fleet_plan.policy(), targets));
  if (IsRollback(draft.request)) waves = Reversed(std::move(waves));
  for (v1::Wave& wave : waves) {
    wave.set_state(v1::WAVE_WAITING);
    *draft.fleet_plan.add_waves() = std::move(wave);
  }
  return absl::OkStatus();
}

absl::Status Planner::Record(const Draft& draft) const {
  Batch batch;
  std::set<std::string> stored;
  for (const v1::Cohort& cohort : draft.fleet_plan.cohorts()) {
    std::string bytes = cohort.plan().SerializeAsString();
    batch.aliases.emplace_back(PlanAlias(cohort.plan().id()), Sha256Hex(bytes));
    batch.content.push_back(std::move(bytes));
  }
  // What a whole target is after its rollout needs no reading then.
  for (const auto& [id, planned] : draft.plans) {
    const std::string& fingerprint = planned.plan.to_fingerprint();
    const bool is_whole = draft.request.scope().SerializeAsString().empty();
    if (!is_whole || !stored.insert(fingerprint).second) continue;
    AddSchema(ToProto(*planned.to), fingerprint, log_, &batch);
  }
  v1::Record record;
  record.set_stream(std::string(kFleetStream));
  record.set_time_ms(draft.fleet_plan.created_ms());
  *record.mutable_fleet_plan()->mutable_fleet_plan() = draft.fleet_plan;
  batch.records.push_back(std::move(record));
  return log_.Append(&batch);
}

absl::Status Planner::CheckTargets(const v1::FleetPlan& fleet_plan) const {
  const auto& known = fleet_plan.findings();
  const bool is_clear =
      BlockedBy({known.begin(), known.end()}, fleet_plan).ok();
  if (is_clear && clock_.WallMs() - fleet_plan.created_ms() < kChecksGoodMs) {
    return absl::OkStatus();
  }
  return BlockedBy(CheckFleet(calls_, fleet_plan, [](int, int) {}), fleet_plan);
}

absl::Status Planner::CheckFresh(const v1::FleetPlan& fleet_plan) const {
  std::vector<std::string> stale;
  for (const v1::Cohort& cohort : fleet_plan.cohorts()) {
    const v1::Plan& plan = cohort.plan();
    ASSIGN_OR_RETURN(const Dialect* dialect, DialectOf(plan.engine()));
    std::map<std::string, bool> fresh;  // by whole fingerprint
    for (const std::string& target : cohort.targets()) {
      ASSIGN_OR_RETURN(const TargetSnapshot now, fleet_.Find(target));
      const auto [known, inserted] = fresh.try_emplace(
          now.fingerprint, now.fingerprint == plan.from_fingerprint());
      if (inserted && !known->second && !now.fingerprint.empty()) {
        // Outside of the plan's scope a schema may have changed.
        absl::StatusOr<std::shared_ptr<const Schema>> whole =
            sources_.Load(now.fingerprint);
        if (whole.ok()) {
          ASSIGN_OR_RETURN(const Schema scoped,
                           ApplyScope(**whole, plan.scope()));
          known->second =
              Fingerprint(scoped, dialect->specs()) == plan.from_fingerprint();
        }
      }
      // One that has not reported yet is checked by its agent.
      if (!known->second && !now.fingerprint.empty()) stale.push_back(target);
    }
  }
  if (stale.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "plan ", fleet_plan.id(), " is stale on ", stale.size(),
      stale.size() == 1 ? " target: " : " targets: ", FoldedNames(stale),
      "; run fleetctl plan again"));
}

}  // namespace fleet
