#include "agent/journal.h"

#include <algorithm>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "lib/base/digest.h"
#include "lib/base/status.h"

namespace fleet {
namespace {

// Enough to answer a coordinator that repeats an old order; an order older than
// these fails its fingerprint check.
constexpr size_t kAckedOrdersMax = 16;

std::string PlanBytes(v1::Plan plan) {
  plan.clear_id();
  return plan.SerializeAsString();
}

void ForgetOldOrders(std::vector<OrderState>& orders) {
  size_t acked = 0;
  for (const OrderState& order : orders) acked += order.acked ? 1 : 0;
  for (auto it = orders.begin(); acked > kAckedOrdersMax;) {
    if (!it->acked) {
      ++it;
      continue;
    }
    it = orders.erase(it);
    --acked;
  }
}

void Apply(const v1::JournalEntry& entry, OrderState& order) {
  using Entry = v1::JournalEntry;
  switch (entry.step()) {
    case Entry::PREPARED: {
      // Prepared anew after it was taken back: nothing of before counts.
      const OrderKey key = order.key;
      order = OrderState();
      order.key = key;
      order.plan_id = entry.plan_id();
      order.nonce = entry.nonce();
      order.prepare.ParseFromString(entry.outcome());
      break;
    }
    case Entry::STARTED:
      order.started = true;
      order.prepare.set_epoch(std::max(order.prepare.epoch(), entry.epoch()));
      break;
    case Entry::INTENT:
      order.group = entry.group();
      order.step = entry.step();
      order.before = entry.fingerprint();
      order.after.clear();
      break;
    case Entry::DONE:
      order.group = entry.group();
      order.step = entry.step();
      order.after = entry.fingerprint();
      break;
    case Entry::FAILED:
    case Entry::UNKNOWN:
      order.group = entry.group();
      order.step = entry.step();
      order.error = entry.error();
      break;
    case Entry::FINISHED:
      order.finished = true;
      order.result.ParseFromString(entry.outcome());
      break;
    case Entry::ACKED:
      order.acked = true;
      break;
    default:
      break;
  }
}

}  // namespace

v1::JournalEntry EntryOf(const OrderKey& key, v1::JournalEntry::Step step) {
  v1::JournalEntry entry;
  entry.set_step(step);
  entry.set_rollout(key.rollout);
  entry.set_target(key.target);
  entry.set_attempt(key.attempt);
  return entry;
}

Journal::Journal(std::unique_ptr<HistoryLog> log, const Clock& clock)
    : log_(std::move(log)), clock_(clock) {}

absl::StatusOr<std::unique_ptr<Journal>> Journal::Open(
    const std::string& directory, const Clock& clock) {
  ASSIGN_OR_RETURN(std::unique_ptr<HistoryLog> log,
                   HistoryLog::Open(directory, LogOptions()));
  auto journal = absl::WrapUnique(new Journal(std::move(log), clock));
  RETURN_IF_ERROR(journal->Load());
  return journal;
}

absl::Status Journal::Load() {
  for (const v1::StreamHead& head : log_->Heads()) {
    ASSIGN_OR_RETURN(const std::vector<v1::Record> records,
                     log_->Read(head.stream(), 1, 0));
    for (const v1::Record& record : records) {
      if (record.has_journal()) Fold(record.journal());
    }
  }
  return absl::OkStatus();
}

uint64_t Journal::epoch() const {
  absl::MutexLock lock(&mutex_);
  return epoch_;
}

absl::Status Journal::RaiseEpoch(uint64_t epoch) {
  if (epoch <= this->epoch()) return absl::OkStatus();
  v1::JournalEntry entry;
  entry.set_step(v1::JournalEntry::EPOCH);
  entry.set_epoch(epoch);
  return AppendBatch(kFleetStream, {entry}, {});
}

absl::Status Journal::AppendPrepared(const v1::Prepare& prepare,
                                     const std::string& nonce) {
  std::string bytes = PlanBytes(prepare.plan());
  if (Sha256Hex(bytes) != prepare.plan().id()) {
    return absl::InvalidArgumentError(
        absl::StrCat("plan ", prepare.plan().id(), " is not what its id says"));
  }
  v1::JournalEntry entry = EntryOf(KeyOf(prepare), v1::JournalEntry::PREPARED);
  entry.set_plan_id(prepare.plan().id());
  entry.set_epoch(prepare.epoch());
  entry.set_nonce(nonce);
  v1::Prepare order = prepare;
  order.clear_plan();
  entry.set_outcome(order.SerializeAsString());
  return AppendBatch(TargetStream(prepare.target()), {entry},
                     {std::move(bytes)});
}

absl::Status Journal::Append(const std::vector<v1::JournalEntry>& entries) {
  CHECK(!entries.empty());
  return AppendBatch(TargetStream(entries.front().target()), entries, {});
}

absl::Status Journal::AppendBatch(absl::string_view stream,
                                  const std::vector<v1::JournalEntry>& entries,
                                  std::vector<std::string> content) {
  Batch batch;
  batch.content = std::move(content);
  for (const v1::JournalEntry& entry : entries) {
    v1::Record& record = batch.records.emplace_back();
    record.set_stream(std::string(stream));
    record.set_time_ms(clock_.WallMs());
    *record.mutable_journal() = entry;
  }
  RETURN_IF_ERROR(Annotate(log_->Append(&batch), "writing the journal"));
  for (const v1::JournalEntry& entry : entries) Fold(entry);
  return absl::OkStatus();
}

void Journal::Fold(const v1::JournalEntry& entry) {
  absl::MutexLock lock(&mutex_);
  if (entry.step() == v1::JournalEntry::EPOCH) {
    epoch_ = std::max(epoch_, entry.epoch());
    return;
  }
  std::vector<OrderState>& orders = orders_[entry.target()];
  const OrderKey key = KeyOf(entry);
  auto found = std::find_if(orders.begin(), orders.end(),
                            [&](const OrderState& o) { return o.key == key; });
  if (found == orders.end()) {
    OrderState order;
    order.key = key;
    found = orders.insert(orders.end(), std::move(order));
  }
  Apply(entry, *found);
  ForgetOldOrders(orders);
}

std::optional<OrderState> Journal::Find(const OrderKey& key) const {
  absl::MutexLock lock(&mutex_);
  const auto orders = orders_.find(key.target);
  if (orders == orders_.end()) return std::nullopt;
  for (const OrderState& order : orders->second) {
    if (order.key == key) return order;
  }
  return std::nullopt;
}

std::vector<OrderState> Journal::OpenOrders(absl::string_view target) const {
  absl::MutexLock lock(&mutex_);
  std::vector<OrderState> open;
  const auto orders = orders_.find(target);
  if (orders == orders_.end()) return open;
  for (const OrderState& order : orders->second) {
    if (!order.acked) open.push_back(order);
  }
  return open;
}

absl::StatusOr<v1::Plan> Journal::LoadPlan(absl::string_view plan_id) const {
  ASSIGN_OR_RETURN(const std::string bytes, log_->Content(plan_id));
  v1::Plan plan;
  if (!plan.ParseFromString(bytes)) {
    return absl::DataLossError(
        absl::StrCat("plan ", plan_id, " in the journal cannot be read"));
  }
  plan.set_id(std::string(plan_id));
  return plan;
}

}  // namespace fleet
