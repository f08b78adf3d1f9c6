#include "coordinator/recovery.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "coordinator/rollout.h"
#include "lib/base/durable_file.h"
#include "lib/base/log.h"
#include "lib/base/printable.h"
#include "lib/base/status.h"
#include "lib/history/replicate.h"
#include "lib/history/view.h"

namespace fleet {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMessageBytes = 1 << 20;
// In Rollout.unconfirmed: what came after the last record is lost.
constexpr char kOrderRecovery[] = "recovery";

std::string HistoryPath(const std::string& state_dir) {
  return absl::StrCat(state_dir, "/history");
}
std::string NewPath(const std::string& state_dir) {
  return absl::StrCat(state_dir, "/history.new");
}
std::string CompletePath(const std::string& state_dir) {
  return absl::StrCat(NewPath(state_dir), "/COMPLETE");
}

// The first that is not taken.
std::string AsidePath(const std::string& state_dir) {
  for (int number = 1;; ++number) {
    std::string path = absl::StrCat(state_dir, "/history.lost-", number);
    if (!fs::exists(path)) return path;
  }
}

absl::Status Failed(absl::string_view what, const std::string& path,
                    const std::error_code& error) {
  return absl::FailedPreconditionError(absl::StrCat(
      "cannot ", what, " ", path, ": ", error.message(),
      "; the history is where it was, free space or rights and try again"));
}

absl::Status Rename(const std::string& from, const std::string& to) {
  std::error_code error;
  fs::rename(from, to, error);
  return error ? Failed("rename", from, error) : absl::OkStatus();
}

absl::StatusOr<std::string> HashAt(const HistoryLog& log,
                                   const std::string& stream,
                                   uint64_t sequence) {
  ASSIGN_OR_RETURN(const std::vector<v1::Record> records,
                   log.Read(stream, sequence, 1));
  return records.empty() ? std::string() : records[0].hash();
}

}  // namespace

// Each step leaves what the next start goes on with.
absl::Status Recovery::Install(const std::string& state_dir) {
  if (!fs::exists(CompletePath(state_dir))) return absl::OkStatus();
  const std::string history = HistoryPath(state_dir);
  if (fs::exists(history)) {
    const std::string aside = AsidePath(state_dir);
    RETURN_IF_ERROR(Rename(history, aside));
    LogWarning("the history as it was is put aside", {{"directory", aside}});
  }
  RETURN_IF_ERROR(Rename(NewPath(state_dir), history));
  RETURN_IF_ERROR(SyncDirectory(state_dir));
  std::error_code error;
  fs::remove(absl::StrCat(history, "/COMPLETE"), error);
  LogInfo("the recovered history is in place", {{"directory", history}});
  return absl::OkStatus();
}

absl::Status Recovery::Connect(const AgentStream& stream,
                               const std::string& target,
                               std::vector<v1::StreamHead> heads) {
  const absl::Status status = CheckReplica(log_, heads);
  absl::MutexLock lock(&mutex_);
  replicas_[&stream] = {stream.agent(), target, std::move(heads)};
  return status;
}

void Recovery::Disconnect(const AgentStream& stream) {
  absl::MutexLock lock(&mutex_);
  replicas_.erase(&stream);
}

std::string Recovery::Require(const absl::Status& fault) {
  absl::MutexLock lock(&mutex_);
  if (why_.empty()) {
    why_ = absl::StrCat(
        "no rollout may start: ", fault.message(),
        "; the history here is not all that was recorded. When all agents are "
        "connected run fleetctl recover --from-agents, or bring back the "
        "newest copy of the state directory ",
        state_dir_);
  }
  return why_;
}

std::string Recovery::why() const {
  absl::MutexLock lock(&mutex_);
  return why_;
}

// By agent name.
std::vector<Recovery::Replica> Recovery::Replicas() const {
  std::vector<Replica> replicas;
  {
    absl::MutexLock lock(&mutex_);
    for (const auto& [stream, replica] : replicas_) replicas.push_back(replica);
  }
  std::sort(
      replicas.begin(), replicas.end(),
      [](const Replica& a, const Replica& b) { return a.agent < b.agent; });
  return replicas;
}

std::map<std::string, Recovery::Source> Recovery::Sources(
    const std::vector<Replica>& replicas) const {
  std::map<std::string, Source> sources;
  for (const Replica& replica : replicas) {
    for (const v1::StreamHead& head : replica.heads) {
      Source& source = sources[head.stream()];
      if (head.sequence() <= source.head.sequence()) continue;
      source = {&replica, head};
    }
  }
  return sources;
}

absl::StatusOr<bool> Recovery::IsHere(const v1::StreamHead& head) const {
  ASSIGN_OR_RETURN(const std::string hash,
                   HashAt(log_, head.stream(), head.sequence()));
  return hash == head.hash();
}

absl::StatusOr<v1::Replicate> Recovery::Next(const Source& source,
                                             const v1::StreamHead& head) const {
  if (source.replica == nullptr) {
    return NextReplicate(log_, {head.stream()}, {head}, kMessageBytes);
  }
  ASSIGN_OR_RETURN(v1::ReplicaReply reply,
                   Await<v1::ReplicaReply>([&](auto done) {
                     calls_.Replica(source.replica->target, head, done);
                   }));
  return std::move(*reply.mutable_next());
}

