#include "coordinator/cohort_plan.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lib/base/status.h"
#include "lib/engine/make_plan.h"
#include "lib/engine/registry.h"
#include "lib/schema/fingerprint.h"
#include "lib/schema/scope.h"

namespace fleet {
namespace {

constexpr absl::string_view kStopped = "stopped by policy: ";

absl::Status StoppedByPolicy(const absl::Status& status) {
  if (status.ok() || absl::StartsWith(status.message(), kStopped)) {
    return status;
  }
  return absl::FailedPreconditionError(
      absl::StrCat(kStopped, status.message()));
}

}  // namespace

RenderOptions RenderOptionsOf(const CohortPlanOptions& options) {
  RenderOptions render;
  render.for_many_targets = true;
  if (options.lock_timeout_ms > 0) {
    render.lock_timeout_ms = options.lock_timeout_ms;
  }
  render.online = !options.offline;
  return render;
}

absl::StatusOr<CohortPlan> PlanCohort(const Schema& source,
                                      const Schema& target,
                                      const SchemaInfo& server,
                                      const CohortPlanOptions& options,
                                      const Renamed* renamed) {
  ASSIGN_OR_RETURN(const Dialect* dialect, DialectOf(server.engine));
  ASSIGN_OR_RETURN(const Schema wanted,
                   ApplySourceScope(source, options.scope));
  ASSIGN_OR_RETURN(Schema from, ApplyScope(target, options.scope));
  KeepOptions keep;
  keep.drop_tables = options.drop_tables;
  ASSIGN_OR_RETURN(
      Expected expected,
      ExpectedSchema(wanted, renamed != nullptr ? renamed->schema : from,
                     keep));

  CohortPlan result;
  result.from = std::make_shared<const Schema>(std::move(from));
  result.to = std::make_shared<const Schema>(std::move(expected.schema));
  const std::string from_fingerprint =
      Fingerprint(*result.from, dialect->specs());
  if (from_fingerprint == Fingerprint(*result.to, dialect->specs())) {
    result.plan.set_from_fingerprint(from_fingerprint);
    result.plan.set_to_fingerprint(from_fingerprint);
    return result;
  }
  PlanOptions plan_options;
  plan_options.render = RenderOptionsOf(options);
  plan_options.renamed = renamed;
  const Schema& start = renamed != nullptr ? renamed->schema : *result.from;
  ASSIGN_OR_RETURN(result.plan,
                   MakePlan(start, *result.to, *dialect, server, plan_options));
  // Tables that only the target has are kept, and may be the source's.
  result.plan.clear_rename_hints();
  for (std::string& hint : SuggestRenames(start, wanted, dialect->specs())) {
    result.plan.add_rename_hints(std::move(hint));
  }
  *result.plan.mutable_scope() = options.scope;
  for (std::string& path : expected.kept) {
    *result.plan.add_kept() = std::move(path);
  }
  result.plan.set_id(PlanId(result.plan));
  RETURN_IF_ERROR(StoppedByPolicy(CheckHazards(result.plan, options.hazards)));
  return result;
}

absl::Status CheckRehearsed(const v1::Plan& plan, const v1::Plan& rehearsed) {
  // Everything but the fingerprints between the statements must be as it was.
  v1::Plan stripped = rehearsed;
  v1::Plan wanted = plan;
  for (v1::Plan* one : {&stripped, &wanted}) {
    one->clear_id();
    one->clear_rehearsed();
    for (auto* statements :
         {one->mutable_statements(), one->mutable_reverse()}) {
      for (v1::Statement& statement : *statements) {
        statement.clear_fingerprint_after();
        if (statement.has_leftover()) {
          statement.mutable_leftover()->clear_fingerprint();
        }
      }
    }
  }
  if (stripped.SerializeAsString() != wanted.SerializeAsString()) {
    return absl::InternalError(
        "the agent rehearsed another plan than it was given");
  }
  if (PlanId(rehearsed) != rehearsed.id()) {
    return absl::InternalError("the rehearsed plan does not hash to its id");
  }
  return absl::OkStatus();
}

}  // namespace fleet
