#ifndef LIB_HISTORY_VIEW_H_
#define LIB_HISTORY_VIEW_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "lib/history/log.h"
#include "proto/history.pb.h"

// State folded from records: versions per target, rollouts, fleet plans. The
// same fold on coordinator and agents. Made by reading the log once at start
// and then following OnAppended. Thread-safe.
//
// A rollout's target progress is folded from TargetProgressed records over the
// last RolloutRecorded, so that Rollout() is always whole.

namespace fleet {

class HistoryView {
 public:
  HistoryView() = default;

  // Folds everything in `log`. Call once, before OnAppended is set.
  absl::Status Load(const HistoryLog& log);
  void Fold(const v1::Record& record);

  // Versions of a target, oldest first; empty for an unknown target.
  std::vector<v1::Version> Versions(absl::string_view target) const;
  // The newest one; NotFound when there is none.
  absl::StatusOr<v1::Version> Newest(absl::string_view target) const;
  // By number ("41") or name ("release-2026.11"); NotFound lists near names.
  absl::StatusOr<v1::Version> Find(absl::string_view target,
                                   absl::string_view number_or_name) const;
  // "prod-eu@17" for a fingerprint that some target has recorded; "" if none.
  // The oldest version of the first target by name.
  std::string NameOfFingerprint(absl::string_view fingerprint) const;

  absl::StatusOr<v1::Rollout> Rollout(absl::string_view id) const;
  std::vector<v1::Rollout> Rollouts() const;  // oldest first
  absl::StatusOr<v1::FleetPlan> FleetPlan(absl::string_view id_or_prefix) const;

  // Targets as last seen, by name.
  std::vector<v1::Target> Targets() const;

  // Results of the statements of a rollout on a target, in order.
  std::vector<v1::StatementResult> Statements(absl::string_view rollout,
                                              absl::string_view target) const;

 private:
  mutable absl::Mutex mutex_;
  std::map<std::string, std::vector<v1::Version>> versions_
      ABSL_GUARDED_BY(mutex_);
  std::map<std::string, v1::Rollout> rollouts_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> rollout_order_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, v1::FleetPlan> fleet_plans_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, v1::Target> targets_ ABSL_GUARDED_BY(mutex_);
  std::map<std::pair<std::string, std::string>,
           std::vector<v1::StatementResult>>
      statements_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace fleet

#endif  // LIB_HISTORY_VIEW_H_