// The whole stream into `fresh`, which checks every hash of it.
absl::StatusOr<v1::RecoveredStream> Recovery::Pull(const Source& source,
                                                   HistoryLog* fresh) const {
  v1::StreamHead head;
  head.set_stream(source.head.stream());
  while (head.sequence() < source.head.sequence()) {
    ASSIGN_OR_RETURN(const v1::Replicate next, Next(source, head));
    if (next.records().empty()) {
      return absl::DataLossError(absl::StrCat(
          "stream ", Printable(head.stream()), " ends at record ",
          head.sequence(), ", want ", source.head.sequence(), "; try again"));
    }
    RETURN_IF_ERROR(fresh->AppendReplicated(
        {next.records().begin(), next.records().end()},
        {next.contents().begin(), next.contents().end()}));
    const v1::Record& last = *next.records().rbegin();
    head.set_sequence(last.sequence());
    head.set_hash(last.hash());
  }
  v1::RecoveredStream pulled;
  pulled.set_stream(head.stream());
  pulled.set_records(head.sequence());
  if (source.replica != nullptr) pulled.set_agent(source.replica->agent);
  return pulled;
}

// How many records here come after the last one that `fresh` has too.
absl::StatusOr<uint64_t> Recovery::PutAside(const std::string& stream,
                                            const HistoryLog& fresh) const {
  ASSIGN_OR_RETURN(const std::vector<v1::Record> here, log_.Read(stream, 1, 0));
  uint64_t common = 0;
  for (const v1::Record& record : here) {
    ASSIGN_OR_RETURN(const std::string hash,
                     HashAt(fresh, stream, record.sequence()));
    if (hash != record.hash()) break;
    common = record.sequence();
  }
  return here.size() - common;
}

absl::Status Recovery::CheckForks(const std::vector<Replica>& replicas,
                                  const HistoryLog& fresh) const {
  for (const Replica& replica : replicas) {
    for (const v1::StreamHead& head : replica.heads) {
      ASSIGN_OR_RETURN(const std::string hash,
                       HashAt(fresh, head.stream(), head.sequence()));
      if (hash == head.hash()) continue;
      // What it took from here after the loss.
      ASSIGN_OR_RETURN(const bool is_here, IsHere(head));
      if (is_here) continue;
      return absl::FailedPreconditionError(absl::StrCat(
          "stream ", Printable(head.stream()), ": record ", head.sequence(),
          " of agent ", replica.agent,
          "'s replica is another one than in a longer replica: the histories "
          "have forked. Stop the agent whose replica is the wrong one, then "
          "try again; before it is started again, delete the directory "
          "replica in its state_dir"));
    }
  }
  return absl::OkStatus();
}

absl::Status Recovery::HoldRollouts(HistoryLog* fresh) const {
  HistoryView view;
  RETURN_IF_ERROR(view.Load(*fresh));
  Batch batch;
  for (v1::Rollout& rollout : view.Rollouts()) {
    if (IsOver(rollout.state()) || rollout.waves().empty()) continue;
    rollout.set_unconfirmed(kOrderRecovery);
    v1::Record& record = batch.records.emplace_back();
    record.set_stream(std::string(kFleetStream));
    record.set_time_ms(clock_.WallMs());
    *record.mutable_rollout()->mutable_rollout() = std::move(rollout);
  }
  return batch.records.empty() ? absl::OkStatus() : fresh->Append(&batch);
}

absl::StatusOr<v1::RecoverReply> Recovery::FromAgents(
    const v1::RecoverRequest& request) {
  absl::MutexLock lock(&building_);
  const std::string directory = NewPath(state_dir_);
  if (fs::exists(CompletePath(state_dir_))) {
    return absl::FailedPreconditionError(
        "a recovered history lies ready; restart the coordinator");
  }
  std::error_code error;
  fs::remove_all(directory, error);
  if (error) return Failed("remove", directory, error);

  const std::vector<Replica> replicas = Replicas();
  std::map<std::string, Source> sources = Sources(replicas);
  v1::RecoverReply reply;
  for (const Replica& replica : replicas) reply.add_agents(replica.agent);
  bool differs = false;
  std::map<std::string, uint64_t> here;
  for (const v1::StreamHead& head : log_.Heads()) {
    here[head.stream()] = head.sequence();
    Source& source = sources[head.stream()];
    if (source.replica != nullptr) {
      ASSIGN_OR_RETURN(const bool holds, IsHere(source.head));
      if (!holds) continue;
    }
    source = {nullptr, head};
  }
  {
    ASSIGN_OR_RETURN(const std::unique_ptr<HistoryLog> fresh,
                     HistoryLog::Open(directory, LogOptions()));
    for (const auto& [stream, source] : sources) {
      ASSIGN_OR_RETURN(v1::RecoveredStream pulled, Pull(source, fresh.get()));
      pulled.set_records_here(here[stream]);
      if (source.replica != nullptr) {
        differs = true;
        ASSIGN_OR_RETURN(const uint64_t aside, PutAside(stream, *fresh));
        pulled.set_put_aside(aside);
      }
      *reply.add_streams() = std::move(pulled);
    }
    RETURN_IF_ERROR(CheckForks(replicas, *fresh));
    RETURN_IF_ERROR(HoldRollouts(fresh.get()));
  }
  if (request.dry_run() || !differs) {
    fs::remove_all(directory, error);
    return reply;
  }
  RETURN_IF_ERROR(WriteSynced(CompletePath(state_dir_), ""));
  RETURN_IF_ERROR(SyncDirectory(directory));
  RETURN_IF_ERROR(SyncDirectory(state_dir_));
  reply.set_restarts(true);
  reply.set_old_directory(AsidePath(state_dir_));
  LogWarning(
      "the history is recovered from the agents; starting again",
      {{"by", request.by()}, {"streams", absl::StrCat(reply.streams_size())}});
  restart_();
  return reply;
}

}  // namespace fleet
