#ifndef LIB_HISTORY_REPLICATE_H_
#define LIB_HISTORY_REPLICATE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/history/log.h"
#include "proto/agent.pb.h"
#include "proto/history.pb.h"

// What one agent's replica lacks. The replica takes it in with
// HistoryLog::AppendReplicated, and answers with its new Heads():
//
//   coordinator: NextReplicate(log, {TargetStream("prod-eu")}, heads, 1 << 20)
//   agent:       log->AppendReplicated(message.records(), message.contents())
//
// A message may be lost or repeated: the next one is made from the heads. Pure
// but for the log; thread-safe.

namespace fleet {

// The next message for a replica that holds `heads` and follows `streams`:
// records in stream order and the content that they name (the schemas of
// versions, the plans of rollouts and progress, where they are stored), at most
// `bytes_max` (but at least one record and all of its content). Content that
// the stream's latest records named already is left out: the replica has it.
// Empty when nothing is missing.
// DataLoss when a head of the replica is ahead of, or forks from, this log.
absl::StatusOr<v1::Replicate> NextReplicate(
    const HistoryLog& log, const std::vector<std::string>& streams,
    const std::vector<v1::StreamHead>& heads, size_t bytes_max);

// OK when every head is a record of this log; DataLoss for the first that is
// beyond it, or is another one than here.
absl::Status CheckReplica(const HistoryLog& log,
                          const std::vector<v1::StreamHead>& heads);

}  // namespace fleet

#endif  // LIB_HISTORY_REPLICATE_H_
