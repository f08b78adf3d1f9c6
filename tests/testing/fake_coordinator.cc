#include "tests/testing/fake_coordinator.h"

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "lib/base/channel.h"
#include "lib/base/status.h"

namespace fleet::testing {

FakeCoordinator::FakeCoordinator(CoordinatorBehaviour behaviour, int port)
    : behaviour_(behaviour) {
  grpc::ServerBuilder builder;
  builder.SetMaxReceiveMessageSize(kMessageBytesMax);
  builder.AddListeningPort(absl::StrCat("127.0.0.1:", port),
                           grpc::InsecureServerCredentials(), &port_);
  builder.RegisterService(this);
  server_ = builder.BuildAndStart();
  CHECK(server_ != nullptr);
}

FakeCoordinator::~FakeCoordinator() {
  DropStreams();
  server_->Shutdown(std::chrono::system_clock::now());
}

std::string FakeCoordinator::address() const {
  return absl::StrCat("127.0.0.1:", port_);
}

grpc::Status FakeCoordinator::Connect(grpc::ServerContext* context,
                                      Stream* stream) {
  {
    absl::MutexLock lock(&mutex_);
    contexts_.push_back(context);
    stream_ = stream;
  }
  v1::AgentMessage message;
  while (stream->Read(&message)) {
    absl::MutexLock lock(&mutex_);
    messages_.push_back(message);
    if (stream_ == stream) Answer(message);
  }
  absl::MutexLock lock(&mutex_);
  if (stream_ == stream) stream_ = nullptr;
  contexts_.erase(std::find(contexts_.begin(), contexts_.end(), context));
  return grpc::Status::OK;
}

void FakeCoordinator::Answer(const v1::AgentMessage& message) {
  v1::CoordinatorMessage answer;
  if (message.has_hello()) {
    v1::Welcome& welcome = *answer.mutable_welcome();
    welcome.set_coordinator("fake");
    welcome.set_epoch(behaviour_.epoch);
    welcome.set_heartbeat_ms(behaviour_.heartbeat_ms);
  } else if (message.has_start_ask() && behaviour_.grants) {
    const v1::StartAsk& ask = message.start_ask();
    v1::StartGrant& grant = *answer.mutable_start_grant();
    grant.set_rollout(ask.rollout());
    grant.set_target(ask.target());
    grant.set_attempt(ask.attempt());
    grant.set_nonce(ask.nonce());
    grant.set_epoch(behaviour_.epoch);
  } else if (message.has_result() && behaviour_.acknowledges) {
    v1::ResultAck& ack = *answer.mutable_result_ack();
    ack.set_rollout(message.result().rollout());
    ack.set_target(message.result().target());
    ack.set_attempt(message.result().attempt());
  } else {
    return;
  }
  stream_->Write(answer);
}

bool FakeCoordinator::Send(const v1::CoordinatorMessage& message) {
  absl::MutexLock lock(&mutex_);
  return stream_ != nullptr && stream_->Write(message);
}

void FakeCoordinator::DropStreams() {
  absl::MutexLock lock(&mutex_);
  for (grpc::ServerContext* context : contexts_) context->TryCancel();
}

void FakeCoordinator::set_behaviour(const CoordinatorBehaviour& behaviour) {
  absl::MutexLock lock(&mutex_);
  behaviour_ = behaviour;
}

std::optional<v1::AgentMessage> FakeCoordinator::Await(const Matches& matches,
                                                       size_t from,
                                                       absl::Duration limit) {
  absl::MutexLock lock(&mutex_);
  std::optional<v1::AgentMessage> found;
  size_t next = from;
  const auto arrived = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    for (; next < messages_.size() && !found; ++next) {
      if (matches(messages_[next])) found = messages_[next];
    }
    return found.has_value();
  };
  mutex_.AwaitWithTimeout(absl::Condition(&arrived), limit);
  return found;
}

size_t FakeCoordinator::Count(const Matches& matches) const {
  absl::MutexLock lock(&mutex_);
  return std::count_if(messages_.begin(), messages_.end(), matches);
}

size_t FakeCoordinator::size() const {
  absl::MutexLock lock(&mutex_);
  return messages_.size();
}

}  // namespace fleet::testing
