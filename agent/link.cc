#include "agent/link.h"

#include <grpcpp/client_context.h>
#include <grpcpp/support/client_callback.h>

#include <algorithm>
#include <utility>

#include "lib/base/grpc_status.h"
#include "lib/base/log.h"
#include "lib/base/status.h"

namespace fleet {
namespace {

// A coordinator that does not read is left; the next stream starts empty.
constexpr size_t kOutgoingBytesMax = 2 * size_t{kMessageBytesMax};
constexpr size_t kOutgoingMessagesMax = 100'000;

}  // namespace

// One call. Its callbacks only move messages between gRPC and the link; the
// link's mutex guards when a write may start (never two at a time).
class Link::Stream
    : public grpc::ClientBidiReactor<v1::AgentMessage, v1::CoordinatorMessage> {
 public:
  Stream(Link& link, std::shared_ptr<grpc::Channel> channel)
      : link_(link), stub_(v1::AgentLink::NewStub(std::move(channel))) {}

  // The hold keeps OnDone away while writes may begin outside of callbacks.
  void Begin() {
    stub_->async()->Connect(&context_, this);
    AddHold();
    StartRead(&incoming_);
    StartCall();
  }

  // Nothing of the stream reaches the handler afterwards. REQUIRES: the link's
  // mutex.
  void Leave() {
    left_ = true;
    context_.TryCancel();
  }

  void OnReadDone(bool ok) override {
    if (!ok) {
      {
        absl::MutexLock lock(&link_.mutex_);
        link_.greeted_ = false;
        closed_ = true;
      }
      RemoveHold();
      return;
    }
    {
      absl::MutexLock lock(&link_.mutex_);
      // Left: what is still in the stream is not read, see OnReadDone(false).
      if (left_) {
        StartRead(&incoming_);
        return;
      }
      link_.greeted_ = true;
      link_.failures_ = 0;
    }
    link_.handler_.OnMessage(incoming_);
    StartRead(&incoming_);
  }

  void OnWriteDone(bool ok) override {
    absl::MutexLock lock(&link_.mutex_);
    link_.writing_ = false;
    link_.outgoing_bytes_ -= link_.outgoing_.front().ByteSizeLong();
    link_.outgoing_.pop_front();
    if (ok) WriteNext();
  }

  void OnDone(const grpc::Status& status) override {
    link_.OnStreamDone(status);  // may destroy this
  }

  // REQUIRES: the link's mutex.
  void WriteNext() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    if (closed_ || link_.writing_ || link_.outgoing_.empty()) return;
    link_.writing_ = true;
    StartWrite(&link_.outgoing_.front());
  }

 private:
  Link& link_;
  const std::unique_ptr<v1::AgentLink::Stub> stub_;
  grpc::ClientContext context_;
  v1::CoordinatorMessage incoming_;
  // Both guarded by link_.mutex_.
  bool closed_ = false;  // no write may start
  bool left_ = false;
};

Link::Link(LinkOptions options, Timer& timer, LinkHandler& handler)
    : options_(std::move(options)), timer_(timer), handler_(handler) {}

Link::~Link() { Stop(); }

void Link::Start() { Dial(); }

void Link::Stop() {
  absl::MutexLock lock(&mutex_);
  stopping_ = true;
  greeted_ = false;
  if (running_) stream_->Leave();
  const auto ended = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return !running_ && !dialing_;
  };
  mutex_.Await(absl::Condition(&ended));
  stream_.reset();
}

void Link::Redial() {
  absl::MutexLock lock(&mutex_);
  if (!running_) return;
  greeted_ = false;
  stream_->Leave();
}

bool Link::Send(v1::AgentMessage message) {
  absl::MutexLock lock(&mutex_);
  return greeted_ && Enqueue(std::move(message));
}

bool Link::Enqueue(v1::AgentMessage message) {
  outgoing_bytes_ += message.ByteSizeLong();
  outgoing_.push_back(std::move(message));
  if (outgoing_bytes_ > kOutgoingBytesMax ||
      outgoing_.size() > kOutgoingMessagesMax) {
    LogWarning("the coordinator does not read; leaving this stream");
    greeted_ = false;
    stream_->Leave();
    return false;
  }
  stream_->WriteNext();
  return true;
}

void Link::Dial() {
  {
    absl::MutexLock lock(&mutex_);
    if (stopping_ || running_ || dialing_) return;
    dialing_ = true;
  }
  // Outside of the lock: both read files or ask every target.
  absl::StatusOr<std::shared_ptr<grpc::Channel>> channel =
      OpenChannel(options_.address, options_.tls);
  v1::AgentMessage hello;
  *hello.mutable_hello() = handler_.MakeHello();

  absl::MutexLock lock(&mutex_);
  dialing_ = false;
  if (stopping_) return;
  if (!channel.ok()) {
    LogError("cannot open a channel to the coordinator",
             {{"error", std::string(channel.status().message())}});
    DialLater();
    return;
  }
  running_ = true;
  writing_ = false;
  outgoing_.clear();
  outgoing_bytes_ = 0;
  stream_ = std::make_unique<Stream>(*this, *std::move(channel));
  stream_->Begin();
  Enqueue(std::move(hello));
}

void Link::DialLater() {
  const int doublings = std::min(failures_++, 20);
  const int64_t ceiling_ms =
      std::min(options_.backoff_max_ms, options_.backoff_base_ms << doublings);
  timer_.After(absl::Uniform<int64_t>(random_, 0, ceiling_ms + 1),
               [this] { Dial(); });
}

void Link::OnStreamDone(const grpc::Status& status) {
  absl::MutexLock lock(&mutex_);
  running_ = false;
  greeted_ = false;
  if (stopping_) return;
  LogWarning(
      "no stream to the coordinator",
      {{"address", options_.address}, {"status", FromGrpc(status).ToString()}});
  DialLater();
}

}  // namespace fleet
