#include "agent/start_gate.h"

#include <openssl/rand.h>

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/time/time.h"
#include "lib/base/status.h"

namespace fleet {
namespace {

constexpr size_t kNonceBytes = 16;

}  // namespace

std::string StartGate::NewNonce() {
  std::string bytes(kNonceBytes, '\0');
  CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()),
                   static_cast<int>(bytes.size())) == 1);
  return absl::BytesToHexString(bytes);
}

void StartGate::Ask(const OrderKey& key, const std::string& nonce) {
  absl::MutexLock lock(&mutex_);
  if (!(key == key_) || nonce != nonce_) {
    key_ = key;
    nonce_ = nonce;
    unanswered_ = 0;
    grant_.reset();
  }
  if (unanswered_++ == 0) asked_ms_ = clock_.BootMs();
}

// Which of several questions a grant answers cannot be seen, so the oldest one
// counts.
StartGate::Answer StartGate::Grant(const v1::StartGrant& grant) {
  absl::MutexLock lock(&mutex_);
  if (!(KeyOf(grant) == key_) || grant.nonce() != nonce_ || unanswered_ == 0) {
    return Answer::kUnasked;
  }
  --unanswered_;
  if (!IsFresh(asked_ms_)) return Answer::kLate;
  grant_ = grant;
  granted_ms_ = asked_ms_;
  return Answer::kTaken;
}

std::optional<v1::StartGrant> StartGate::Take(const OrderKey& key,
                                              int64_t wait_ms) {
  absl::MutexLock lock(&mutex_);
  const auto decided = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return grant_.has_value() || !(key_ == key);
  };
  mutex_.AwaitWithTimeout(absl::Condition(&decided),
                          absl::Milliseconds(wait_ms));
  if (!(key_ == key)) return std::nullopt;
  std::optional<v1::StartGrant> grant = std::exchange(grant_, std::nullopt);
  // It may have waited for a place in the pool since it came.
  if (!grant.has_value() || !IsFresh(granted_ms_)) return std::nullopt;
  return grant;
}

void StartGate::OnNewStream() {
  absl::MutexLock lock(&mutex_);
  unanswered_ = 0;
}

void StartGate::Close() {
  absl::MutexLock lock(&mutex_);
  key_ = OrderKey();
  nonce_.clear();
  unanswered_ = 0;
  grant_.reset();
}

}  // namespace fleet
