#include "agent/rollback_command.h"

#include <cstdio>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "agent/break_glass.h"
#include "lib/base/clock.h"
#include "lib/base/printable.h"
#include "lib/base/status.h"
#include "lib/engine/make_plan.h"
#include "lib/engine/registry.h"

namespace fleet {
namespace {

absl::StatusOr<HazardPolicy> PolicyOf(const std::vector<std::string>& lists) {
  HazardPolicy policy;
  for (const std::string& list : lists) {
    for (absl::string_view name :
         absl::StrSplit(list, ',', absl::SkipWhitespace())) {
      if (name == "all") {
        policy.allow_all = true;
        continue;
      }
      ASSIGN_OR_RETURN(const v1::HazardType hazard, ParseHazard(name));
      policy.allowed.insert(hazard);
    }
  }
  return policy;
}

}  // namespace

absl::Status RollbackCommand::Run(const AgentConfig& config) const {
  if (!break_glass && !dry_run) {
    return absl::InvalidArgumentError(
        "this goes past the coordinator; where there is one run fleetctl "
        "rollback, else say --break-glass");
  }
  BreakGlassRequest request;
  request.version = to;
  request.drop_tables = drop_tables;
  request.rehearse = !no_rehearsal;
  ASSIGN_OR_RETURN(request.hazards, PolicyOf(allow_hazards));
  ASSIGN_OR_RETURN(const std::unique_ptr<BreakGlass> glass,
                   BreakGlass::Open(config, target, SystemClock()));
  ASSIGN_OR_RETURN(const v1::Plan plan, glass->Plan(request));
  if (plan.statements().empty()) {
    std::fprintf(stderr, "%s is at version %s already\n",
                 Printable(target).c_str(), Printable(to).c_str());
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const Dialect* dialect, DialectOf(plan.engine()));
  std::fputs(PlanToScript(plan, *dialect).c_str(), stdout);
  std::fflush(stdout);
  if (dry_run) return absl::OkStatus();
  ASSIGN_OR_RETURN(const v1::Result result, glass->Apply(plan));
  if (result.state() != v1::TARGET_HEALTHY) {
    return absl::FailedPreconditionError(absl::StrCat(
        target, " is not at version ", to, " (",
        v1::TargetState_Name(result.state()), "): ", result.message()));
  }
  std::fprintf(stderr,
               "%s is at version %s. Start the agent again; the coordinator "
               "will record this as drift.\n",
               Printable(target).c_str(), Printable(to).c_str());
  return absl::OkStatus();
}

}  // namespace fleet
