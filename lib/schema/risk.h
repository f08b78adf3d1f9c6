#ifndef LIB_SCHEMA_RISK_H_
#define LIB_SCHEMA_RISK_H_

#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "lib/schema/diff.h"
#include "lib/schema/kind_spec.h"
#include "proto/plan.pb.h"

// Risk 0–100 of a change, its band, and the policy on hazards. Rules are rows.
// Pure.

namespace fleet {

// From the kind's and the attributes' rows; dropping what holds data is at
// least 75, anything carried along by another change has that change's risk at
// most.
int RiskOf(const Difference& difference, KindSpecs specs);

// "low" (0–24), "medium" (25–49), "high" (50–79), "critical" (80–100).
absl::string_view RiskBand(int risk);

// "DELETES_DATA" <-> enum; InvalidArgument with the known names.
absl::string_view HazardName(v1::HazardType type);
absl::StatusOr<v1::HazardType> ParseHazard(absl::string_view name);

// Hazards that stop a plan unless they are allowed by name. The others
// (short locks, index builds) are shown.
bool MustBeAllowed(v1::HazardType type);

struct HazardPolicy {
  bool allow_all = false;
  std::set<v1::HazardType> allowed;
  int max_risk = 0;  // 0: no limit
};

// FailedPrecondition naming each hazard that stops the plan, the statement's
// object, and the flag to add. OK when nothing does.
absl::Status CheckHazards(const v1::Plan& plan, const HazardPolicy& policy);

}  // namespace fleet

#endif  // LIB_SCHEMA_RISK_H_
