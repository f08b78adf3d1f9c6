#include "lib/history/view.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "lib/base/printable.h"
#include "lib/base/status.h"
#include "lib/base/suggest.h"

namespace fleet {
namespace {

constexpr size_t kReadAtOnce = 1000;

// Where the progress of `target` is, or belongs, in targets sorted by name.
int ProgressIndex(const v1::Rollout& rollout, const std::string& target) {
  const auto it = std::lower_bound(
      rollout.targets().begin(), rollout.targets().end(), target,
      [](const v1::TargetProgress& progress, const std::string& name) {
        return progress.target() < name;
      });
  return static_cast<int>(it - rollout.targets().begin());
}

void SetProgress(const v1::TargetProgress& progress, v1::Rollout* rollout) {
  const int index = ProgressIndex(*rollout, progress.target());
  if (index < rollout->targets_size() &&
      rollout->targets(index).target() == progress.target()) {
    *rollout->mutable_targets(index) = progress;
    return;
  }
  *rollout->add_targets() = progress;
  auto* targets = rollout->mutable_targets();
  std::rotate(targets->pointer_begin() + index, targets->pointer_end() - 1,
              targets->pointer_end());
}

bool HasName(const v1::Version& version, absl::string_view name) {
  return std::find(version.names().begin(), version.names().end(), name) !=
         version.names().end();
}

void RemoveName(const std::string& name, v1::Version* version) {
  auto* names = version->mutable_names();
  names->erase(std::remove(names->begin(), names->end(), name), names->end());
}

bool StatementBefore(const v1::StatementResult& a,
                     const v1::StatementResult& b) {
  return std::make_pair(a.attempt(), a.index()) <
         std::make_pair(b.attempt(), b.index());
}

}  // namespace

absl::Status HistoryView::Load(const HistoryLog& log) {
  for (const v1::StreamHead& head : log.Heads()) {
    for (uint64_t next = 1; next <= head.sequence();) {
      ASSIGN_OR_RETURN(const std::vector<v1::Record> records,
                       log.Read(head.stream(), next, kReadAtOnce));
      for (const v1::Record& record : records) Fold(record);
      if (records.empty()) {
        return absl::DataLossError(
            absl::StrCat("stream ", Printable(head.stream()), " ends at ",
                         next - 1, ", want ", head.sequence()));
      }
      next = records.back().sequence() + 1;
    }
  }
  return absl::OkStatus();
}

void HistoryView::Fold(const v1::Record& record) {
  absl::MutexLock lock(&mutex_);
  const uint64_t order = record.order() != 0 ? record.order() : order_ + 1;
  order_ = std::max(order_, order);
  switch (record.body_case()) {
    case v1::Record::kVersion:
      return FoldVersion(record.version());
    case v1::Record::kVersionName:
      return FoldVersionName(record.version_name());
    case v1::Record::kRollout:
      return FoldRollout(record.rollout().rollout(), order);
    case v1::Record::kTargetProgress:
      return FoldProgress(record.target_progress(), order);
    case v1::Record::kStatement:
      return FoldStatement(record.statement());
    case v1::Record::kFleetPlan:
      fleet_plans_[record.fleet_plan().fleet_plan().id()] =
          record.fleet_plan().fleet_plan();
      return;
    case v1::Record::kTargetSeen:
      return FoldTarget(record.target_seen().target(), order);
    case v1::Record::kEpochStarted:
    case v1::Record::kJournal:
    case v1::Record::BODY_NOT_SET:
      return;
  }
}

void HistoryView::FoldVersion(const v1::Version& version) {
  std::vector<v1::Version>& versions = versions_[version.target()];
  const auto it = std::lower_bound(
      versions.begin(), versions.end(), version.number(),
      [](const v1::Version& v, int64_t number) { return v.number() < number; });
  // Folded already, and perhaps named since.
  if (it != versions.end() && it->number() == version.number()) return;
  versions.insert(it, version);
  const std::pair<std::string, int64_t> name(version.target(),
                                             version.number());
  const auto known = fingerprints_.try_emplace(version.fingerprint(), name);
  if (name < known.first->second) known.first->second = name;
}

void HistoryView::FoldVersionName(const v1::VersionName& name) {
  const auto versions = versions_.find(name.target());
  if (versions == versions_.end()) return;
  // A name means one version: the last one it was given to.
  for (v1::Version& version : versions->second) {
    const bool wanted = version.number() == name.number();
    if (!wanted) RemoveName(name.name(), &version);
    if (wanted && !HasName(version, name.name())) {
      version.add_names(name.name());
    }
  }
}

void HistoryView::FoldRollout(const v1::Rollout& rollout, uint64_t order) {
  RolloutState& state = rollouts_[rollout.id()];
  state.first = state.first == 0 ? order : std::min(state.first, order);
  if (order <= state.recorded) return;
  state.recorded = order;
  const v1::Rollout before = std::move(state.rollout);
  state.rollout = rollout;
  // Progress that was recorded later, in a stream that was folded earlier.
  for (auto it = state.progressed.begin(); it != state.progressed.end();) {
    if (it->second < order) {
      it = state.progressed.erase(it);
      continue;
    }
    SetProgress(before.targets(ProgressIndex(before, it->first)),
                &state.rollout);
    ++it;
  }
}

void HistoryView::FoldProgress(const v1::TargetProgressed& progressed,
                               uint64_t order) {
  RolloutState& state = rollouts_[progressed.rollout()];
  if (state.first == 0) {
    state.rollout.set_id(progressed.rollout());
    state.first = order;
  }
  state.first = std::min(state.first, order);
  if (order < state.recorded) return;
  uint64_t& last = state.progressed[progressed.progress().target()];
  if (order < last) return;
  last = order;
  SetProgress(progressed.progress(), &state.rollout);
}

void HistoryView::FoldStatement(const v1::StatementResult& result) {
  std::vector<v1::StatementResult>& results =
      statements_[{result.rollout(), result.target()}];
  const auto it =
      std::lower_bound(results.begin(), results.end(), result, StatementBefore);
  if (it != results.end() && !StatementBefore(result, *it)) {
    *it = result;
    return;
  }
  results.insert(it, result);
}

void HistoryView::FoldTarget(const v1::Target& target, uint64_t order) {
  std::pair<uint64_t, v1::Target>& seen = targets_[target.name()];
  if (order < seen.first) return;
  seen = {order, target};
}

std::vector<v1::Version> HistoryView::Versions(absl::string_view target) const {
  absl::MutexLock lock(&mutex_);
  const auto it = versions_.find(target);
  return it == versions_.end() ? std::vector<v1::Version>() : it->second;
}

absl::StatusOr<v1::Version> HistoryView::Newest(
    absl::string_view target) const {
  absl::MutexLock lock(&mutex_);
  const auto it = versions_.find(target);
  if (it == versions_.end()) {
    return absl::NotFoundError(
        absl::StrCat("no version of ", Printable(target), " is recorded"));
  }
  return it->second.back();
}

absl::StatusOr<v1::Version> HistoryView::Find(
    absl::string_view target, absl::string_view number_or_name) const {
  const std::vector<v1::Version> versions = Versions(target);
  if (versions.empty()) {
    return absl::NotFoundError(
        absl::StrCat("no version of ", Printable(target), " is recorded"));
  }
  int64_t number = 0;
  const bool is_number = absl::SimpleAtoi(number_or_name, &number);
  std::vector<std::string> names;
  for (const v1::Version& version : versions) {
    if (is_number && version.number() == number) return version;
    if (HasName(version, number_or_name)) return version;
    names.insert(names.end(), version.names().begin(), version.names().end());
  }
  return absl::NotFoundError(absl::StrCat(
      Printable(target), " has no version ", Printable(number_or_name),
      ": it has ", versions.front().number(), " to ", versions.back().number(),
      is_number ? "" : DidYouMean(number_or_name, names)));
}

std::string HistoryView::NameOfFingerprint(
    absl::string_view fingerprint) const {
  absl::MutexLock lock(&mutex_);
  const auto it = fingerprints_.find(fingerprint);
  if (it == fingerprints_.end()) return "";
  return absl::StrCat(it->second.first, "@", it->second.second);
}

absl::StatusOr<v1::Rollout> HistoryView::Rollout(absl::string_view id) const {
  absl::MutexLock lock(&mutex_);
  const auto it = rollouts_.find(id);
  if (it != rollouts_.end()) return it->second.rollout;
  std::vector<std::string> ids;
  for (const auto& [known, state] : rollouts_) ids.push_back(known);
  return absl::NotFoundError(
      absl::StrCat("no rollout ", Printable(id), DidYouMean(id, ids)));
}

std::vector<v1::Rollout> HistoryView::Rollouts() const {
  absl::MutexLock lock(&mutex_);
  std::multimap<uint64_t, const v1::Rollout*> by_first;
  for (const auto& [id, state] : rollouts_) {
    by_first.emplace(state.first, &state.rollout);
  }
  std::vector<v1::Rollout> rollouts;
  for (const auto& [first, rollout] : by_first) rollouts.push_back(*rollout);
  return rollouts;
}

absl::StatusOr<v1::FleetPlan> HistoryView::FleetPlan(
    absl::string_view id_or_prefix) const {
  absl::MutexLock lock(&mutex_);
  const auto it = fleet_plans_.lower_bound(id_or_prefix);
  if (it == fleet_plans_.end() || id_or_prefix.empty() ||
      !absl::StartsWith(it->first, id_or_prefix)) {
    return absl::NotFoundError(absl::StrCat("no plan ", Printable(id_or_prefix),
                                            "; run fleetctl plan again"));
  }
  if (it->first == id_or_prefix) return it->second;
  const auto next = std::next(it);
  if (next != fleet_plans_.end() &&
      absl::StartsWith(next->first, id_or_prefix)) {
    return absl::InvalidArgumentError(
        absl::StrCat("plan ", Printable(id_or_prefix), " may be ", it->first,
                     " or ", next->first, "; give more of the id"));
  }
  return it->second;
}

std::vector<v1::Target> HistoryView::Targets() const {
  absl::MutexLock lock(&mutex_);
  std::vector<v1::Target> targets;
  for (const auto& [name, seen] : targets_) targets.push_back(seen.second);
  return targets;
}

std::vector<v1::StatementResult> HistoryView::Statements(
    absl::string_view rollout, absl::string_view target) const {
  absl::MutexLock lock(&mutex_);
  const auto it = statements_.find({std::string(rollout), std::string(target)});
  return it == statements_.end() ? std::vector<v1::StatementResult>()
                                 : it->second;
}

}  // namespace fleet
