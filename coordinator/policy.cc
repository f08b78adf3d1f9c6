#include "coordinator/policy.h"

#include <cstdint>
#include <limits>
#include <set>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "coordinator/selector.h"
#include "coordinator/waves.h"
#include "lib/base/status.h"
#include "lib/base/suggest.h"
#include "lib/base/yaml.h"
#include "lib/engine/registry.h"

namespace fleet {
namespace {

constexpr absl::string_view kRegionMark = "{{region}}";
constexpr int64_t kOnlineChangeFromBytes = int64_t{1} << 30;

// `node` holds one of `words`; its index, or `fallback` when it is absent.
absl::StatusOr<int> OneOf(const YamlNode& node,
                          const std::vector<std::string>& words, int fallback) {
  if (!node.IsPresent()) return fallback;
  ASSIGN_OR_RETURN(const std::string text, node.Text(""));
  for (size_t i = 0; i < words.size(); ++i) {
    if (words[i] == text) return i;
  }
  return node.Error(absl::StrCat("unknown value \"", text,
                                 "\"; known: ", absl::StrJoin(words, ", "),
                                 DidYouMean(text, words)));
}

absl::StatusOr<int32_t> IntegerIn(const YamlNode& node, int32_t fallback,
                                  int32_t min, int32_t max) {
  ASSIGN_OR_RETURN(const int64_t value, node.Integer(fallback));
  if (value >= min && value <= max) return static_cast<int32_t>(value);
  if (max == std::numeric_limits<int32_t>::max()) {
    return node.Error(absl::StrCat("have ", value, ", want at least ", min));
  }
  return node.Error(absl::StrCat("have ", value, ", want ", min, " to ", max));
}

// "5" or "50%".
absl::StatusOr<v1::Amount> ParseAmount(const YamlNode& node, int32_t fallback,
                                       int32_t min) {
  v1::Amount amount;
  amount.set_count(fallback);
  if (!node.IsPresent()) return amount;
  ASSIGN_OR_RETURN(const std::string text, node.Text(""));
  absl::string_view digits = text;
  const bool percent = absl::ConsumeSuffix(&digits, "%");
  int32_t value = 0;
  if (!absl::SimpleAtoi(digits, &value)) {
    return node.Error(
        "expected a count such as 5, or a percentage such as 50%");
  }
  if (value < min || (percent && value > 100)) {
    return node.Error(absl::StrCat("have ", text, ", want at least ", min,
                                   percent ? "% and at most 100%" : ""));
  }
  if (percent) {
    amount.clear_count();
    // 0% is the count 0: a percentage of 0 means "not a percentage".
    amount.set_percent(value);
  } else {
    amount.set_count(value);
  }
  return amount;
}

absl::Status ParseName(const YamlNode& node, v1::WavePolicy* wave) {
  const YamlNode each = node.Get("each");
  ASSIGN_OR_RETURN(*wave->mutable_each(), each.Text(""));
  if (!wave->each().empty() && wave->each() != "region") {
    return each.Error(
        absl::StrCat("unknown value \"", wave->each(), "\"; known: region"));
  }
  // An absent node has no position; the wave has.
  if (!node.Get("name").IsPresent()) {
    return node.Error("key \"name\" is missing");
  }
  ASSIGN_OR_RETURN(*wave->mutable_name(),
                   node.Get("name").RequiredText("name"));
  const bool marked = absl::StrContains(wave->name(), kRegionMark);
  if (marked && wave->each().empty()) {
    return node.Get("name").Error(
        absl::StrCat("\"", kRegionMark, "\" needs each: region"));
  }
  if (!marked && !wave->each().empty()) {
    return node.Get("name").Error(absl::StrCat(
        "a wave with each: region needs \"", kRegionMark, "\" in its name"));
  }
  return absl::OkStatus();
}

absl::Status ParseMatch(const YamlNode& node, v1::WavePolicy* wave) {
  ASSIGN_OR_RETURN(*wave->mutable_match(), node.Text(""));
  if (!node.IsPresent()) return absl::OkStatus();
  const absl::StatusOr<Selector> selector = Selector::Parse(wave->match());
  if (!selector.ok()) return node.Error(selector.status().message());
  if (selector->IsOfTheMoment()) {
    return node.Error(
        "state: and version: are of the moment; a wave takes targets by what "
        "they are. Select them with --targets");
  }
  return absl::OkStatus();
}

absl::Status ParseOrder(const YamlNode& node, v1::WavePolicy* wave) {
  ASSIGN_OR_RETURN(const std::vector<YamlNode> keys, node.List());
  for (const YamlNode& key : keys) {
    ASSIGN_OR_RETURN(const int word, OneOf(key, {"name", "region"}, 0));
    wave->add_order_by(word == 0 ? "name" : "region");
  }
  if (keys.empty()) wave->add_order_by("name");
  return absl::OkStatus();
}

absl::StatusOr<v1::WavePolicy> ParseWave(const YamlNode& node) {
  RETURN_IF_ERROR(node.ExpectKeys({"name", "match", "each", "order_by",
                                   "canary", "max_parallel",
                                   "failure_tolerance", "bake", "promote"}));
  v1::WavePolicy wave;
  RETURN_IF_ERROR(ParseName(node, &wave));
  RETURN_IF_ERROR(ParseMatch(node.Get("match"), &wave));
  RETURN_IF_ERROR(ParseOrder(node.Get("order_by"), &wave));
  constexpr int32_t kMax = std::numeric_limits<int32_t>::max();
  ASSIGN_OR_RETURN(const int32_t canary,
                   IntegerIn(node.Get("canary"), 0, 0, kMax));
  wave.set_canary(canary);
  ASSIGN_OR_RETURN(*wave.mutable_max_parallel(),
                   ParseAmount(node.Get("max_parallel"), 1, 1));
  ASSIGN_OR_RETURN(*wave.mutable_failure_tolerance(),
                   ParseAmount(node.Get("failure_tolerance"), 0, 0));
  ASSIGN_OR_RETURN(const int64_t bake, node.Get("bake").DurationMs(10'000));
  wave.set_bake_ms(bake);
  ASSIGN_OR_RETURN(
      const int promote,
      OneOf(node.Get("promote"), {"auto", "manual", "manual_first"}, 0));
  wave.set_promote(promote == 0   ? v1::AUTO
                   : promote == 1 ? v1::MANUAL
                                  : v1::MANUAL_FIRST);
  return wave;
}

absl::Status ParseWaves(const YamlNode& node, v1::Policy* policy) {
  if (!node.IsPresent()) return absl::OkStatus();  // the default's
  policy->clear_waves();
  ASSIGN_OR_RETURN(const std::vector<YamlNode> waves, node.List());
  if (waves.empty()) return node.Error("a policy needs at least one wave");
  std::set<std::string> names;
  for (const YamlNode& wave : waves) {
    ASSIGN_OR_RETURN(*policy->add_waves(), ParseWave(wave));
    const std::string& name = policy->waves(policy->waves_size() - 1).name();
    if (!names.insert(name).second) {
      return wave.Get("name").Error(
          absl::StrCat("there are two waves named \"", name, "\""));
    }
  }
  return absl::OkStatus();
}

absl::Status ParseHazards(const YamlNode& node, v1::Policy* policy) {
  std::vector<std::string> known;
  for (int i = v1::HazardType_MIN; i <= v1::HazardType_MAX; ++i) {
    if (v1::HazardType_IsValid(i) && i != v1::HAZARD_UNSPECIFIED) {
      known.push_back(v1::HazardType_Name(i));
    }
  }
  ASSIGN_OR_RETURN(const std::vector<YamlNode> hazards, node.List());
  for (const YamlNode& hazard : hazards) {
    ASSIGN_OR_RETURN(const int index, OneOf(hazard, known, 0));
    v1::HazardType type;
    CHECK(v1::HazardType_Parse(known[index], &type));
    policy->add_allow_hazards(type);
  }
  return absl::OkStatus();
}

absl::Status ParseRegions(const YamlNode& node, v1::Policy* policy) {
  ASSIGN_OR_RETURN(const std::vector<YamlNode> regions, node.List());
  std::set<std::string> seen;
  for (const YamlNode& region : regions) {
    ASSIGN_OR_RETURN(const std::string name, region.RequiredText("regions"));
    if (!seen.insert(name).second) {
      return region.Error(absl::StrCat("region \"", name, "\" is named twice"));
    }
    policy->add_regions(name);
  }
  return absl::OkStatus();
}

absl::Status ParseOnlineChange(const YamlNode& node, v1::Policy* policy) {
  if (!node.IsPresent()) return absl::OkStatus();
  RETURN_IF_ERROR(node.ExpectKeys({"tool", "from"}));
  if (!node.Get("tool").IsPresent()) {
    return node.Error("key \"tool\" is missing");
  }
  std::vector<std::string> known;
  for (const auto& [tool, engine] : OnlineToolNames()) known.push_back(tool);
  ASSIGN_OR_RETURN(const int tool, OneOf(node.Get("tool"), known, 0));
  policy->mutable_online_change()->set_tool(known[tool]);
  ASSIGN_OR_RETURN(const int64_t from,
                   node.Get("from").Bytes(kOnlineChangeFromBytes));
  policy->mutable_online_change()->set_from_bytes(from);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::Policy> ParsePolicy(const std::string& text,
                                       const std::string& file_name) {
  ASSIGN_OR_RETURN(const YamlNode root, ParseYaml(text, file_name));
  RETURN_IF_ERROR(
      root.ExpectKeys({"version", "name", "regions", "waves", "on_failure",
                       "max_risk", "allow_hazards", "target_deadline",
                       "lock_timeout", "lock_retries", "online_change"}));
  const YamlNode version = root.Get("version");
  if (!version.IsPresent()) {
    return root.Error("key \"version\" is missing; write version: 1");
  }
  RETURN_IF_ERROR(IntegerIn(version, 1, 1, 1).status());
  v1::Policy policy = DefaultPolicy();
  ASSIGN_OR_RETURN(*policy.mutable_name(), root.Get("name").Text(file_name));
  RETURN_IF_ERROR(ParseRegions(root.Get("regions"), &policy));
  RETURN_IF_ERROR(ParseWaves(root.Get("waves"), &policy));
  ASSIGN_OR_RETURN(const int on_failure,
                   OneOf(root.Get("on_failure"), {"halt", "continue"}, 0));
  policy.set_on_failure(on_failure == 0 ? v1::HALT : v1::CONTINUE);
  ASSIGN_OR_RETURN(const int32_t max_risk,
                   IntegerIn(root.Get("max_risk"), 0, 0, 100));
  policy.set_max_risk(max_risk);
  RETURN_IF_ERROR(ParseHazards(root.Get("allow_hazards"), &policy));
  ASSIGN_OR_RETURN(
      const int64_t deadline,
      root.Get("target_deadline").DurationMs(policy.target_deadline_ms()));
  policy.set_target_deadline_ms(deadline);
  ASSIGN_OR_RETURN(const int64_t lock_timeout,
                   root.Get("lock_timeout").DurationMs(0));
  policy.set_lock_timeout_ms(lock_timeout);
  ASSIGN_OR_RETURN(
      const int32_t lock_retries,
      IntegerIn(root.Get("lock_retries"), policy.lock_retries(), 0, 1000));
  policy.set_lock_retries(lock_retries);
  RETURN_IF_ERROR(ParseOnlineChange(root.Get("online_change"), &policy));
  return policy;
}

}  // namespace fleet
