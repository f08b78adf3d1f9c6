#ifndef AGENT_REPLICA_H_
#define AGENT_REPLICA_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/history/log.h"
#include "proto/agent.pb.h"

namespace fleet {

// The agent's copy of the coordinator's history, as far as it concerns this
// agent's targets: the same records, with the same hashes, in the same kind of
// log. Thread-safe.
class Replica {
 public:
  static absl::StatusOr<std::unique_ptr<Replica>> Open(
      const std::string& directory);

  // What is held, by stream name.
  std::vector<v1::StreamHead> Heads() const { return log_->Heads(); }

  // Takes records in; durable when it returns. DataLoss when they do not
  // continue what is held: nothing is taken then.
  absl::Status Take(const v1::Replicate& message);

  // What is held after `head` of its stream, and the content that it names:
  // for a coordinator that has lost its own.
  absl::StatusOr<v1::Replicate> After(const v1::StreamHead& head) const;

  const HistoryLog& log() const { return *log_; }

 private:
  explicit Replica(std::unique_ptr<HistoryLog> log) : log_(std::move(log)) {}

  const std::unique_ptr<HistoryLog> log_;
};

}  // namespace fleet

#endif  // AGENT_REPLICA_H_
