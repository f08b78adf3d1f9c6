#include "coordinator/fleet.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lib/base/printable.h"
#include "lib/base/suggest.h"

namespace fleet {

void Fleet::Restore(const std::vector<v1::Target>& targets) {
  absl::MutexLock lock(&mutex_);
  for (const v1::Target& target : targets) {
    entries_[target.name()].target = target;
  }
}

Fleet::Joined Fleet::Connect(const v1::Hello& hello,
                             std::shared_ptr<AgentStream> stream) {
  absl::MutexLock lock(&mutex_);
  Joined joined;
  Member& agent = agents_[hello.agent()];
  joined.replaced = std::exchange(agent.stream, stream);
  for (const std::string& name : std::exchange(agent.targets, {})) {
    Entry& entry = entries_[name];
    if (entry.stream == joined.replaced) entry.stream = nullptr;
  }
  for (v1::Target target : hello.targets()) {
    target.set_agent(hello.agent());
    if (target.region().empty()) target.set_region(hello.region());
    Entry& entry = entries_[target.name()];
    if (entry.stream != nullptr) {
      joined.contested.push_back(target.name());
      continue;
    }
    // The server's own words, which a Hello may not have yet.
    if (target.flavour().empty()) target.set_flavour(entry.target.flavour());
    if (target.server_version() == 0) {
      target.set_server_version(entry.target.server_version());
    }
    entry.stream = stream;
    entry.last_seen_ms = clock_.WallMs();
    entry.error = absl::OkStatus();
    if (entry.target.SerializeAsString() != target.SerializeAsString()) {
      joined.changed.push_back(target);
      entry.target = target;
    }
    joined.targets.push_back(target.name());
  }
  agent.targets = joined.targets;
  return joined;
}

std::vector<std::string> Fleet::Disconnect(const AgentStream& stream) {
  absl::MutexLock lock(&mutex_);
  const auto agent = agents_.find(stream.agent());
  if (agent == agents_.end() || agent->second.stream.get() != &stream) {
    return {};
  }
  std::vector<std::string> lost = std::move(agent->second.targets);
  agents_.erase(agent);
  for (const std::string& name : lost) {
    Entry& entry = entries_[name];
    entry.last_seen_ms = stream.last_heard_ms();
    entry.stream = nullptr;
  }
  return lost;
}

std::vector<std::shared_ptr<AgentStream>> Fleet::SilentSince(
    int64_t wall_ms) const {
  absl::MutexLock lock(&mutex_);
  std::vector<std::shared_ptr<AgentStream>> silent;
  for (const auto& [name, agent] : agents_) {
    if (agent.stream->last_heard_ms() < wall_ms) silent.push_back(agent.stream);
  }
  return silent;
}

bool Fleet::Owns(const AgentStream& stream, absl::string_view target) const {
  absl::MutexLock lock(&mutex_);
  const auto found = entries_.find(target);
  return found != entries_.end() && found->second.stream.get() == &stream;
}

absl::StatusOr<std::shared_ptr<AgentStream>> Fleet::Reach(
    absl::string_view target) const {
  absl::MutexLock lock(&mutex_);
  const auto found = entries_.find(target);
  if (found == entries_.end()) return Unknown(target);
  if (found->second.stream == nullptr) {
    return absl::UnavailableError(
        DescribeAway(SnapshotOf(found->second), clock_.WallMs()));
  }
  return found->second.stream;
}

std::vector<Fleet::Member> Fleet::Members() const {
  absl::MutexLock lock(&mutex_);
  std::vector<Member> members;
  for (const auto& [name, agent] : agents_) members.push_back(agent);
  return members;
}

TargetSnapshot Fleet::Report(const v1::FingerprintReport& report,
                             bool* described) {
  absl::MutexLock lock(&mutex_);
  Entry& entry = entries_[report.target()];
  *described = false;
  if (!report.error().empty()) {
    entry.error = absl::Status(
        static_cast<absl::StatusCode>(report.error_code()), report.error());
    if (entry.error.ok()) entry.error = absl::UnknownError(report.error());
    return SnapshotOf(entry);
  }
  entry.error = absl::OkStatus();
  entry.fingerprint = report.fingerprint();
  const v1::Target& said = report.description();
  v1::Target& target = entry.target;
  if (said.engine() != v1::ENGINE_UNSPECIFIED &&
      (said.engine() != target.engine() || said.flavour() != target.flavour() ||
       said.server_version() != target.server_version())) {
    target.set_engine(said.engine());
    target.set_flavour(said.flavour());
    target.set_server_version(said.server_version());
    *described = true;
  }
  return SnapshotOf(entry);
}

void Fleet::SetFingerprint(absl::string_view target,
                           const std::string& fingerprint) {
  absl::MutexLock lock(&mutex_);
  const auto found = entries_.find(target);
  if (found != entries_.end()) found->second.fingerprint = fingerprint;
}

void Fleet::SetRunning(absl::string_view target, const std::string& rollout) {
  absl::MutexLock lock(&mutex_);
  Entry& entry = entries_[std::string(target)];
  if (entry.target.name().empty()) entry.target.set_name(std::string(target));
  if (entry.rollout == rollout) return;
  entry.rollout = rollout;
  ++entry.generation;
}

void Fleet::ClearRunning(absl::string_view target, const std::string& rollout) {
  absl::MutexLock lock(&mutex_);
  const auto found = entries_.find(target);
  if (found == entries_.end() || found->second.rollout != rollout) return;
  found->second.rollout.clear();
  ++found->second.generation;
}

void Fleet::SetLastRun(absl::string_view target, const LastRun& run) {
  absl::MutexLock lock(&mutex_);
  const auto found = entries_.find(target);
  if (found != entries_.end()) found->second.last_run = run;
}

LastRun Fleet::LastRunOf(absl::string_view target) const {
  absl::MutexLock lock(&mutex_);
  const auto found = entries_.find(target);
  return found == entries_.end() ? LastRun() : found->second.last_run;
}

absl::StatusOr<TargetSnapshot> Fleet::Find(absl::string_view target) const {
  absl::MutexLock lock(&mutex_);
  const auto found = entries_.find(target);
  if (found == entries_.end()) return Unknown(target);
  return SnapshotOf(found->second);
}

std::vector<TargetSnapshot> Fleet::Snapshots() const {
  absl::MutexLock lock(&mutex_);
  std::vector<TargetSnapshot> snapshots;
  snapshots.reserve(entries_.size());
  for (const auto& [name, entry] : entries_) {
    snapshots.push_back(SnapshotOf(entry));
  }
  return snapshots;
}

std::vector<v1::Target> Fleet::Targets() const {
  absl::MutexLock lock(&mutex_);
  std::vector<v1::Target> targets;
  targets.reserve(entries_.size());
  for (const auto& [name, entry] : entries_) targets.push_back(entry.target);
  return targets;
}

TargetSnapshot Fleet::SnapshotOf(const Entry& entry) const {
  TargetSnapshot snapshot;
  snapshot.target = entry.target;
  snapshot.connected = entry.stream != nullptr;
  snapshot.last_seen_ms = entry.stream != nullptr
                              ? entry.stream->last_heard_ms()
                              : entry.last_seen_ms;
  snapshot.fingerprint = entry.fingerprint;
  snapshot.error = entry.error;
  snapshot.rollout = entry.rollout;
  snapshot.generation = entry.generation;
  return snapshot;
}

absl::Status Fleet::Unknown(absl::string_view target) const {
  std::vector<std::string> names;
  names.reserve(entries_.size());
  for (const auto& [name, entry] : entries_) names.push_back(name);
  return absl::NotFoundError(
      absl::StrCat("no target \"", Printable(target), "\" is known",
                   DidYouMean(target, names), "\n  fleetctl target list"));
}

std::string DescribeAway(const TargetSnapshot& snapshot, int64_t now_ms) {
  const std::string who = absl::StrCat("agent ", snapshot.target.agent(),
                                       " of target ", snapshot.target.name());
  if (snapshot.last_seen_ms == 0) {
    return absl::StrCat(who,
                        " has not been seen since the coordinator started");
  }
  return absl::StrCat(who, " was last seen ",
                      FormatAge(now_ms - snapshot.last_seen_ms), " ago");
}

std::string FormatAge(int64_t ms) {
  const int64_t seconds = std::max<int64_t>(ms, 0) / 1000;
  if (seconds < 60) return absl::StrCat(seconds, "s");
  if (seconds < 3600) {
    return seconds % 60 == 0
               ? absl::StrCat(seconds / 60, "m")
               : absl::StrCat(seconds / 60, "m ", seconds % 60, "s");
  }
  if (seconds < 48 * 3600) {
    return absl::StrCat(seconds / 3600, "h ", seconds / 60 % 60, "m");
  }
  return absl::StrCat(seconds / 86400, "d ", seconds / 3600 % 24, "h");
}

}  // namespace fleet
