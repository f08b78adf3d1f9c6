#include "tests/testing/fake_agent.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lib/base/channel.h"
#include "lib/base/status.h"
#include "lib/engine/make_plan.h"
#include "lib/engine/registry.h"
#include "lib/schema/fingerprint.h"
#include "lib/schema/scope.h"

namespace fleet::testing {
namespace {

const Dialect& Sqlite() { return **DialectOf(v1::SQLITE); }

std::string FingerprintIn(const Schema& schema, const v1::Scope& scope) {
  const absl::StatusOr<Schema> scoped = ApplyScope(schema, scope);
  CHECK(scoped.ok());
  return Fingerprint(*scoped, Sqlite().specs());
}

}  // namespace

Schema Shop(int variant) {
  std::vector<Object> objects;
  for (absl::string_view table : {"orders", "users"}) {
    objects.emplace_back(v1::TABLE, Path{table});
    objects.back().Set("name", table);
    Object id(v1::COLUMN, Path{table, "id"});
    id.Set("name", "id");
    id.Set("type", "INTEGER");
    id.Set("position", "000001");
    objects.push_back(std::move(id));
  }
  for (int i = 1; i <= variant; ++i) {
    const std::string name = absl::StrCat("extra_", i);
    Object column(v1::COLUMN, Path{"users", name});
    column.Set("name", name);
    column.Set("type", "TEXT");
    column.Set("position", absl::StrCat("00000", i + 1));
    objects.push_back(std::move(column));
  }
  absl::StatusOr<Schema> schema =
      Schema::Make({v1::SQLITE, "sqlite", 3040001}, std::move(objects));
  CHECK(schema.ok());
  return *std::move(schema);
}

std::string FingerprintOf(const Schema& schema) {
  return Fingerprint(schema, Sqlite().specs());
}

FakeAgent::FakeAgent(std::string address, std::string name)
    : address_(std::move(address)), name_(std::move(name)) {
  absl::StatusOr<std::shared_ptr<grpc::Channel>> channel =
      OpenChannel(address_, {});
  CHECK(channel.ok());
  stub_ = v1::AgentLink::NewStub(*channel);
}

FakeAgent::~FakeAgent() { Disconnect(); }

void FakeAgent::AddTarget(const std::string& name, Schema schema,
                          const std::string& region, bool read_only) {
  absl::MutexLock lock(&mutex_);
  Database& database = databases_[name];
  database.target.set_name(name);
  database.target.set_engine(v1::SQLITE);
  database.target.set_region(region);
  database.target.add_tags("saas");
  database.target.set_read_only(read_only);
  schemas_[testing::FingerprintOf(schema)] = schema;
  database.schema = std::move(schema);
}

void FakeAgent::Learn(const Schema& schema) {
  absl::MutexLock lock(&mutex_);
  schemas_[testing::FingerprintOf(schema)] = schema;
}

void FakeAgent::Connect() {
  Disconnect();
  context_ = std::make_unique<grpc::ClientContext>();
  stream_ = stub_->Connect(context_.get());
  {
    absl::MutexLock lock(&mutex_);
    connected_ = true;
    v1::AgentMessage message;
    v1::Hello& hello = *message.mutable_hello();
    hello.set_agent(name_);
    hello.set_region("eu");
    hello.set_version("0.1.0");
    hello.set_epoch_seen(epoch_seen_);
    for (const auto& [name, database] : databases_) {
      *hello.add_targets() = database.target;
    }
    for (const v1::StreamHead& head : replica_.heads()) {
      *hello.add_replica() = head;
    }
    Write(message);
  }
  reader_ = std::thread([this] { Read(); });
}

void FakeAgent::Disconnect() {
  if (context_ != nullptr) context_->TryCancel();
  if (reader_.joinable()) reader_.join();
  if (stream_ != nullptr) stream_->Finish().ok();
  stream_.reset();
  context_.reset();
}

bool FakeAgent::IsConnected() const {
  absl::MutexLock lock(&mutex_);
  return connected_;
}

void FakeAgent::Drift(const std::string& target, Schema schema, bool tell) {
  absl::MutexLock lock(&mutex_);
  schemas_[testing::FingerprintOf(schema)] = schema;
  databases_[target].schema = std::move(schema);
  if (tell) Report(target, "");
}

void FakeAgent::set_epoch_seen(uint64_t epoch) {
  absl::MutexLock lock(&mutex_);
  epoch_seen_ = epoch;
}

void FakeAgent::set_replica(std::vector<v1::StreamHead> heads) {
  absl::MutexLock lock(&mutex_);
  for (const v1::StreamHead& head : heads) replica_.set_head(head);
}

void FakeAgent::FailTarget(const std::string& target,
                           const std::string& message) {
  absl::MutexLock lock(&mutex_);
  failing_[target] = message;
}

void FakeAgent::HealTarget(const std::string& target) {
  absl::MutexLock lock(&mutex_);
  failing_.erase(target);
  refusing_.erase(target);
}

void FakeAgent::RefuseTarget(const std::string& target,
                             const std::string& message) {
  absl::MutexLock lock(&mutex_);
  refusing_[target] = message;
}

void FakeAgent::HoldResults(bool hold) {
  absl::MutexLock lock(&mutex_);
  hold_results_ = hold;
}

void FakeAgent::ReleaseResults() {
  absl::MutexLock lock(&mutex_);
  hold_results_ = false;
  for (const auto& [name, database] : databases_) {
    if (database.has_result) SendResult(database);
  }
}

void FakeAgent::Find(const std::string& target, const std::string& message,
                     bool warning) {
  absl::MutexLock lock(&mutex_);
  findings_[target].set_message(message);
  findings_[target].set_warning(warning);
}

void FakeAgent::set_rehearsal_error(const std::string& error) {
  absl::MutexLock lock(&mutex_);
  rehearsal_error_ = error;
}

std::string FakeAgent::FingerprintOf(const std::string& target) const {
  absl::MutexLock lock(&mutex_);
  return testing::FingerprintOf(databases_.at(target).schema);
}

uint64_t FakeAgent::epoch() const {
  absl::MutexLock lock(&mutex_);
  return epoch_;
}

int FakeAgent::times_applied(const std::string& target) const {
  absl::MutexLock lock(&mutex_);
  return databases_.at(target).applied;
}

int FakeAgent::schemas_sent() const {
  absl::MutexLock lock(&mutex_);
  return schemas_sent_;
}

int FakeAgent::rehearsals() const {
  absl::MutexLock lock(&mutex_);
  return rehearsals_;
}

void FakeAgent::CopyReplica(const FakeAgent& other) {
  FakeReplica replica;
  {
    absl::MutexLock lock(&other.mutex_);
    replica = other.replica_;
  }
  absl::MutexLock lock(&mutex_);
  replica_ = std::move(replica);
}

size_t FakeAgent::replica_records(const std::string& stream) const {
  absl::MutexLock lock(&mutex_);
  return replica_.size(stream);
}

size_t FakeAgent::replica_records() const {
  absl::MutexLock lock(&mutex_);
  return replica_records_;
}

int FakeAgent::prepared() const {
  absl::MutexLock lock(&mutex_);
  return prepared_;
}

void FakeAgent::Read() {
  v1::CoordinatorMessage message;
  while (stream_->Read(&message)) {
    absl::MutexLock lock(&mutex_);
    Handle(message);
  }
  absl::MutexLock lock(&mutex_);
  connected_ = false;
}

void FakeAgent::Handle(const v1::CoordinatorMessage& message) {
  switch (message.body_case()) {
    case v1::CoordinatorMessage::kWelcome:
      epoch_ = message.welcome().epoch();
      for (const auto& [name, database] : databases_) {
        Report(name, "");
        if (database.has_result && !hold_results_) SendResult(database);
      }
      break;
    case v1::CoordinatorMessage::kFingerprint:
      Report(message.fingerprint().target(),
             message.fingerprint().request_id());
      break;
    case v1::CoordinatorMessage::kSchema:
      AnswerSchema(message.schema().request_id(), message.schema().target());
      break;
    case v1::CoordinatorMessage::kScratch:
      AnswerScratch(message.scratch());
      break;
    case v1::CoordinatorMessage::kRehearsal:
      AnswerRehearsal(message.rehearsal());
      break;
    case v1::CoordinatorMessage::kCheck:
      AnswerCheck(message.check());
      break;
    case v1::CoordinatorMessage::kPrepare:
      HandlePrepare(message.prepare());
      break;
    case v1::CoordinatorMessage::kGo:
      HandleGo(message.go());
      break;
    case v1::CoordinatorMessage::kStartGrant:
      HandleGrant(message.start_grant());
      break;
    case v1::CoordinatorMessage::kCancel:
      databases_[message.cancel().target()].prepared.Clear();
      break;
    case v1::CoordinatorMessage::kResultAck:
      databases_[message.result_ack().target()].has_result = false;
      break;
    case v1::CoordinatorMessage::kReplicate:
      HandleReplicate(message.replicate());
      break;
    case v1::CoordinatorMessage::kReplica:
      AnswerReplica(message.replica());
      break;
    default:
      break;
  }
}

void FakeAgent::HandlePrepare(const v1::Prepare& prepare) {
  ++prepared_;
  Database& database = databases_[prepare.target()];
  const bool again = database.prepared.rollout() == prepare.rollout() &&
                     database.prepared.attempt() == prepare.attempt();
  if (again && (database.started || database.has_result)) {
    if (database.has_result && !hold_results_) SendResult(database);
    return;
  }
  v1::AgentMessage message;
  const std::string live =
      FingerprintIn(database.schema, prepare.plan().scope());
  const auto refusing = refusing_.find(prepare.target());
  if (live != prepare.plan().from_fingerprint() ||
      refusing != refusing_.end()) {
    v1::Refused& refused = *message.mutable_refused();
    refused.set_rollout(prepare.rollout());
    refused.set_target(prepare.target());
    refused.set_attempt(prepare.attempt());
    refused.set_fingerprint(live);
    const bool drifted = refusing == refusing_.end();
    refused.set_state(drifted ? v1::TARGET_DRIFTED : v1::TARGET_BLOCKED);
    refused.set_reason(drifted ? "drifted" : "policy");
    refused.set_message(drifted ? "schema changed since the plan"
                                : refusing->second);
    return Write(message);
  }
  database.prepared = prepare;
  database.started = false;
  if (!again) database.nonce.clear();
  v1::Ready& ready = *message.mutable_ready();
  ready.set_rollout(prepare.rollout());
  ready.set_target(prepare.target());
  ready.set_attempt(prepare.attempt());
  Write(message);
}

void FakeAgent::HandleGo(const v1::Go& go) {
  Database& database = databases_[go.target()];
  if (database.prepared.rollout() != go.rollout() ||
      database.prepared.attempt() != go.attempt() || database.started) {
    return;
  }
  if (database.nonce.empty()) database.nonce = absl::StrCat("n", ++nonces_);
  v1::AgentMessage message;
  v1::StartAsk& ask = *message.mutable_start_ask();
  ask.set_rollout(go.rollout());
  ask.set_target(go.target());
  ask.set_attempt(go.attempt());
  ask.set_nonce(database.nonce);
  Write(message);
}

void FakeAgent::HandleGrant(const v1::StartGrant& grant) {
  Database& database = databases_[grant.target()];
  if (database.prepared.rollout() != grant.rollout() ||
      database.prepared.attempt() != grant.attempt() ||
      database.nonce != grant.nonce() || database.started) {
    return;
  }
  database.started = true;
  Apply(database);
  if (!hold_results_) SendResult(database);
}

void FakeAgent::Apply(Database& database) {
  const v1::Prepare& order = database.prepared;
  v1::Result& result = database.result;
  result.Clear();
  result.set_rollout(order.rollout());
  result.set_target(order.target());
  result.set_attempt(order.attempt());
  result.set_plan_id(order.plan().id());
  database.has_result = true;
  ++database.applied;
  const auto failing = failing_.find(order.target());
  const int total = order.plan().statements_size();
  const int done = failing == failing_.end() ? total : 0;
  for (int i = 0; i < std::min(done + 1, total); ++i) {
    v1::StatementResult& statement = *result.add_results();
    statement.set_attempt(order.attempt());
    statement.set_index(i);
    statement.set_ok(i < done);
    statement.set_duration_ms(40);
    if (i == done) statement.set_error(failing->second);
  }
  result.set_statements_done(done);
  if (failing != failing_.end()) {
    result.set_state(v1::TARGET_FAILED);
    result.set_reason("statement");
    result.set_message(failing->second);
    result.set_failed_statement(1);
  } else {
    result.set_state(v1::TARGET_HEALTHY);
    const auto to = schemas_.find(order.plan().to_fingerprint());
    if (to != schemas_.end()) database.schema = to->second;
  }
  result.set_fingerprint(FingerprintIn(database.schema, order.plan().scope()));
}

void FakeAgent::SendResult(const Database& database) {
  v1::AgentMessage message;
  *message.mutable_result() = database.result;
  Write(message);
}

void FakeAgent::HandleReplicate(const v1::Replicate& replicate) {
  replica_records_ += replicate.records_size();
  replica_.Take(replicate);
  v1::AgentMessage message;
  for (const v1::StreamHead& head : replica_.heads()) {
    *message.mutable_replica_ack()->add_heads() = head;
  }
  Write(message);
}

void FakeAgent::AnswerReplica(const v1::ReplicaRequest& request) {
  v1::AgentMessage message;
  v1::ReplicaReply& reply = *message.mutable_replica();
  reply.set_request_id(request.request_id());
  *reply.mutable_next() = replica_.After(request.head());
  Write(message);
}

void FakeAgent::AnswerSchema(const std::string& id, const std::string& target) {
  ++schemas_sent_;
  const Database& database = databases_[target];
  v1::AgentMessage message;
  v1::SchemaReply& reply = *message.mutable_schema();
  reply.set_request_id(id);
  reply.set_target(target);
  reply.set_fingerprint(testing::FingerprintOf(database.schema));
  *reply.mutable_schema() = ToProto(database.schema);
  Write(message);
}

// "shop N" stands for SQL that makes Shop(N); anything else is an error in it.
void FakeAgent::AnswerScratch(const v1::ScratchRequest& request) {
  v1::AgentMessage message;
  v1::SchemaReply& reply = *message.mutable_schema();
  reply.set_request_id(request.request_id());
  reply.set_target(request.target());
  if (absl::StartsWith(request.sql(), "shop ")) {
    const Schema schema = Shop(request.sql().back() - '0');
    reply.set_fingerprint(testing::FingerprintOf(schema));
    *reply.mutable_schema() = ToProto(schema);
  } else {
    reply.set_error(absl::StrCat(request.file_name(), ":1:1: syntax error"));
    reply.set_error_code(static_cast<int>(absl::StatusCode::kInvalidArgument));
  }
  Write(message);
}

void FakeAgent::AnswerCheck(const v1::CheckRequest& request) {
  v1::AgentMessage message;
  v1::CheckReply& reply = *message.mutable_check();
  reply.set_request_id(request.request_id());
  reply.set_target(request.target());
  const auto found = findings_.find(request.target());
  if (found != findings_.end()) *reply.add_findings() = found->second;
  Write(message);
}

void FakeAgent::AnswerRehearsal(const v1::RehearsalRequest& request) {
  ++rehearsals_;
  v1::AgentMessage message;
  v1::RehearsalReply& reply = *message.mutable_rehearsal();
  reply.set_request_id(request.request_id());
  reply.set_error(rehearsal_error_);
  reply.set_error_code(static_cast<int>(absl::StatusCode::kFailedPrecondition));
  if (rehearsal_error_.empty()) {
    reply.set_ok(true);
    reply.set_error_code(0);
    *reply.mutable_plan() = request.plan();
    reply.mutable_plan()->set_rehearsed(true);
    reply.mutable_plan()->set_id(PlanId(reply.plan()));
  }
  Write(message);
}

void FakeAgent::Report(const std::string& target,
                       const std::string& request_id) {
  const Database& database = databases_[target];
  v1::AgentMessage message;
  v1::FingerprintReport& report = *message.mutable_fingerprint();
  report.set_target(target);
  report.set_request_id(request_id);
  report.set_fingerprint(testing::FingerprintOf(database.schema));
  *report.mutable_description() = database.target;
  report.mutable_description()->set_flavour("sqlite");
  report.mutable_description()->set_server_version(3040001);
  Write(message);
}

void FakeAgent::Write(const v1::AgentMessage& message) {
  if (stream_ != nullptr) stream_->Write(message);
}

}  // namespace fleet::testing
