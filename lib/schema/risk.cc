#include "lib/schema/risk.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "lib/base/printable.h"
#include "lib/base/suggest.h"
#include "lib/schema/kind.h"

namespace fleet {
namespace {

constexpr int kRiskOfLosingData = 75;
constexpr int kRiskOfRebuild = 40;

struct HazardRow {
  v1::HazardType type;
  // Without its name in --allow-hazards the plan stops.
  bool must_be_allowed;
};

constexpr HazardRow kHazards[] = {
    {v1::DELETES_DATA, true},
    {v1::ACQUIRES_ACCESS_EXCLUSIVE_LOCK, false},
    {v1::ACQUIRES_SHARE_LOCK, false},
    {v1::ACQUIRES_SHARE_ROW_EXCLUSIVE_LOCK, false},
    {v1::INDEX_BUILD, false},
    {v1::INDEX_DROPPED, false},
    {v1::TABLE_REWRITE, false},
    {v1::FULL_SCAN, false},
    {v1::DATA_DEPENDENT, false},
    {v1::BREAKS_CLIENTS, false},
    {v1::AUTHZ_UPDATE, true},
    {v1::IRREVERSIBLE, true},
    {v1::CORRECTNESS, false},
    {v1::NOT_ATOMIC, true},
};

int RiskOfAttributes(const Difference& difference, const KindSpec& spec) {
  int risk = 0;
  for (absl::string_view name : difference.changed) {
    for (const AttributeSpec& row : spec.attributes) {
      if (row.name == name) risk = std::max(risk, row.risk);
    }
  }
  return risk;
}

}  // namespace

int RiskOf(const Difference& difference, KindSpecs specs) {
  const Kind& kind = KindOf(difference.key().kind);
  const size_t index = static_cast<size_t>(difference.key().kind);
  const KindSpec spec = index < specs.size() ? specs[index] : KindSpec();
  switch (difference.op) {
    case v1::CREATE:
      return spec.create_risk;
    case v1::DROP:
      return kind.holds_data ? std::max(spec.drop_risk, kRiskOfLosingData)
                             : spec.drop_risk;
    case v1::REBUILD:
      return std::max(kRiskOfRebuild, RiskOfAttributes(difference, spec));
    case v1::RECREATE:
      if (!difference.because.path.empty()) return spec.create_risk;
      return std::max({spec.create_risk, RiskOfAttributes(difference, spec)});
    default:
      return RiskOfAttributes(difference, spec);
  }
}

absl::string_view RiskBand(int risk) {
  if (risk >= 80) return "critical";
  if (risk >= 50) return "high";
  return risk >= 25 ? "medium" : "low";
}

absl::string_view HazardName(v1::HazardType type) {
  for (const HazardRow& row : kHazards) {
    if (row.type == type) return v1::HazardType_Name(row.type);
  }
  return "UNKNOWN_HAZARD";
}

absl::StatusOr<v1::HazardType> ParseHazard(absl::string_view name) {
  std::vector<std::string> names;
  for (const HazardRow& row : kHazards) {
    if (HazardName(row.type) == name) return row.type;
    names.emplace_back(HazardName(row.type));
  }
  std::string hint = DidYouMean(name, names);
  if (hint.empty()) {
    hint = absl::StrCat("; known: ", absl::StrJoin(names, ", "));
  }
  return absl::InvalidArgumentError(
      absl::StrCat("unknown hazard \"", name, "\"", hint));
}

bool MustBeAllowed(v1::HazardType type) {
  for (const HazardRow& row : kHazards) {
    if (row.type == type) return row.must_be_allowed;
  }
  return true;  // a newer peer's hazard: not known to be harmless
}

absl::Status CheckHazards(const v1::Plan& plan, const HazardPolicy& policy) {
  std::string text;
  std::set<std::string> missing;
  if (!policy.allow_all) {
    for (const v1::Statement& statement : plan.statements()) {
      for (const v1::Hazard& hazard : statement.hazards()) {
        if (!MustBeAllowed(hazard.type()) ||
            policy.allowed.count(hazard.type()) > 0) {
          continue;
        }
        missing.emplace(HazardName(hazard.type()));
        absl::StrAppend(
            &text, "\n  ",
            Describe(ObjectKey{
                statement.kind(),
                Path({statement.path().begin(), statement.path().end()})}),
            "  ", HazardName(hazard.type()), ": ", Printable(hazard.message()));
      }
    }
  }
  if (!missing.empty()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "stopped by policy: the plan has hazards that were not allowed", text,
        "\n  to allow them: --allow-hazards ", absl::StrJoin(missing, ",")));
  }
  if (policy.max_risk > 0 && plan.risk() > policy.max_risk) {
    return absl::FailedPreconditionError(absl::StrCat(
        "stopped by policy: the plan's risk is ", plan.risk(), " (",
        RiskBand(plan.risk()), "), the limit is ", policy.max_risk,
        "; raise --max-risk, or take the riskiest change out of the source"));
  }
  return absl::OkStatus();
}

}  // namespace fleet
