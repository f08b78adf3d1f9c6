#include "coordinator/coordinator.h"

#include <grpcpp/server_builder.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "coordinator/identity.h"
#include "lib/base/fold_names.h"
#include "lib/base/log.h"
#include "lib/base/status.h"

namespace fleet {
namespace {

constexpr int kQuickThreads = 4;
constexpr int kSlowThreads = 8;
constexpr int64_t kTickMs = 200;
constexpr int64_t kLeftoversMs = 15'000;
// An agent that misses so many heartbeats is gone.
constexpr int64_t kHeartbeatsMissed = 3;

absl::Status MakeStateDirectory(const std::string& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error || access(directory.c_str(), R_OK | W_OK | X_OK) != 0) {
    return absl::FailedPreconditionError(absl::StrCat(
        "cannot write to the state directory ", directory,
        error ? ": " + error.message() : "",
        "; give another one with --state-dir, or this user the right to it"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Coordinator>> Coordinator::Start(
    const CoordinatorOptions& options, const Clock& clock) {
  std::unique_ptr<Coordinator> coordinator(new Coordinator(options, clock));
  RETURN_IF_ERROR(coordinator->OpenHistory());
  RETURN_IF_ERROR(coordinator->Listen());
  return coordinator;
}

Coordinator::Coordinator(CoordinatorOptions options, const Clock& clock)
    : options_(std::move(options)),
      clock_(clock),
      fleet_(clock),
      calls_(fleet_, clock) {}

Coordinator::~Coordinator() {
  if (!stopping_.HasBeenNotified()) stopping_.Notify();
  if (watch_thread_.joinable()) watch_thread_.join();
  calls_.Shutdown();
  for (const Fleet::Member& member : fleet_.Members()) {
    member.stream->Close(
        absl::UnavailableError("the coordinator is stopping; come back"));
  }
  if (server_ != nullptr) {
    // What has not ended by then is cancelled: rollout watchers, mostly.
    server_->Shutdown(std::chrono::system_clock::now() +
                      std::chrono::milliseconds(500));
  }
  // Callers first, then what they call.
  slow_.reset();
  quick_.reset();
  runner_.reset();
  recorder_.reset();
  replicator_.reset();
}

absl::Status Coordinator::OpenHistory() {
  RETURN_IF_ERROR(MakeStateDirectory(options_.state_dir));
  ASSIGN_OR_RETURN(id_, ReadOrMakeIdentity(options_.state_dir));
  RETURN_IF_ERROR(Recovery::Install(options_.state_dir));
  ASSIGN_OR_RETURN(
      log_, HistoryLog::Open(absl::StrCat(options_.state_dir, "/history"),
                             LogOptions()));
  RETURN_IF_ERROR(view_.Load(*log_));
  recovery_ = std::make_unique<Recovery>(*log_, calls_, clock_,
                                         options_.state_dir, options_.restart);
  replicator_ = std::make_unique<Replicator>(
      *log_, [this](const absl::Status& fault) { RequireRecovery(fault); });
  log_->OnAppended([this](const Batch& batch) {
    for (const v1::Record& record : batch.records) view_.Fold(record);
    replicator_->Appended(batch);
  });
  RETURN_IF_ERROR(log_->StartEpoch(log_->epoch() + 1, clock_.WallMs()));
  fleet_.Restore(view_.Targets());
  recorder_ = std::make_unique<Recorder>(*log_, view_, fleet_, calls_, clock_);
  sources_ = std::make_unique<SourceResolver>(*log_, view_, fleet_, calls_,
                                              *recorder_);
  planner_ = std::make_unique<Planner>(*log_, view_, fleet_, calls_, *sources_,
                                       clock_);
  answers_ = std::make_unique<Answers>(*log_, view_, fleet_, *sources_, clock_);
  runner_ = std::make_unique<RolloutRunner>(
      *log_, view_, fleet_, clock_,
      [this](const std::vector<std::string>& targets) {
        for (const std::string& target : targets) AskFingerprint(target);
      });
  runner_->Restore();
  return absl::OkStatus();
}

absl::Status Coordinator::Listen() {
  ASSIGN_OR_RETURN(std::shared_ptr<grpc::ServerCredentials> credentials,
                   ServerCredentialsFor(options_.listen, options_.tls));
  quick_ = std::make_unique<Workers>(kQuickThreads);
  slow_ = std::make_unique<Workers>(kSlowThreads);
  AgentEvents& events = *this;
  agent_link_ = std::make_unique<AgentLinkService>(events, clock_);
  fleet_service_ = std::make_unique<FleetService>(
      FleetBackend{*log_, view_, fleet_, *answers_, *planner_, *runner_,
                   *quick_, *slow_, *recovery_, id_});
  int port = 0;
  grpc::ServerBuilder builder;
  // Two coordinators on one port would share the agents between them.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 30'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(
      GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 5'000);
  builder.SetMaxReceiveMessageSize(kMessageBytesMax);
  builder.SetMaxSendMessageSize(kMessageBytesMax);
  builder.AddListeningPort(options_.listen, std::move(credentials), &port);
  builder.RegisterService(agent_link_.get());
  builder.RegisterService(fleet_service_.get());
  server_ = builder.BuildAndStart();
  if (server_ == nullptr || port == 0) {
    return absl::UnavailableError(absl::StrCat(
        "cannot listen on ", options_.listen,
        "; is another fleet-coordinator running there? Another address: "
        "--listen HOST:PORT"));
  }
  address_ = absl::StrCat(options_.listen.substr(0, options_.listen.rfind(':')),
                          ":", port);
  watch_thread_ = std::thread([this] { Watch(); });
  return absl::OkStatus();
}

void Coordinator::OnHello(std::shared_ptr<AgentStream> stream,
                          v1::Hello hello) {
  quick_->Post([this, stream = std::move(stream), hello = std::move(hello)] {
    Admit(stream, hello);
  });
}

void Coordinator::Admit(const std::shared_ptr<AgentStream>& stream,
                        const v1::Hello& hello) {
  if (absl::Status status = RaiseEpoch(hello.epoch_seen()); !status.ok()) {
    // It would hear us and do nothing; later it dials again.
    LogError(
        "the epoch could not be raised",
        {{"agent", hello.agent()}, {"error", std::string(status.message())}});
    stream->Close(status);
    return;
  }
  v1::CoordinatorMessage message;
  v1::Welcome& welcome = *message.mutable_welcome();
  welcome.set_coordinator(id_);
  welcome.set_epoch(log_->epoch());
  welcome.set_heartbeat_ms(options_.heartbeat_ms);
  welcome.set_fingerprint_every_ms(options_.fingerprint_every_ms);
  stream->Send(std::move(message));
  // Before anything is recorded of its targets, and before any order.
  if (absl::Status fault = recovery_->Connect(
          *stream, hello.targets().empty() ? "" : hello.targets(0).name(),
          {hello.replica().begin(), hello.replica().end()});
      !fault.ok()) {
    RequireRecovery(Annotate(fault, absl::StrCat("agent ", hello.agent())));
  }
  Fleet::Joined joined;
  {
    absl::MutexLock lock(&link_mutex_);
    joined = fleet_.Connect(hello, stream);
    runner_->AgentConnected(joined.targets);
  }
  if (joined.replaced != nullptr) {
    joined.replaced->Close(absl::AbortedError(
        absl::StrCat("agent ", hello.agent(), " has connected anew")));
    calls_.AgentLost(*joined.replaced);
    replicator_->Disconnect(*joined.replaced);
    recovery_->Disconnect(*joined.replaced);
  }
  if (!joined.contested.empty()) {
    LogError(
        "targets belong to another connected agent already",
        {{"agent", hello.agent()}, {"targets", FoldedNames(joined.contested)}});
  }
  if (absl::Status status = recorder_->RecordTargets(joined.changed);
      !status.ok()) {
    LogError(
        "targets could not be recorded",
        {{"agent", hello.agent()}, {"error", std::string(status.message())}});
  }
  if (!recovery_->is_required()) {
    replicator_->Connect(stream, joined.targets,
                         {hello.replica().begin(), hello.replica().end()});
  }
  LogInfo("agent connected",
          {{"agent", hello.agent()},
           {"version", hello.version()},
           {"targets", absl::StrCat(joined.targets.size())}});
  // It may have gone while this was under way; then OnLost found nothing.
  if (!stream->is_open()) Leave(*stream);
  stream->StartReading();
}

// No order of ours is obeyed by an agent that has seen a higher epoch.
absl::Status Coordinator::RaiseEpoch(uint64_t seen) {
  absl::MutexLock lock(&epoch_mutex_);
  if (seen <= log_->epoch()) return absl::OkStatus();
  LogWarning(
      "an agent has seen a higher epoch; ours is raised above it",
      {{"ours", absl::StrCat(log_->epoch())}, {"seen", absl::StrCat(seen)}});
  return log_->StartEpoch(seen + 1, clock_.WallMs());
}

void Coordinator::OnLost(const std::shared_ptr<AgentStream>& stream) {
  if (stream->agent().empty()) return;
  Leave(*stream);
}

void Coordinator::Leave(const AgentStream& stream) {
  {
    absl::MutexLock lock(&link_mutex_);
    std::vector<std::string> lost = fleet_.Disconnect(stream);
    if (!lost.empty()) {
      LogWarning("agent is away", {{"agent", stream.agent()},
                                   {"targets", absl::StrCat(lost.size())}});
      runner_->AgentLost(std::move(lost));
    }
  }
  calls_.AgentLost(stream);
  replicator_->Disconnect(stream);
  recovery_->Disconnect(stream);
}

void Coordinator::RequireRecovery(const absl::Status& fault) {
  const std::string why = recovery_->Require(fault);
  LogError(why);
  replicator_->Stop();
  recorder_->Hold(why);
  runner_->RequireRecovery(why);
}

void Coordinator::OnMessage(const std::shared_ptr<AgentStream>& stream,
                            v1::AgentMessage message) {
  const AgentStream& from = *stream;
  switch (message.body_case()) {
    case v1::AgentMessage::kFingerprint:
      if (!fleet_.Owns(from, message.fingerprint().target())) return;
      if (calls_.Answer(from, message)) return;
      return TakeFingerprint(message.fingerprint());
    case v1::AgentMessage::kSchema:
    case v1::AgentMessage::kRehearsal:
    case v1::AgentMessage::kReplica:
    case v1::AgentMessage::kCheck:
      calls_.Answer(from, message);
      return;
    case v1::AgentMessage::kReady:
      if (!fleet_.Owns(from, message.ready().target())) return;
      break;
    case v1::AgentMessage::kRefused:
      if (!fleet_.Owns(from, message.refused().target())) return;
      break;
    case v1::AgentMessage::kStartAsk:
      if (!fleet_.Owns(from, message.start_ask().target())) return;
      break;
    case v1::AgentMessage::kProgress:
      if (!fleet_.Owns(from, message.progress().target())) return;
      break;
    case v1::AgentMessage::kResult:
      if (!fleet_.Owns(from, message.result().target())) return;
      break;
    case v1::AgentMessage::kReplicaAck:
      return replicator_->Ack(from, message.replica_ack());
    default:
      return;
  }
  runner_->Report(message);
}

void Coordinator::TakeFingerprint(const v1::FingerprintReport& report) {
  bool described = false;
  TargetSnapshot snapshot = fleet_.Report(report, &described);
  if (!snapshot.error.ok()) {
    LogWarning("a target could not be read",
               {{"target", report.target()},
                {"error", std::string(snapshot.error.message())}});
  }
  recorder_->Observe(std::move(snapshot), described);
}

void Coordinator::AskFingerprint(const std::string& target) {
  calls_.Fingerprint(
      target, [this, target](absl::StatusOr<v1::FingerprintReport> report) {
        // What fails is asked for again, and an agent that is away reports by
        // itself when it is back.
        if (!report.ok()) return;
        report->set_target(target);
        TakeFingerprint(*report);
      });
}

void Coordinator::Watch() {
  int64_t leftovers_at_ms = clock_.BootMs() + kLeftoversMs;
  while (
      !stopping_.WaitForNotificationWithTimeout(absl::Milliseconds(kTickMs))) {
    calls_.Expire();
    const int64_t silent_ms =
        clock_.WallMs() - kHeartbeatsMissed * options_.heartbeat_ms;
    for (const auto& stream : fleet_.SilentSince(silent_ms)) {
      LogWarning("agent is silent", {{"agent", stream->agent()}});
      stream->Close(absl::DeadlineExceededError("no heartbeat"));
    }
    if (clock_.BootMs() >= leftovers_at_ms) {
      RetryLeftovers();
      leftovers_at_ms = clock_.BootMs() + kLeftoversMs;
    }
  }
}

void Coordinator::RetryLeftovers() {
  for (TargetSnapshot& snapshot : fleet_.Snapshots()) {
    if (!snapshot.connected) continue;
    if (!snapshot.error.ok()) AskFingerprint(snapshot.target.name());
    if (!snapshot.rollout.empty() || !snapshot.error.ok() ||
        snapshot.fingerprint.empty()) {
      continue;
    }
    const absl::StatusOr<v1::Version> newest =
        view_.Newest(snapshot.target.name());
    if (newest.ok() && newest->fingerprint() == snapshot.fingerprint) continue;
    recorder_->Observe(std::move(snapshot), /*described=*/false);
  }
}

}  // namespace fleet
