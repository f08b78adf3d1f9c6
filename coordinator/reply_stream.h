#ifndef COORDINATOR_REPLY_STREAM_H_
#define COORDINATOR_REPLY_STREAM_H_

#include <grpcpp/support/server_callback.h>

#include <deque>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "lib/base/grpc_status.h"

namespace fleet {

// The writing end of a server stream: a bounded queue, one write at a time.
//
//   auto stream = std::make_shared<ReplyStream<v1::MakePlanReply>>();
//   stream->Begin(stream);             // keeps itself alive until gRPC is done
//   stream->Push(reply, kReplaceable); // a later one takes its place
//   stream->End(absl::OkStatus());     // after all that was pushed
//
// A slow reader misses replaceable replies first, then the oldest others.
// Thread-safe.
template <typename Reply>
class ReplyStream : public grpc::ServerWriteReactor<Reply> {
 public:
  enum Kind { kKept, kReplaceable };

  void Begin(std::shared_ptr<ReplyStream> self) { self_ = std::move(self); }

  void Push(Reply reply, Kind kind) {
    absl::MutexLock lock(&mutex_);
    if (ending_) return;
    if (kind == kReplaceable) {
      for (auto it = queue_.begin(); it != queue_.end(); ++it) {
        if (it->second != kReplaceable) continue;
        queue_.erase(it);
        break;
      }
    } else if (queue_.size() >= kQueueMax) {
      queue_.pop_front();
    }
    queue_.emplace_back(std::move(reply), kind);
    Continue();
  }

  void End(const absl::Status& status) {
    absl::MutexLock lock(&mutex_);
    if (ending_) return;
    ending_ = true;
    status_ = status;
    Continue();
  }

  void OnWriteDone(bool ok) override {
    absl::MutexLock lock(&mutex_);
    writing_ = false;
    if (!ok) Abandon();
    Continue();
  }
  void OnCancel() override {
    absl::MutexLock lock(&mutex_);
    Abandon();
    Continue();
  }
  void OnDone() override {
    // The last reference may be this one.
    const std::shared_ptr<ReplyStream> self = std::move(self_);
  }

 private:
  static constexpr size_t kQueueMax = 4'096;

  void Abandon() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    queue_.clear();
    if (ending_) return;
    ending_ = true;
    status_ = absl::CancelledError("the caller is gone");
  }

  void Continue() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (writing_ || finished_) return;
    if (!queue_.empty()) {
      current_ = std::move(queue_.front().first);
      queue_.pop_front();
      writing_ = true;
      this->StartWrite(&current_);
    } else if (ending_) {
      finished_ = true;
      this->Finish(ToGrpc(status_));
    }
  }

  std::shared_ptr<ReplyStream> self_;
  absl::Mutex mutex_;
  std::deque<std::pair<Reply, Kind>> queue_ ABSL_GUARDED_BY(mutex_);
  Reply current_ ABSL_GUARDED_BY(mutex_);
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace fleet

#endif  // COORDINATOR_REPLY_STREAM_H_
