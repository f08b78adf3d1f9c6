#ifndef AGENT_START_GATE_H_
#define AGENT_START_GATE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "agent/journal.h"
#include "lib/base/clock.h"
#include "proto/agent.pb.h"

namespace fleet {

// "May I start now?": the nonces asked for one target, and the grant. A grant
// counts only for a nonce of this process, and only for a short time after the
// question, measured through suspend: an order that lay in a buffer through a
// partition, or in a stopped virtual machine, never starts. Thread-safe.
class StartGate {
 public:
  static constexpr int64_t kStartTtlMs = 30'000;

  explicit StartGate(const Clock& clock) : clock_(clock) {}

  // A new nonce for `key`; questions about another order are forgotten.
  std::string Ask(const OrderKey& key);

  // True when the grant answers a question of ours, in time.
  bool Grant(const v1::StartGrant& grant);

  // The grant for `key`, waiting up to `wait_ms`; it may be taken once.
  std::optional<v1::StartGrant> Take(const OrderKey& key, int64_t wait_ms);

  // Forgets everything and ends a Take that waits.
  void Close();

 private:
  struct Question {
    std::string nonce;
    int64_t asked_ms = 0;
  };

  bool IsFresh(const std::string& nonce) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Clock& clock_;
  absl::Mutex mutex_;
  OrderKey key_ ABSL_GUARDED_BY(mutex_);
  std::vector<Question> questions_ ABSL_GUARDED_BY(mutex_);  // oldest first
  std::optional<v1::StartGrant> grant_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace fleet

#endif  // AGENT_START_GATE_H_
