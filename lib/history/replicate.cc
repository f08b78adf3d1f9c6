#include "lib/history/replicate.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "lib/base/printable.h"
#include "lib/base/status.h"
#include "lib/history/schema_store.h"

namespace fleet {
namespace {

constexpr size_t kReadAtOnce = 64;
// How far back a replica's own records are asked what content it has.
constexpr uint64_t kLookBack = 256;

// Content that a record names: hash, and the alias that leads to it.
struct Named {
  std::string hash;
  std::string alias;
};

absl::Status AddSchemaNames(const HistoryLog& log,
                            const std::string& fingerprint,
                            std::vector<Named>* names) {
  const absl::StatusOr<std::vector<std::string>> hashes =
      SchemaContent(log, fingerprint);
  if (absl::IsNotFound(hashes.status())) return absl::OkStatus();
  RETURN_IF_ERROR(hashes.status());
  for (size_t i = 0; i < hashes->size(); ++i) {
    names->push_back({(*hashes)[i], i == 0 ? SchemaAlias(fingerprint) : ""});
  }
  return absl::OkStatus();
}

absl::Status AddPlanName(const HistoryLog& log, const std::string& plan_id,
                         std::vector<Named>* names) {
  const std::string alias = PlanAlias(plan_id);
  const absl::StatusOr<std::string> hash = log.Alias(alias);
  if (absl::IsNotFound(hash.status())) return absl::OkStatus();
  RETURN_IF_ERROR(hash.status());
  names->push_back({*hash, alias});
  return absl::OkStatus();
}

std::vector<std::string> PlansOf(const v1::Record& record) {
  std::vector<std::string> plans;
  if (record.has_target_progress()) {
    plans.push_back(record.target_progress().progress().plan_id());
  }
  for (const v1::TargetProgress& progress :
       record.rollout().rollout().targets()) {
    plans.push_back(progress.plan_id());
  }
  for (const v1::Cohort& cohort : record.fleet_plan().fleet_plan().cohorts()) {
    plans.push_back(cohort.plan().id());
  }
  std::sort(plans.begin(), plans.end());
  plans.erase(std::unique(plans.begin(), plans.end()), plans.end());
  return plans;
}

absl::StatusOr<std::vector<Named>> ContentOf(const HistoryLog& log,
                                             const v1::Record& record) {
  std::vector<Named> names;
  if (record.has_version()) {
    RETURN_IF_ERROR(
        AddSchemaNames(log, record.version().fingerprint(), &names));
  }
  for (const std::string& plan : PlansOf(record)) {
    RETURN_IF_ERROR(AddPlanName(log, plan, &names));
  }
  return names;
}

// One message being filled.
class Filling {
 public:
  Filling(const HistoryLog& log, size_t bytes_max)
      : log_(log), bytes_max_(bytes_max) {}

  // Adds what `stream` has after `head`; stops when the message is full.
  absl::Status AddStream(const std::string& stream, const v1::StreamHead& head);
  bool full() const { return full_; }
  v1::Replicate Take() { return std::move(message_); }

 private:
  absl::Status NoteKnown(const std::string& stream, uint64_t sequence);
  absl::Status AddRecord(v1::Record record);

  const HistoryLog& log_;
  const size_t bytes_max_;
  v1::Replicate message_;
  size_t bytes_ = 0;
  bool full_ = false;
  absl::flat_hash_set<std::string> known_;  // content the replica has
};

// The replica took each record together with its content.
absl::Status Filling::NoteKnown(const std::string& stream, uint64_t sequence) {
  const uint64_t from = sequence > kLookBack ? sequence - kLookBack + 1 : 1;
  ASSIGN_OR_RETURN(const std::vector<v1::Record> records,
                   log_.Read(stream, from, sequence - from + 1));
  for (const v1::Record& record : records) {
    ASSIGN_OR_RETURN(const std::vector<Named> names, ContentOf(log_, record));
    for (const Named& named : names) known_.insert(named.hash);
  }
  return absl::OkStatus();
}

absl::Status Filling::AddRecord(v1::Record record) {
  ASSIGN_OR_RETURN(const std::vector<Named> names, ContentOf(log_, record));
  std::vector<v1::Content> contents;
  size_t bytes = record.ByteSizeLong();
  for (const Named& named : names) {
    if (known_.contains(named.hash)) continue;
    ASSIGN_OR_RETURN(std::string data, log_.Content(named.hash));
    v1::Content& content = contents.emplace_back();
    content.set_hash(named.hash);
    content.set_alias(named.alias);
    content.set_data(std::move(data));
    bytes += content.ByteSizeLong();
  }
  full_ = message_.records_size() > 0 && bytes_ + bytes > bytes_max_;
  if (full_) return absl::OkStatus();
  bytes_ += bytes;
  for (v1::Content& content : contents) {
    known_.insert(content.hash());
    *message_.add_contents() = std::move(content);
  }
  *message_.add_records() = std::move(record);
  return absl::OkStatus();
}

absl::Status Filling::AddStream(const std::string& stream,
                                const v1::StreamHead& head) {
  uint64_t next = head.sequence() + 1;
  while (true) {
    ASSIGN_OR_RETURN(std::vector<v1::Record> records,
                     log_.Read(stream, next, kReadAtOnce));
    if (records.empty()) return absl::OkStatus();
    if (next == head.sequence() + 1 && next > 1) {
      RETURN_IF_ERROR(NoteKnown(stream, head.sequence()));
    }
    next = records.back().sequence() + 1;
    for (v1::Record& record : records) {
      RETURN_IF_ERROR(AddRecord(std::move(record)));
      if (full_) return absl::OkStatus();
    }
  }
}

// OK when the replica's head is a record of this log.
absl::Status CheckHead(const HistoryLog& log, const v1::StreamHead& head) {
  if (head.sequence() == 0) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::vector<v1::Record> records,
                   log.Read(head.stream(), head.sequence(), 1));
  if (records.empty()) {
    return absl::DataLossError(absl::StrCat(
        "stream ", Printable(head.stream()), ": the replica has record ",
        head.sequence(),
        ", this log ends before it; recover this log from the replicas"));
  }
  if (records[0].hash() != head.hash()) {
    return absl::DataLossError(absl::StrCat(
        "stream ", Printable(head.stream()), ": the replica's record ",
        head.sequence(),
        " is another one than this log's: the histories have forked. Where "
        "this log is the right one, stop the agent and delete the directory "
        "replica in its state_dir"));
  }
  return absl::OkStatus();
}

v1::StreamHead HeadOf(const std::string& stream,
                      const std::vector<v1::StreamHead>& heads) {
  const auto it = std::find_if(
      heads.begin(), heads.end(),
      [&](const v1::StreamHead& head) { return head.stream() == stream; });
  return it == heads.end() ? v1::StreamHead() : *it;
}

}  // namespace

absl::StatusOr<v1::Replicate> NextReplicate(
    const HistoryLog& log, const std::vector<std::string>& streams,
    const std::vector<v1::StreamHead>& heads, size_t bytes_max) {
  Filling filling(log, bytes_max);
  for (const std::string& stream : streams) {
    const v1::StreamHead head = HeadOf(stream, heads);
    RETURN_IF_ERROR(CheckHead(log, head));
    RETURN_IF_ERROR(filling.AddStream(stream, head));
    if (filling.full()) break;
  }
  return filling.Take();
}

absl::Status CheckReplica(const HistoryLog& log,
                          const std::vector<v1::StreamHead>& heads) {
  for (const v1::StreamHead& head : heads) {
    RETURN_IF_ERROR(CheckHead(log, head));
  }
  return absl::OkStatus();
}

}  // namespace fleet
