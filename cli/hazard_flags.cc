#include "cli/hazard_flags.h"

#include <CLI/CLI.hpp>

#include "absl/strings/str_split.h"
#include "cli/exit_code.h"

namespace fleet {

void HazardFlags::AddTo(CLI::App& command) {
  command
      .add_option("--allow-hazards", allow,
                  "hazards to allow by name (DELETES_DATA,…), or all")
      ->type_name("NAMES");
  command.add_option("--max-risk", max_risk, "stop above this risk (0 to 100)")
      ->check(CLI::Range(0, 100));
}

absl::StatusOr<HazardPolicy> HazardFlags::Policy() const {
  HazardPolicy policy;
  policy.max_risk = max_risk;
  for (const std::string& list : allow) {
    for (absl::string_view name :
         absl::StrSplit(list, ',', absl::SkipWhitespace())) {
      if (name == "all") {
        policy.allow_all = true;
        continue;
      }
      const absl::StatusOr<v1::HazardType> hazard = ParseHazard(name);
      if (!hazard.ok()) return WithExitCode(hazard.status(), kExitUsage);
      policy.allowed.insert(*hazard);
    }
  }
  return policy;
}

}  // namespace fleet
