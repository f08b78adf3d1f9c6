#ifndef LIB_HISTORY_REPLICATE_H_
#define LIB_HISTORY_REPLICATE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/history/log.h"
#include "proto/agent.pb.h"
#include "proto/history.pb.h"

// What one agent's replica lacks, and taking it in. Pure but for the logs.

namespace fleet {

// The next message for a replica that holds `heads` and follows `streams`:
// records in stream order and the content their versions name, at most
// `bytes_max` (but at least one record). Empty when nothing is missing.
// DataLoss when a head of the replica is ahead of, or forks from, this log.
absl::StatusOr<v1::Replicate> NextReplicate(
    const HistoryLog& log, const std::vector<std::string>& streams,
    const std::vector<v1::StreamHead>& heads, size_t bytes_max);

}  // namespace fleet

#endif  // LIB_HISTORY_REPLICATE_H_
