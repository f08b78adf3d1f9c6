// Differences as people read them: v1::Change and the counts at the end of a
// plan.

#include <algorithm>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "lib/schema/diff.h"
#include "lib/schema/kind.h"
#include "lib/schema/risk.h"

namespace fleet {
namespace {

void AddAttributes(const Difference& difference, v1::Change* change) {
  for (absl::string_view name : difference.changed) {
    v1::AttributeChange* attribute = change->add_attributes();
    attribute->set_name(std::string(name));
    attribute->set_from(std::string(difference.from->Get(name)));
    attribute->set_to(std::string(difference.to->Get(name)));
  }
}

using RiskByKey = absl::flat_hash_map<ObjectKey, int>;

// The risks of what carries other objects along.
RiskByKey RiskOfCauses(const std::vector<Difference>& differences,
                       KindSpecs specs) {
  absl::flat_hash_set<ObjectKey> causes;
  for (const Difference& difference : differences) {
    if (!difference.because.path.empty()) causes.insert(difference.because);
  }
  RiskByKey risks;
  if (causes.empty()) return risks;
  for (const Difference& difference : differences) {
    if (!causes.contains(difference.key())) continue;
    risks.emplace(difference.key(), RiskOf(difference, specs));
  }
  return risks;
}

}  // namespace

std::vector<v1::Change> Describe(const std::vector<Difference>& differences,
                                 KindSpecs specs) {
  const RiskByKey causes = RiskOfCauses(differences, specs);
  std::vector<v1::Change> changes;
  changes.reserve(differences.size());
  for (const Difference& difference : differences) {
    v1::Change change;
    change.set_op(difference.op);
    change.set_kind(difference.key().kind);
    for (std::string& component : difference.key().path.components()) {
      change.add_path(std::move(component));
    }
    if (difference.from != nullptr && difference.to != nullptr) {
      AddAttributes(difference, &change);
    }
    change.set_risk(RiskOf(difference, specs));
    if (!difference.because.path.empty()) {
      change.set_because(Describe(difference.because));
      const auto cause = causes.find(difference.because);
      if (cause != causes.end()) {
        change.set_risk(std::min(change.risk(), cause->second));
      }
    }
    const size_t kind = static_cast<size_t>(difference.key().kind);
    if (difference.op == v1::CREATE && kind < specs.size() &&
        specs[kind].summary != nullptr) {
      change.set_detail(specs[kind].summary(*difference.to));
    }
    changes.push_back(std::move(change));
  }
  return changes;
}

std::vector<v1::Change> MainChanges(const std::vector<v1::Change>& changes) {
  // Parents that come, go or are rebuilt whole; a rebuild counts by what it
  // changes inside.
  absl::flat_hash_map<Path, v1::ChangeOp> parents;
  absl::flat_hash_set<Path> changed_inside;
  const auto path_of = [](const v1::Change& change) {
    return Path({change.path().begin(), change.path().end()});
  };
  for (const v1::Change& change : changes) {
    const Kind& kind = KindOf(change.kind());
    if (kind.may_be_parent) parents[path_of(change)] = change.op();
    if (kind.has_parent && change.because().empty()) {
      changed_inside.insert(path_of(change).Parent());
    }
  }
  std::vector<v1::Change> main;
  for (const v1::Change& change : changes) {
    if (!change.because().empty()) continue;
    const Path path = path_of(change);
    if (KindOf(change.kind()).has_parent) {
      const auto parent = parents.find(path.Parent());
      if (parent != parents.end() && parent->second == change.op() &&
          (change.op() == v1::CREATE || change.op() == v1::DROP)) {
        continue;
      }
    }
    if (change.op() == v1::REBUILD && changed_inside.contains(path)) continue;
    main.push_back(change);
  }
  return main;
}

ChangeCounts CountChanges(const std::vector<v1::Change>& changes) {
  ChangeCounts counts;
  for (const v1::Change& change : MainChanges(changes)) {
    counts.add += change.op() == v1::CREATE;
    counts.drop += change.op() == v1::DROP;
    counts.change += change.op() != v1::CREATE && change.op() != v1::DROP;
  }
  return counts;
}

}  // namespace fleet
