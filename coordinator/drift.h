#ifndef COORDINATOR_DRIFT_H_
#define COORDINATOR_DRIFT_H_

#include <vector>

#include "absl/status/statusor.h"
#include "coordinator/source.h"
#include "lib/history/view.h"
#include "proto/fleet.pb.h"

namespace fleet {

// True when the newest of these (oldest first) is a schema that no rollout of
// ours made, and not the one that ours made last.
// A read-only target is what others follow: it changes, it does not drift.
bool IsDrifted(const v1::Target& target,
               const std::vector<v1::Version>& versions);

// Which of these targets have a schema that no rollout of ours made, what
// differs there, and which schemas there are in how many copies. Reads each
// distinct schema once; otherwise pure.
absl::StatusOr<v1::GetDriftReply> FindDrift(
    const HistoryView& view, const SourceResolver& sources,
    const std::vector<v1::TargetStatus>& statuses);

}  // namespace fleet

#endif  // COORDINATOR_DRIFT_H_
