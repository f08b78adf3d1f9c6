#ifndef LIB_HISTORY_VIEW_H_
#define LIB_HISTORY_VIEW_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
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
// last RolloutRecorded, so that Rollout() is always whole. A replica that does
// not follow the stream with the RolloutRecorded has an id and its targets.
//
// Records of one stream must be folded in order; streams may come in any order
// (Record.order tells which of two records is later; without it, the one that
// is folded later). Folding a record again changes nothing.

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
  // By number ("41") or name ("release-2026.11"); NotFound says what there is.
  absl::StatusOr<v1::Version> Find(absl::string_view target,
                                   absl::string_view number_or_name) const;
  // "prod-eu@17" for a fingerprint that some target has recorded; "" if none.
  // The oldest version of the first target by name.
  std::string NameOfFingerprint(absl::string_view fingerprint) const;

  absl::StatusOr<v1::Rollout> Rollout(absl::string_view id) const;
  std::vector<v1::Rollout> Rollouts() const;  // oldest first
  // NotFound; InvalidArgument when several plans start with the prefix.
  absl::StatusOr<v1::FleetPlan> FleetPlan(absl::string_view id_or_prefix) const;

  // Targets as last seen, by name.
  std::vector<v1::Target> Targets() const;

  // Results of the statements of a rollout on a target, in order.
  std::vector<v1::StatementResult> Statements(absl::string_view rollout,
                                              absl::string_view target) const;

 private:
  struct RolloutState {
    v1::Rollout rollout;
    uint64_t first = 0;     // order of the first record about it
    uint64_t recorded = 0;  // order of the RolloutRecorded it is from
    // Order of the record that targets[name] is from, where later.
    std::map<std::string, uint64_t> progressed;
  };
  struct StatementKey {
    std::string rollout;
    std::string target;
    bool operator<(const StatementKey& other) const {
      return std::tie(rollout, target) < std::tie(other.rollout, other.target);
    }
  };

  void FoldVersion(const v1::Version& version)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void FoldVersionName(const v1::VersionName& name)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void FoldRollout(const v1::Rollout& rollout, uint64_t order)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void FoldProgress(const v1::TargetProgressed& progressed, uint64_t order)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void FoldStatement(const v1::StatementResult& result)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void FoldTarget(const v1::Target& target, uint64_t order)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable absl::Mutex mutex_;
  uint64_t order_ ABSL_GUARDED_BY(mutex_) = 0;  // the highest seen
  std::map<std::string, std::vector<v1::Version>, std::less<>> versions_
      ABSL_GUARDED_BY(mutex_);
  // The target and number that NameOfFingerprint names.
  std::map<std::string, std::pair<std::string, int64_t>, std::less<>>
      fingerprints_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, RolloutState, std::less<>> rollouts_
      ABSL_GUARDED_BY(mutex_);
  std::map<std::string, v1::FleetPlan, std::less<>> fleet_plans_
      ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::pair<uint64_t, v1::Target>> targets_
      ABSL_GUARDED_BY(mutex_);
  std::map<StatementKey, std::vector<v1::StatementResult>> statements_
      ABSL_GUARDED_BY(mutex_);
};

}  // namespace fleet

#endif  // LIB_HISTORY_VIEW_H_
