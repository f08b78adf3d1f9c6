#include "coordinator/cohorts.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace fleet {

std::vector<TargetGroup> GroupTargets(
    const std::vector<CohortMember>& members) {
  using Key =
      std::tuple<v1::Engine, std::string, int, std::string, std::string>;
  std::map<Key, std::vector<std::string>> by_key;
  for (const CohortMember& member : members) {
    by_key[Key(member.engine, member.flavour, member.server_major,
               member.from_fingerprint, member.to_fingerprint)]
        .push_back(member.target);
  }
  std::vector<TargetGroup> groups;
  for (auto& [key, targets] : by_key) {
    TargetGroup& group = groups.emplace_back();
    std::tie(group.engine, group.flavour, group.server_major,
             group.from_fingerprint, group.to_fingerprint) = key;
    std::sort(targets.begin(), targets.end());
    group.targets = std::move(targets);
  }
  std::sort(groups.begin(), groups.end(),
            [](const TargetGroup& a, const TargetGroup& b) {
              if (a.targets.size() != b.targets.size()) {
                return a.targets.size() < b.targets.size();
              }
              return a.targets.front() < b.targets.front();
            });
  for (size_t i = 0; i < groups.size(); ++i) groups[i].name = CohortName(i);
  return groups;
}

std::string CohortName(int index) {
  std::string name;
  for (int rest = index; rest >= 0; rest = rest / 26 - 1) {
    name.insert(name.begin(), static_cast<char>('A' + rest % 26));
  }
  return name;
}

}  // namespace fleet
