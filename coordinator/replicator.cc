#include "coordinator/replicator.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
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

void Replicator::Connect(std::shared_ptr<AgentStream> stream,
                         const std::vector<std::string>& targets,
                         std::vector<v1::StreamHead> heads) {
  Replica replica;
  replica.stream = stream;
  for (const std::string& target : targets) {
    replica.streams.push_back(TargetStream(target));
  }
  replica.heads = std::move(heads);
  absl::MutexLock lock(&mutex_);
  if (stopped_) return;
  for (const std::string& name : replica.streams) {
    followers_[name] = stream.get();
  }
  pending_.push_back(stream.get());
  replicas_[stream.get()] = std::move(replica);
  AddKeepers();
}

// Those that have most of it already come first.
void Replicator::AddKeepers() {
  while (true) {
    size_t keepers = 0;
    Replica* best = nullptr;
    uint64_t best_has = 0;
    for (auto& [stream, replica] : replicas_) {
      keepers += replica.keeps_fleet ? 1 : 0;
      if (replica.keeps_fleet) continue;
      uint64_t has = 0;
      for (const v1::StreamHead& head : replica.heads) {
        if (head.stream() == kFleetStream) has = head.sequence();
      }
      if (best != nullptr && has <= best_has) continue;
      best = &replica;
      best_has = has;
    }
    if (best == nullptr || keepers >= kKeepersMax) return;
    best->keeps_fleet = true;
    fleet_behind_ = true;
  }
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
  AddKeepers();
}

void Replicator::Stop() {
  absl::MutexLock lock(&mutex_);
  stopped_ = true;
  replicas_.clear();
  followers_.clear();
  pending_.clear();
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
    if (record.stream() == kFleetStream) fleet_behind_ = true;
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
    return !pending_.empty() || fleet_behind_ || stopping_;
  };
  const auto is_due = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return !pending_.empty() || stopping_;
  };
  while (true) {
    {
      absl::MutexLock lock(&mutex_);
      mutex_.Await(absl::Condition(&has_work));
      if (!is_due()) {
        mutex_.AwaitWithDeadline(absl::Condition(&is_due), fleet_due_);
      }
      if (stopping_) return;
    }
    for (Replica& replica : TakeDue()) SendNext(std::move(replica));
  }
}

std::vector<Replicator::Replica> Replicator::TakeDue() {
  absl::MutexLock lock(&mutex_);
  const absl::Time now = absl::Now();
  if (fleet_behind_ && now >= fleet_due_) {
    fleet_behind_ = false;
    fleet_due_ = now + kFleetEvery;
    for (auto& [stream, replica] : replicas_) {
      if (!replica.keeps_fleet) continue;
      replica.with_fleet = replica.behind = true;
      pending_.push_back(stream);
    }
  }
  std::vector<Replica> due;
  for (const AgentStream* stream : std::exchange(pending_, {})) {
    const auto found = replicas_.find(stream);
    if (found == replicas_.end() || found->second.in_flight ||
        !found->second.behind) {
      continue;
    }
    Replica& replica = found->second;
    replica.behind = false;
    replica.in_flight = true;
    due.push_back(replica);
    replica.with_fleet = false;
  }
  return due;
}

void Replicator::SendNext(Replica replica) {
  if (replica.with_fleet) replica.streams.emplace_back(kFleetStream);
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
  if (replica.with_fleet) {
    // Perhaps not all of it fitted.
    absl::MutexLock lock(&mutex_);
    fleet_behind_ = true;
  }
  v1::CoordinatorMessage message;
  *message.mutable_replicate() = *std::move(next);
  replica.stream->Send(std::move(message));
}

}  // namespace fleet
