#ifndef AGENT_START_GATE_H_
#define AGENT_START_GATE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "agent/journal.h"
#include "lib/base/clock.h"
#include "proto/agent.pb.h"

namespace fleet {

// "May I start now?": what was asked for one target, and the grant. An order
// has one nonce for all its questions, kept in the journal, so that an agent
// that crashed between the question and the answer may ask again. A grant
// counts only for a question of this process on this stream, and only for a
// short time after the oldest one that has no answer, measured through suspend:
// an order that lay in a buffer through a partition, or in a stopped virtual
// machine, never starts. Thread-safe.
class StartGate {
 public:
  static constexpr int64_t kStartTtlMs = 30'000;

  enum class Answer {
    kTaken,
    kUnasked,  // not a question of ours, or answered already
    kLate,     // the stream was stuck: what else is in it is late too
  };

  explicit StartGate(const Clock& clock) : clock_(clock) {}

  static std::string NewNonce();

  // Questions about another order are forgotten.
  void Ask(const OrderKey& key, const std::string& nonce);
  Answer Grant(const v1::StartGrant& grant);

  // The grant for `key`, waiting up to `wait_ms`; it may be taken once.
  std::optional<v1::StartGrant> Take(const OrderKey& key, int64_t wait_ms);

  // Answers to earlier questions cannot come any more.
  void OnNewStream();

  // Forgets everything and ends a Take that waits.
  void Close();

 private:
  bool IsFresh(int64_t asked_ms) const {
    return clock_.BootMs() - asked_ms <= kStartTtlMs;
  }

  const Clock& clock_;
  absl::Mutex mutex_;
  OrderKey key_ ABSL_GUARDED_BY(mutex_);
  std::string nonce_ ABSL_GUARDED_BY(mutex_);
  int unanswered_ ABSL_GUARDED_BY(mutex_) = 0;    // questions on this stream
  int64_t asked_ms_ ABSL_GUARDED_BY(mutex_) = 0;  // the oldest of these
  std::optional<v1::StartGrant> grant_ ABSL_GUARDED_BY(mutex_);
  int64_t granted_ms_ ABSL_GUARDED_BY(mutex_) = 0;  // asked_ms_ of grant_
};

}  // namespace fleet

#endif  // AGENT_START_GATE_H_
