#include "coordinator/replicator.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "lib/base/log.h"
#include "lib/base/status.h"
#include "lib/history/replicate.h"

namespace fleet {
namespace {

constexpr size_t kMessageBytes = 1 << 20;

}  // namespace

Replicator::Replicator(const HistoryLog& log,
                       std::function<void(const absl::Status&)> on_fault)
    : log_(log), on_fault_(std::move(on_fault)), thread_([this] { Run(); }) {}

Replicator::~Replicator() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  thread_.join();
}

absl::Status Replicator::Connect(std::shared_ptr<AgentStream> stream,
                                 const std::vector<std::string>& targets,
                                 std::vector<v1::StreamHead> heads) {
  Replica replica;
  replica.stream = stream;
  for (const std::string& target : targets) {
    replica.streams.push_back(TargetStream(target));
  }
  replica.heads = std::move(heads);
  RETURN_IF_ERROR(
      NextReplicate(log_, replica.streams, replica.heads, /*bytes_max=*/1)
          .status());
  absl::MutexLock lock(&mutex_);
  for (const std::string& name : replica.streams) {
    followers_[name] = stream.get();
  }
  pending_.push_back(stream.get());
  replicas_[stream.get()] = std::move(replica);
  return absl::OkStatus();
}

void Replicator::Disconnect(const AgentStream& stream) {
  absl::MutexLock lock(&mutex_);
  const auto found = replicas_.find(&stream);
  if (found == replicas_.end()) return;
  for (const std::string& name : found->second.streams) {
    const auto follower = followers_.find(name);
    if (follower != followers_.end() && follower->second == &stream) {
      followers_.erase(follower);
    }
  }
  replicas_.erase(found);
}

void Replicator::Ack(const AgentStream& stream, const v1::ReplicaAck& ack) {
  absl::MutexLock lock(&mutex_);
  const auto found = replicas_.find(&stream);
  if (found == replicas_.end()) return;
  found->second.heads = {ack.heads().begin(), ack.heads().end()};
  found->second.in_flight = false;
  found->second.behind = true;  // until found otherwise
  pending_.push_back(&stream);
}

void Replicator::Appended(const Batch& batch) {
  absl::MutexLock lock(&mutex_);
  for (const v1::Record& record : batch.records) {
    const auto follower = followers_.find(record.stream());
    if (follower == followers_.end()) continue;
    Replica& replica = replicas_[follower->second];
    if (replica.behind) continue;
    replica.behind = true;
    if (!replica.in_flight) pending_.push_back(follower->second);
  }
}

void Replicator::Run() {
  const auto has_work = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return !pending_.empty() || stopping_;
  };
  while (true) {
    std::vector<Replica> due;
    {
      absl::MutexLock lock(&mutex_);
      mutex_.Await(absl::Condition(&has_work));
      if (stopping_) return;
      for (const AgentStream* stream : std::exchange(pending_, {})) {
        const auto found = replicas_.find(stream);
        if (found == replicas_.end() || found->second.in_flight ||
            !found->second.behind) {
          continue;
        }
        found->second.behind = false;
        found->second.in_flight = true;
        due.push_back(found->second);
      }
    }
    for (Replica& replica : due) SendNext(std::move(replica));
  }
}

void Replicator::SendNext(Replica replica) {
  absl::StatusOr<v1::Replicate> next =
      NextReplicate(log_, replica.streams, replica.heads, kMessageBytes);
  if (!next.ok()) {
    LogError("a replica cannot be continued",
             {{"agent", replica.stream->agent()},
              {"error", std::string(next.status().message())}});
    if (absl::IsDataLoss(next.status())) {
      on_fault_(Annotate(next.status(),
                         absl::StrCat("agent ", replica.stream->agent())));
    }
    return;  // nothing more on this stream
  }
  if (next->records().empty()) {
    absl::MutexLock lock(&mutex_);
    const auto found = replicas_.find(replica.stream.get());
    if (found == replicas_.end()) return;
    found->second.in_flight = false;
    // What came in while this was looked up.
    if (found->second.behind) pending_.push_back(replica.stream.get());
    return;
  }
  v1::CoordinatorMessage message;
  *message.mutable_replicate() = *std::move(next);
  replica.stream->Send(std::move(message));
}

}  // namespace fleet
