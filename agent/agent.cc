#include "agent/agent.h"

#include <algorithm>
#include <functional>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "lib/base/log.h"
#include "lib/base/status.h"
#include "lib/base/version.h"
#include "lib/engine/registry.h"

namespace fleet {
namespace {

// A greeting waits so long for the first look at the targets; one that is not
// reached by then is described without its version.
constexpr absl::Duration kFirstLookMax = absl::Seconds(2);
constexpr int64_t kFinishMs = 5'000;
constexpr int64_t kCancelMs = 3'000;
constexpr int64_t kHeartbeatMsMin = 100;
// After history that was not taken: a full disk must not make a loop of it.
constexpr int64_t kReplicaRetryMs = 5'000;

}  // namespace

absl::StatusOr<std::unique_ptr<Agent>> Agent::Open(AgentConfig config,
                                                   const Clock& clock) {
  ASSIGN_OR_RETURN(std::unique_ptr<StateDir> state_dir,
                   StateDir::Lock(config.state_dir));
  ASSIGN_OR_RETURN(std::unique_ptr<Journal> journal,
                   Journal::Open(state_dir->Path("journal"), clock));
  ASSIGN_OR_RETURN(std::unique_ptr<Replica> replica,
                   Replica::Open(state_dir->Path("replica")));
  auto agent =
      absl::WrapUnique(new Agent(std::move(config), clock, std::move(state_dir),
                                 std::move(journal), std::move(replica)));
  RETURN_IF_ERROR(agent->MakeWorkers());
  return agent;
}

Agent::Agent(AgentConfig config, const Clock& clock,
             std::unique_ptr<StateDir> state_dir,
             std::unique_ptr<Journal> journal, std::unique_ptr<Replica> replica)
    : config_(std::move(config)),
      clock_(clock),
      state_dir_(std::move(state_dir)),
      journal_(std::move(journal)),
      replica_(std::move(replica)),
      pool_(config_.max_parallel),
      timer_(clock) {}

Agent::~Agent() { Stop(); }

TargetContext Agent::Context() {
  return {clock_,
          timer_,
          pool_,
          *journal_,
          [this](v1::AgentMessage message) {
            return link_->Send(std::move(message));
          },
          [this] { link_->Redial(); },
          stop_};
}

absl::Status Agent::MakeWorkers() {
  LinkOptions options;
  options.address = config_.coordinator_address;
  options.tls = config_.tls;
  LinkHandler& handler = *this;
  link_ = std::make_unique<Link>(std::move(options), timer_, handler);
  replica_strand_ = std::make_unique<Strand>(pool_);
  for (const TargetConfig& target : config_.targets) {
    ASSIGN_OR_RETURN(const Dialect* dialect, DialectOf(target.engine));
    workers_[target.name] = std::make_unique<TargetWorker>(target, config_.name,
                                                           *dialect, Context());
    std::unique_ptr<Rehearser>& rehearser =
        rehearsers_[{target.engine, target.scratch}];
    if (rehearser == nullptr) {
      rehearser =
          std::make_unique<Rehearser>(*dialect, target.scratch, Context());
    }
  }
  return absl::OkStatus();
}

void Agent::Start() {
  for (auto& [name, worker] : workers_) {
    worker->Start(config_.fingerprint_every_ms, [this] {
      absl::MutexLock lock(&mutex_);
      ++looked_;
    });
  }
  {
    absl::MutexLock lock(&mutex_);
    const auto all = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      return looked_ >= workers_.size();
    };
    mutex_.AwaitWithTimeout(absl::Condition(&all), kFirstLookMax);
  }
  link_->Start();
}

bool Agent::Stop() {
  {
    absl::MutexLock lock(&mutex_);
    if (stopped_) return true;
    stopped_ = true;
  }
  stop_.Notify();
  for (auto& [name, worker] : workers_) worker->Close();
  timer_.Stop();
  pool_.Close();
  if (!pool_.WaitUntilIdle(kFinishMs)) {
    for (auto& [name, worker] : workers_) worker->CancelStatement();
    if (!pool_.WaitUntilIdle(kCancelMs)) return false;
  }
  pool_.Stop();
  link_->Stop();
  return true;
}

v1::Hello Agent::MakeHello() {
  v1::Hello hello;
  hello.set_agent(config_.name);
  hello.set_region(config_.region);
  hello.set_version(std::string(kVersion));
  hello.set_epoch_seen(journal_->epoch());
  for (const auto& [name, worker] : workers_) {
    *hello.add_targets() = worker->Description();
  }
  for (v1::StreamHead& head : replica_->Heads()) {
    *hello.add_replica() = std::move(head);
  }
  return hello;
}

