#include "agent/start_gate.h"

#include <openssl/rand.h>

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/time/time.h"
#include "lib/base/status.h"

namespace fleet {
namespace {

constexpr size_t kNonceBytes = 16;

std::string NewNonce() {
  std::string bytes(kNonceBytes, '\0');
  CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()),
                   static_cast<int>(bytes.size())) == 1);
  return absl::BytesToHexString(bytes);
}

}  // namespace

std::string StartGate::Ask(const OrderKey& key) {
  const std::string nonce = NewNonce();
  const int64_t now_ms = clock_.BootMs();
  absl::MutexLock lock(&mutex_);
  if (!(key == key_)) {
    key_ = key;
    questions_.clear();
    grant_.reset();
  }
  while (!questions_.empty() &&
         now_ms - questions_.front().asked_ms > kStartTtlMs) {
    questions_.erase(questions_.begin());
  }
  questions_.push_back({nonce, now_ms});
  return nonce;
}

bool StartGate::Grant(const v1::StartGrant& grant) {
  absl::MutexLock lock(&mutex_);
  if (!(KeyOf(grant) == key_) || !IsFresh(grant.nonce())) return false;
  grant_ = grant;
  return true;
}

std::optional<v1::StartGrant> StartGate::Take(const OrderKey& key,
                                              int64_t wait_ms) {
  absl::MutexLock lock(&mutex_);
  const auto decided = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return grant_.has_value() || !(key_ == key);
  };
  mutex_.AwaitWithTimeout(absl::Condition(&decided),
                          absl::Milliseconds(wait_ms));
  if (!(key_ == key) || !grant_.has_value()) return std::nullopt;
  std::optional<v1::StartGrant> grant = std::exchange(grant_, std::nullopt);
  // It may have waited for a place in the pool since it came.
  if (!IsFresh(grant->nonce())) return std::nullopt;
  questions_.clear();
  return grant;
}

void StartGate::Close() {
  absl::MutexLock lock(&mutex_);
  key_ = OrderKey();
  questions_.clear();
  grant_.reset();
}

bool StartGate::IsFresh(const std::string& nonce) const {
  for (const Question& question : questions_) {
    if (question.nonce == nonce) {
      return clock_.BootMs() - question.asked_ms <= kStartTtlMs;
    }
  }
  return false;
}

}  // namespace fleet
