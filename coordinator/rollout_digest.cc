#include "coordinator/rollout_digest.h"

#include <algorithm>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lib/base/digest.h"

namespace fleet {
namespace {

using Bound = std::tuple<std::string, std::string, std::string>;

std::string DigestOf(const std::string& source_fingerprint,
                     std::vector<Bound> targets, const v1::Policy& policy) {
  std::sort(targets.begin(), targets.end());
  Digest digest;
  digest.AddField("rollout 1");
  digest.AddField(source_fingerprint);
  digest.AddField(absl::StrCat(targets.size()));
  for (const auto& [target, from, plan] : targets) {
    digest.AddField(target);
    digest.AddField(from);
    digest.AddField(plan);
  }
  // No message in there has a map, so equal policies have equal bytes.
  digest.AddField(policy.SerializeAsString());
  return digest.Hex();
}

}  // namespace

std::string RolloutDigest(const v1::FleetPlan& plan) {
  std::vector<Bound> targets;
  for (const v1::Cohort& cohort : plan.cohorts()) {
    for (const std::string& target : cohort.targets()) {
      targets.emplace_back(target, cohort.plan().from_fingerprint(),
                           cohort.plan().id());
    }
  }
  return DigestOf(plan.source_fingerprint(), std::move(targets), plan.policy());
}

std::string RolloutDigest(const v1::Rollout& rollout) {
  std::vector<Bound> targets;
  for (const v1::TargetProgress& target : rollout.targets()) {
    targets.emplace_back(target.target(), target.from_fingerprint(),
                         target.plan_id());
  }
  return DigestOf(rollout.source_fingerprint(), std::move(targets),
                  rollout.policy());
}

std::string FleetPlanId(const std::string& digest) {
  return absl::StrCat("p-", digest.substr(0, 10));
}

}  // namespace fleet
