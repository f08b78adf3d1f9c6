#include "coordinator/agent_link.h"

#include <atomic>
#include <deque>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "lib/base/channel.h"
#include "lib/base/grpc_status.h"

namespace fleet {
namespace {

// What may wait for one agent. One message more than this is always taken, so
// the largest message passes.
constexpr size_t kQueueBytesMax = kMessageBytesMax;

class Reactor
    : public grpc::ServerBidiReactor<v1::AgentMessage, v1::CoordinatorMessage>,
      public AgentStream {
 public:
  Reactor(AgentEvents& events, const Clock& clock,
          grpc::CallbackServerContext* context)
      : events_(events),
        clock_(clock),
        context_(context),
        last_heard_ms_(clock.WallMs()) {}

  // Keeps itself alive until gRPC is done with it.
  void Begin(std::shared_ptr<Reactor> self) {
    self_ = std::move(self);
    StartRead(&incoming_);
  }

  const std::string& agent() const override { return agent_; }
  int64_t last_heard_ms() const override { return last_heard_ms_; }
  void StartReading() override {
    absl::MutexLock lock(&mutex_);
    // After Finish the call may be gone at any moment.
    if (!finished_) StartRead(&incoming_);
  }

  bool Send(v1::CoordinatorMessage message) override {
    {
      absl::MutexLock lock(&mutex_);
      if (closing_) return false;
      if (queued_bytes_ <= kQueueBytesMax) {
        queued_bytes_ += message.ByteSizeLong();
        queue_.push_back(std::move(message));
        WriteNext();
        return true;
      }
    }
    Close(absl::ResourceExhaustedError(absl::StrCat(
        "agent ", agent_, " does not read what it is sent; more than ",
        kQueueBytesMax >> 20, " MiB wait for it")));
    return false;
  }

  bool is_open() const override {
    absl::MutexLock lock(&mutex_);
    return !closing_;
  }

  void Close(const absl::Status& status) override {
    absl::MutexLock lock(&mutex_);
    if (closing_) return;
    BeginClosing(status);
    // A write that the peer does not take would keep Finish waiting.
    if (writing_ && !done_) context_->TryCancel();
  }

  void OnReadDone(bool ok) override {
    if (!ok) {
      absl::MutexLock lock(&mutex_);
      BeginClosing(absl::OkStatus());
      return;
    }
    last_heard_ms_ = clock_.WallMs();
    v1::AgentMessage message = std::move(incoming_);
    incoming_.Clear();
    if (agent_.empty()) {
      Greet(std::move(message));
      return;
    }
    events_.OnMessage(self_, std::move(message));
    StartReading();
  }

  void OnWriteDone(bool ok) override {
    absl::MutexLock lock(&mutex_);
    writing_ = false;
    if (!ok) BeginClosing(absl::UnavailableError("the agent is gone"));
    if (closing_) {
      FinishOnce();
    } else {
      WriteNext();
    }
  }

  void OnCancel() override {
    absl::MutexLock lock(&mutex_);
    BeginClosing(absl::CancelledError("the stream was cancelled"));
  }

  void OnDone() override {
    {
      absl::MutexLock lock(&mutex_);
      done_ = true;
    }
    std::shared_ptr<Reactor> self = std::move(self_);
    events_.OnLost(self);
  }

 private:
  void Greet(v1::AgentMessage message) {
    if (!message.has_hello() || message.hello().agent().empty()) {
      Close(absl::InvalidArgumentError(
          "the first message of an agent must be a hello that names it"));
      return;
    }
    agent_ = message.hello().agent();
    events_.OnHello(self_, std::move(*message.mutable_hello()));
  }

  void WriteNext() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (writing_ || queue_.empty()) return;
    outgoing_ = std::move(queue_.front());
    queue_.pop_front();
    queued_bytes_ -= outgoing_.ByteSizeLong();
    writing_ = true;
    StartWrite(&outgoing_);
  }

  void BeginClosing(const absl::Status& status)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (closing_) return;
    closing_ = true;
    status_ = status;
    queue_.clear();
    queued_bytes_ = 0;
    FinishOnce();
  }

  // Not while a write is under way: its completion comes back here.
  void FinishOnce() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (finished_ || writing_) return;
    finished_ = true;
    Finish(ToGrpc(status_));
  }

  AgentEvents& events_;
  const Clock& clock_;
  grpc::CallbackServerContext* const context_;  // valid until OnDone
  std::shared_ptr<Reactor> self_;               // gRPC's threads, in turn
  std::string agent_;                           // set before anybody else looks
  v1::AgentMessage incoming_;
  std::atomic<int64_t> last_heard_ms_;

  mutable absl::Mutex mutex_;
  std::deque<v1::CoordinatorMessage> queue_ ABSL_GUARDED_BY(mutex_);
  size_t queued_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  v1::CoordinatorMessage outgoing_ ABSL_GUARDED_BY(mutex_);
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool closing_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  bool done_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

grpc::ServerBidiReactor<v1::AgentMessage, v1::CoordinatorMessage>*
AgentLinkService::Connect(grpc::CallbackServerContext* context) {
  auto reactor = std::make_shared<Reactor>(events_, clock_, context);
  Reactor* raw = reactor.get();
  raw->Begin(std::move(reactor));
  return raw;
}

}  // namespace fleet
