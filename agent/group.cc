#include "agent/group.h"

#include <algorithm>

namespace fleet {

std::vector<Group> GroupsOf(const v1::Plan& plan) {
  std::vector<Group> groups;
  for (int i = 0; i < plan.statements_size(); ++i) {
    const v1::Statement& statement = plan.statements(i);
    const bool begins = i == 0 || !statement.transactional() ||
                        !groups.back().transactional ||
                        plan.statements(i - 1).group() != statement.group();
    if (begins) {
      Group group;
      group.number = static_cast<int>(groups.size());
      group.transactional = statement.transactional();
      group.first_statement = i;
      groups.push_back(std::move(group));
    }
    Group& group = groups.back();
    group.settings.insert(group.settings.end(), statement.settings().begin(),
                          statement.settings().end());
    group.settings_end.insert(group.settings_end.end(),
                              statement.settings_end().begin(),
                              statement.settings_end().end());
    group.sql.push_back(statement.sql());
    group.lock_timeout_ms =
        std::max(group.lock_timeout_ms, statement.lock_timeout_ms());
    group.statement_timeout_ms =
        std::max(group.statement_timeout_ms, statement.statement_timeout_ms());
    group.waits_freely = statement.waits_freely();
    group.fingerprint_after = statement.fingerprint_after();
    group.fingerprint_failed = statement.leftover().fingerprint();
    group.cleanup = statement.leftover().cleanup();
    group.online = statement.online();
  }
  if (!groups.empty()) {
    groups.back().fingerprint_after = plan.to_fingerprint();
  }
  return groups;
}

AppliedMarker MarkerOf(const OrderKey& key, const v1::Plan& plan,
                       const Group& group) {
  AppliedMarker marker;
  marker.plan_id = plan.id();
  marker.group = group.number;
  marker.rollout = key.rollout;
  marker.attempt = key.attempt;
  marker.fingerprint_after = group.fingerprint_after;
  return marker;
}

}  // namespace fleet
