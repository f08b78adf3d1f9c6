#ifndef CLI_PRINT_PLAN_H_
#define CLI_PRINT_PLAN_H_

#include <string>
#include <vector>

#include "cli/style.h"
#include "proto/rollout.pb.h"

// A fleet plan for people: cohorts with folded names, what changes, statements,
// hazards, waves, and the totals last. Pure.

namespace fleet {

struct PlanDetail {
  bool summary = false;  // counts only, no statements
  bool expand = false;   // target names one by one
};

std::string PrintFleetPlan(const v1::FleetPlan& plan, const Style& style,
                           const PlanDetail& detail);

// Every cohort's script for the engine's own client, with the targets as
// comments.
std::string PrintFleetPlanSql(const v1::FleetPlan& plan);

std::string PrintWaves(
    const google::protobuf::RepeatedPtrField<v1::Wave>& waves,
    const Style& style);

// Hazards in the plan that destroy something: the reader types the plan's id.
bool NeedsTypedId(const v1::FleetPlan& plan);

// How many targets the plan changes.
int TargetCount(const v1::FleetPlan& plan);

// "10s", "5m", "1h30m"
std::string PrintDuration(int64_t milliseconds);

}  // namespace fleet

#endif  // CLI_PRINT_PLAN_H_
