#ifndef AGENT_JOURNAL_H_
#define AGENT_JOURNAL_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "lib/base/clock.h"
#include "lib/history/log.h"
#include "proto/agent.pb.h"
#include "proto/history.pb.h"

// What the agent promised and did, synced before it acts:
//
//   EPOCH     a higher coordinator epoch was seen (stream "fleet")
//   PREPARED  an order was checked; its plan is content, the rest is `outcome`;
//             `nonce` is what the agent will ask with
//   STARTED   the coordinator granted the start; with INTENT(0) in one batch,
//             but for an order whose state was lost: all of it is looked at
//   INTENT    the group's SQL goes to the driver next; `fingerprint` = before
//   DONE      the group is committed; `fingerprint` = after
//   FAILED    the group is known not to have been applied; `error` says why
//   UNKNOWN   the connection was lost; recovery decides
//   FINISHED  `outcome` is the Result, repeated until
//   ACKED     the coordinator has it (or took back an order never started)
//
// An order is one (rollout, target, attempt). Opening the journal folds it into
// Orders. Concurrent appends share a sync. Thread-safe.

namespace fleet {

struct OrderKey {
  std::string rollout;
  std::string target;
  int attempt = 0;

  friend bool operator==(const OrderKey& a, const OrderKey& b) {
    return a.rollout == b.rollout && a.target == b.target &&
           a.attempt == b.attempt;
  }
};

// The (rollout, target, attempt) that every message of the link carries.
template <typename Message>
OrderKey KeyOf(const Message& message) {
  return {message.rollout(), message.target(), message.attempt()};
}

struct OrderState {
  OrderKey key;
  v1::Prepare prepare;  // without its plan
  std::string plan_id;
  std::string nonce;
  bool started = false;
  // The last group that was begun (-1: none), its last step (INTENT, DONE,
  // FAILED or UNKNOWN) and what the schema was before it; after it once DONE.
  int group = -1;
  v1::JournalEntry::Step step = v1::JournalEntry::STEP_UNSPECIFIED;
  std::string before;
  std::string after;
  std::string error;  // of FAILED
  bool finished = false;
  v1::Result result;  // once finished
  bool acked = false;

  // SQL of it may have reached the database, and its end is not written.
  bool IsRunning() const { return started && !finished; }
  // It was started before this journal knew of it: any of its groups may have
  // reached the database.
  bool IsForgotten() const {
    return !prepare.granted_nonce().empty() && group < 0;
  }
};

class Journal {
 public:
  // DataLoss when the log is damaged; it then stays untouched.
  static absl::StatusOr<std::unique_ptr<Journal>> Open(
      const std::string& directory, const Clock& clock);

  // The highest coordinator epoch ever seen.
  uint64_t epoch() const;
  // Synced when `epoch` is higher than any before; else nothing.
  absl::Status RaiseEpoch(uint64_t epoch);

  // PREPARED of `prepare`, which carries its plan.
  absl::Status AppendPrepared(const v1::Prepare& prepare,
                              const std::string& nonce);
  // All in one synced batch. REQUIRES: one target.
  absl::Status Append(const std::vector<v1::JournalEntry>& entries);

  std::optional<OrderState> Find(const OrderKey& key) const;
  // Of one target, oldest first: those that are not acknowledged.
  std::vector<OrderState> OpenOrders(absl::string_view target) const;
  absl::StatusOr<v1::Plan> LoadPlan(absl::string_view plan_id) const;

 private:
  Journal(std::unique_ptr<HistoryLog> log, const Clock& clock);

  absl::Status Load();
  absl::Status AppendBatch(absl::string_view stream,
                           const std::vector<v1::JournalEntry>& entries,
                           std::vector<std::string> content);
  void Fold(const v1::JournalEntry& entry);

  const std::unique_ptr<HistoryLog> log_;
  const Clock& clock_;
  mutable absl::Mutex mutex_;
  uint64_t epoch_ ABSL_GUARDED_BY(mutex_) = 0;
  // Per target, oldest first; of the acknowledged ones only the newest few.
  std::map<std::string, std::vector<OrderState>, std::less<>> orders_
      ABSL_GUARDED_BY(mutex_);
};

// An entry about `key`; the caller fills in what the step needs.
v1::JournalEntry EntryOf(const OrderKey& key, v1::JournalEntry::Step step);

}  // namespace fleet

#endif  // AGENT_JOURNAL_H_
