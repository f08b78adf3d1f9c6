#include "lib/engine/lint.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "lib/engine/kind_handler.h"

namespace fleet {

void Lint(const LintRule& rule, absl::string_view subject,
          v1::Statement& statement) {
  auto& ids = *statement.mutable_rules();
  const auto at = std::lower_bound(ids.begin(), ids.end(), rule.id);
  if (at == ids.end() || *at != rule.id) {
    const auto index = static_cast<int>(at - ids.begin());
    *ids.Add() = std::string(rule.id);
    std::rotate(ids.begin() + index, ids.end() - 1, ids.end());
  }
  for (const RuleHazard& hazard : rule.hazards) {
    if (hazard.text.empty()) continue;
    AddHazard(statement, hazard.type, absl::StrCat(hazard.text, " ", subject));
  }
  if (rule.rewrites) statement.set_rewrites_table(true);
  if (rule.rewrites || rule.scans) statement.set_scans_table(true);
}

const LintRule* FindRule(absl::Span<const LintRule> rules,
                         absl::string_view id) {
  for (const LintRule& rule : rules) {
    if (rule.id == id) return &rule;
  }
  return nullptr;
}

}  // namespace fleet
