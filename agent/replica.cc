#include "agent/replica.h"

#include "absl/memory/memory.h"
#include "lib/base/status.h"
#include "lib/history/replicate.h"

namespace fleet {
namespace {

constexpr size_t kMessageBytes = 1 << 20;

}  // namespace

absl::StatusOr<std::unique_ptr<Replica>> Replica::Open(
    const std::string& directory) {
  ASSIGN_OR_RETURN(std::unique_ptr<HistoryLog> log,
                   HistoryLog::Open(directory, LogOptions()));
  return absl::WrapUnique(new Replica(std::move(log)));
}

absl::Status Replica::Take(const v1::Replicate& message) {
  return log_->AppendReplicated(
      {message.records().begin(), message.records().end()},
      {message.contents().begin(), message.contents().end()});
}

absl::StatusOr<v1::Replicate> Replica::After(const v1::StreamHead& head) const {
  return NextReplicate(*log_, {head.stream()}, {head}, kMessageBytes);
}

}  // namespace fleet
