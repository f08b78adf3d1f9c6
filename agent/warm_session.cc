#include "agent/warm_session.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lib/base/status.h"
#include "lib/engine/open_session.h"

namespace fleet {
namespace {

// For reading: printing a view's definition waits for whoever alters it. A
// plan's statements bring their own.
constexpr int64_t kLockTimeoutMs = 10'000;
constexpr int64_t kStatementTimeoutMs = 600'000;

}  // namespace

absl::StatusOr<Session*> WarmSession::Get() {
  used_ms_ = clock_.BootMs();
  {
    absl::MutexLock lock(&mutex_);
    if (session_ != nullptr && !session_->IsBroken() &&
        session_->SetTimeouts(kLockTimeoutMs, kStatementTimeoutMs).ok()) {
      return session_.get();
    }
  }
  Drop();
  ASSIGN_OR_RETURN(const std::string url, UrlWithPassword(target_));
  SessionOptions options;
  options.read_only = target_.read_only;
  options.keep_plans = true;
  options.application_name = "fleet-agent";
  absl::StatusOr<std::unique_ptr<Session>> opened = OpenSession(url, options);
  if (!opened.ok()) {
    return Annotate(opened.status(), absl::StrCat("target ", target_.name));
  }
  RETURN_IF_ERROR((*opened)->SetTimeouts(kLockTimeoutMs, kStatementTimeoutMs));
  absl::MutexLock lock(&mutex_);
  session_ = *std::move(opened);
  return session_.get();
}

void WarmSession::Drop() {
  std::unique_ptr<Session> dropped;  // closed outside of the lock
  absl::MutexLock lock(&mutex_);
  dropped = std::move(session_);
}

void WarmSession::DropIfIdle(int64_t idle_ms) {
  if (clock_.BootMs() - used_ms_ >= idle_ms) Drop();
}

void WarmSession::Cancel() {
  absl::MutexLock lock(&mutex_);
  if (session_ != nullptr) session_->Cancel();
}

}  // namespace fleet
