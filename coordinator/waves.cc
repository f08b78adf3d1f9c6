#include "coordinator/waves.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "coordinator/rollout.h"
#include "coordinator/selector.h"
#include "lib/base/fold_names.h"
#include "lib/base/status.h"

namespace fleet {
namespace {

using Targets = std::vector<const v1::Target*>;

// Percentages round down.
int Resolve(const v1::Amount& amount, size_t targets) {
  if (amount.percent() == 0) return amount.count();
  return static_cast<int64_t>(targets) * amount.percent() / 100;
}

void Order(const v1::WavePolicy& policy, Targets* targets) {
  bool by_region = false;
  for (const std::string& key : policy.order_by()) {
    if (key == "name") break;  // names are unique: nothing comes after
    by_region = by_region || key == "region";
  }
  std::sort(targets->begin(), targets->end(),
            [by_region](const v1::Target* a, const v1::Target* b) {
              if (by_region && a->region() != b->region()) {
                return a->region() < b->region();
              }
              return a->name() < b->name();
            });
}

v1::Wave MakeWave(const v1::WavePolicy& policy, const std::string& name,
                  bool first, const Targets& targets) {
  v1::Wave wave;
  wave.set_name(name);
  for (const v1::Target* target : targets) wave.add_targets(target->name());
  wave.set_max_parallel(
      std::max(Resolve(policy.max_parallel(), targets.size()), 1));
  wave.set_failure_tolerance(
      Resolve(policy.failure_tolerance(), targets.size()));
  wave.set_bake_ms(policy.bake_ms());
  wave.set_manual_promotion(policy.promote() == v1::MANUAL ||
                            (policy.promote() == v1::MANUAL_FIRST && first));
  wave.set_state(v1::WAVE_WAITING);
  wave.set_reason(std::string(kWaitsForWave));
  return wave;
}

// The regions of the targets: those that the policy names in its order, then
// the others by name.
std::vector<std::string> RegionOrder(const v1::Policy& policy,
                                     const std::vector<v1::Target>& targets) {
  std::set<std::string> left;
  for (const v1::Target& target : targets) left.insert(target.region());
  std::vector<std::string> order;
  for (const std::string& region : policy.regions()) {
    if (left.erase(region) > 0) order.push_back(region);
  }
  order.insert(order.end(), left.begin(), left.end());
  return order;
}

// The targets of `left` that belong to the wave, taken out of `left`.
Targets Take(const v1::WavePolicy& policy, const Selector& selector,
             const std::string* region, Targets* left) {
  Targets taken;
  for (const v1::Target* target : *left) {
    if (region != nullptr && target->region() != *region) continue;
    if (selector.Matches(*target)) taken.push_back(target);
  }
  Order(policy, &taken);
  if (policy.canary() > 0 &&
      taken.size() > static_cast<size_t>(policy.canary())) {
    taken.resize(policy.canary());
  }
  const std::set<const v1::Target*> gone(taken.begin(), taken.end());
  left->erase(std::remove_if(left->begin(), left->end(),
                             [&](const v1::Target* target) {
                               return gone.count(target) > 0;
                             }),
              left->end());
  return taken;
}

absl::Status CheckNames(const std::vector<v1::Wave>& waves) {
  std::set<std::string> names;
  for (const v1::Wave& wave : waves) {
    if (!names.insert(wave.name()).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("the policy makes two waves named \"", wave.name(),
                       "\"; name one of them otherwise"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<v1::Wave>> BuildWaves(
    const v1::Policy& policy, const std::vector<v1::Target>& targets) {
  Targets left;
  for (const v1::Target& target : targets) left.push_back(&target);
  const std::vector<std::string> regions = RegionOrder(policy, targets);
  std::vector<v1::Wave> waves;
  for (const v1::WavePolicy& wave : policy.waves()) {
    ASSIGN_OR_RETURN(
        const Selector selector,
        Selector::Parse(wave.match().empty() ? "all" : wave.match()));
    if (wave.each().empty()) {
      const Targets taken = Take(wave, selector, nullptr, &left);
      if (!taken.empty()) {
        waves.push_back(MakeWave(wave, wave.name(), true, taken));
      }
      continue;
    }
    bool first = true;
    for (const std::string& region : regions) {
      const Targets taken = Take(wave, selector, &region, &left);
      if (taken.empty()) continue;
      const std::string name = absl::StrReplaceAll(
          wave.name(), {{"{{region}}", region.empty() ? "no-region" : region}});
      waves.push_back(MakeWave(wave, name, first, taken));
      first = false;
    }
  }
  if (!left.empty()) {
    std::vector<std::string> names;
    for (const v1::Target* target : left) names.push_back(target->name());
    return absl::InvalidArgumentError(absl::StrCat(
        "no wave of policy \"", policy.name(), "\" matches ",
        FoldedNames(names), "; end the policy with a wave that has no match"));
  }
  RETURN_IF_ERROR(CheckNames(waves));
  return waves;
}

v1::Policy DefaultPolicy() {
  v1::Policy policy;
  policy.set_name("default");
  policy.set_on_failure(v1::HALT);
  policy.set_target_deadline_ms(5 * 60 * 1000);
  policy.set_lock_retries(5);
  for (const char* name : {"canary", "{{region}}"}) {
    v1::WavePolicy& wave = *policy.add_waves();
    wave.set_name(name);
    wave.add_order_by("name");
    wave.mutable_max_parallel()->set_count(1);
    wave.mutable_failure_tolerance();
    wave.set_bake_ms(10'000);
    wave.set_promote(v1::AUTO);
  }
  policy.mutable_waves(0)->set_canary(1);
  policy.mutable_waves(1)->set_each("region");
  policy.mutable_waves(1)->set_promote(v1::MANUAL_FIRST);
  return policy;
}

std::vector<v1::Wave> Reversed(std::vector<v1::Wave> waves) {
  std::reverse(waves.begin(), waves.end());
  return waves;
}

}  // namespace fleet