void Agent::OnMessage(const v1::CoordinatorMessage& message) {
  if (message.has_welcome()) {
    OnWelcome(message.welcome());
    return;
  }
  {
    absl::MutexLock lock(&mutex_);
    if (!is_obeyed_) return;
  }
  switch (message.body_case()) {
    case v1::CoordinatorMessage::kFingerprint:
      return ToTarget(message.fingerprint(), &TargetWorker::OnFingerprint);
    case v1::CoordinatorMessage::kSchema:
      return ToTarget(message.schema(), &TargetWorker::OnSchema);
    case v1::CoordinatorMessage::kCheck:
      return ToTarget(message.check(), &TargetWorker::OnCheck);
    case v1::CoordinatorMessage::kScratch:
      return ToRehearser(message.scratch(), &Rehearser::OnScratch);
    case v1::CoordinatorMessage::kRehearsal:
      return ToRehearser(message.rehearsal(), &Rehearser::OnRehearsal);
    case v1::CoordinatorMessage::kPrepare:
      return ToTarget(message.prepare(), &TargetWorker::OnPrepare);
    case v1::CoordinatorMessage::kGo:
      return ToTarget(message.go(), &TargetWorker::OnGo);
    case v1::CoordinatorMessage::kStartGrant:
      return ToTarget(message.start_grant(), &TargetWorker::OnGrant);
    case v1::CoordinatorMessage::kCancel:
      return ToTarget(message.cancel(), &TargetWorker::OnCancel);
    case v1::CoordinatorMessage::kResultAck:
      return ToTarget(message.result_ack(), &TargetWorker::OnAck);
    case v1::CoordinatorMessage::kReplicate:
      return OnReplicate(message.replicate());
    case v1::CoordinatorMessage::kReplica:
      return OnReplicaRequest(message.replica());
    default:
      // A later version may say more than this one understands.
      LogWarning("message of an unknown kind from the coordinator");
  }
}

void Agent::OnWelcome(const v1::Welcome& welcome) {
  const uint64_t seen = journal_->epoch();
  absl::Status status = absl::OkStatus();
  if (welcome.epoch() < seen) {
    status = absl::FailedPreconditionError(
        absl::StrCat("coordinator ", welcome.coordinator(), " has epoch ",
                     welcome.epoch(), ", this agent has seen ", seen,
                     "; it was restored from an old copy or replaced"));
  } else {
    status = journal_->RaiseEpoch(welcome.epoch());
  }
  uint64_t greeting = 0;
  {
    absl::MutexLock lock(&mutex_);
    is_obeyed_ = status.ok();
    greeting = ++greeting_;
  }
  BeatLater(greeting, std::max(welcome.heartbeat_ms(), int64_t{0}));
  if (!status.ok()) {
    LogError("the coordinator is not obeyed", {{"error", status.ToString()}});
    return;
  }
  LogInfo("connected", {{"coordinator", welcome.coordinator()},
                        {"epoch", absl::StrCat(welcome.epoch())}});
  for (auto& [name, worker] : workers_) {
    worker->OnGreeted(welcome.fingerprint_every_ms());
  }
}

void Agent::BeatLater(uint64_t greeting, int64_t every_ms) {
  if (every_ms == 0) return;
  timer_.After(std::max(every_ms, kHeartbeatMsMin), [this, greeting, every_ms] {
    {
      absl::MutexLock lock(&mutex_);
      if (greeting != greeting_) return;
    }
    v1::AgentMessage message;
    message.mutable_heartbeat()->set_time_ms(clock_.WallMs());
    if (link_->Send(std::move(message))) BeatLater(greeting, every_ms);
  });
}

void Agent::OnReplicate(const v1::Replicate& message) {
  const bool posted = replica_strand_->Post([this, message] {
    const absl::Status status = replica_->Take(message);
    if (!status.ok()) {
      LogError("history from the coordinator was not taken",
               {{"error", status.ToString()}});
      timer_.After(kReplicaRetryMs, [this] { AckReplica(); });
      return;
    }
    AckReplica();
  });
  if (!posted) LogWarning("history comes faster than it can be written");
}

void Agent::OnReplicaRequest(const v1::ReplicaRequest& request) {
  const bool posted = replica_strand_->Post([this, request] {
    v1::AgentMessage message;
    v1::ReplicaReply& reply = *message.mutable_replica();
    reply.set_request_id(request.request_id());
    absl::StatusOr<v1::Replicate> next = replica_->After(request.head());
    if (next.ok()) {
      *reply.mutable_next() = *std::move(next);
    } else {
      reply.set_error(std::string(next.status().message()));
      reply.set_error_code(static_cast<int>(next.status().code()));
    }
    link_->Send(std::move(message));
  });
  if (!posted) LogWarning("the replica is asked faster than it is read");
}

// Brings the records after these heads, or the same ones again.
void Agent::AckReplica() {
  v1::AgentMessage reply;
  reply.mutable_replica_ack();
  for (v1::StreamHead& head : replica_->Heads()) {
    *reply.mutable_replica_ack()->add_heads() = std::move(head);
  }
  link_->Send(std::move(reply));
}

template <typename Message>
void Agent::ToTarget(const Message& message,
                     void (TargetWorker::*take)(const Message&)) {
  const auto worker = workers_.find(message.target());
  if (worker == workers_.end()) {
    LogWarning("message for a target of another agent",
               {{"target", message.target()}});
    return;
  }
  (worker->second.get()->*take)(message);
}

template <typename Message>
void Agent::ToRehearser(const Message& message,
                        void (Rehearser::*take)(const Message&)) {
  const auto worker = workers_.find(message.target());
  if (worker == workers_.end()) {
    LogWarning("scratch request for a target of another agent",
               {{"target", message.target()}});
    return;
  }
  const TargetConfig& target = worker->second->config();
  const auto rehearser = rehearsers_.find({target.engine, target.scratch});
  (rehearser->second.get()->*take)(message);
}

}  // namespace fleet
