#include "lib/history/stage.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lib/base/digest.h"
#include "lib/base/printable.h"
#include "lib/base/status.h"
#include "lib/history/record_hash.h"

namespace fleet {
namespace {

absl::Status Refused(const v1::Record& record, absl::string_view why) {
  return absl::DataLossError(absl::StrCat("record ", record.sequence(),
                                          " of stream ",
                                          Printable(record.stream()), why));
}

void Advance(const v1::Record& record, v1::StreamHead* head) {
  head->set_stream(record.stream());
  head->set_sequence(record.sequence());
  head->set_hash(record.hash());
}

}  // namespace

v1::StreamHead Stage::Head(const std::string& stream) const {
  if (const auto it = grown_.heads.find(stream); it != grown_.heads.end()) {
    return it->second;
  }
  if (const auto it = tails_.heads.find(stream); it != tails_.heads.end()) {
    return it->second;
  }
  return v1::StreamHead();
}

absl::Status Stage::CheckAliases(const Batch& batch) const {
  for (const auto& [alias, hash] : batch.aliases) {
    const bool in_batch =
        std::any_of(batch.content.begin(), batch.content.end(),
                    [&hash = hash](const std::string& content) {
                      return Sha256Hex(content) == hash;
                    });
    if (in_batch || store_.Has(Table::kContent, hash)) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        "alias ", Printable(alias), " names content ", Printable(hash),
        ", which is not stored; put the content into the same batch"));
  }
  return absl::OkStatus();
}

void Stage::PutContent(const Batch& batch) {
  for (const std::string& content : batch.content) {
    const std::string hash = Sha256Hex(content);
    if (!put_.insert(absl::StrCat("content/", hash)).second) continue;
    if (store_.Has(Table::kContent, hash)) continue;
    store_.Put(&writes_, Table::kContent, hash, content);
  }
  for (const auto& [alias, hash] : batch.aliases) {
    // The first meaning of an alias is its only one.
    if (!put_.insert(absl::StrCat("alias/", alias)).second) continue;
    if (store_.Has(Table::kAlias, alias)) continue;
    store_.Put(&writes_, Table::kAlias, alias, hash);
  }
}

void Stage::PutRecord(const v1::Record& record, const std::string& bytes) {
  store_.Put(&writes_, Table::kRecord,
             RecordKey(record.stream(), record.sequence()), bytes);
  Advance(record, &grown_.heads[record.stream()]);
  grown_.epoch = std::max(grown_.epoch, record.epoch());
  grown_.order = std::max(grown_.order, record.order());
}

absl::Status Stage::Add(Batch* batch, uint64_t epoch) {
  if (epoch != 0 && epoch < this->epoch()) {
    return absl::FailedPreconditionError(
        absl::StrCat("epoch ", epoch, " is over: the history has epoch ",
                     this->epoch(), "; start with a higher one"));
  }
  RETURN_IF_ERROR(CheckAliases(*batch));
  PutContent(*batch);
  grown_.epoch = std::max(grown_.epoch, epoch);
  for (v1::Record& record : batch->records) {
    const v1::StreamHead head = Head(record.stream());
    record.set_sequence(head.sequence() + 1);
    record.set_epoch(this->epoch());
    record.set_order(order() + 1);
    record.set_previous_hash(head.hash());
    const std::string bytes = SealRecord(&record);
    PutRecord(record, bytes);
  }
  return absl::OkStatus();
}

// False when the log has this very record.
absl::StatusOr<bool> Stage::IsNew(const v1::Record& record,
                                  const v1::StreamHead& head) const {
  if (record.sequence() > head.sequence() + 1) {
    return Refused(
        record, absl::StrCat(" leaves a gap: the stream ends at ",
                             head.sequence(), "; send what is between first"));
  }
  if (record.sequence() == head.sequence() + 1) {
    if (record.previous_hash() == head.hash()) return true;
    return Refused(record,
                   absl::StrCat(" does not continue record ", head.sequence(),
                                ": the histories have forked"));
  }
  ASSIGN_OR_RETURN(const std::vector<v1::Record> mine,
                   ReadStream(store_, record.stream(), record.sequence(), 1));
  if (!mine.empty() && mine[0].hash() == record.hash()) return false;
  return Refused(record,
                 " differs from the one that is here: the histories have "
                 "forked");
}

absl::Status Stage::AddReplicated(Batch* batch) {
  RETURN_IF_ERROR(CheckAliases(*batch));
  std::map<std::string, v1::StreamHead> heads;
  std::vector<v1::Record> fresh;
  for (v1::Record& record : batch->records) {
    if (record.sequence() == 0 || !RecordHashIsRight(record)) {
      return Refused(record, " does not match its hash");
    }
    v1::StreamHead& head =
        heads.try_emplace(record.stream(), Head(record.stream())).first->second;
    if (record.sequence() == head.sequence() && record.hash() == head.hash()) {
      continue;
    }
    ASSIGN_OR_RETURN(const bool is_new, IsNew(record, head));
    if (!is_new) continue;
    Advance(record, &head);
    fresh.push_back(std::move(record));
  }
  batch->records = std::move(fresh);
  PutContent(*batch);
  for (v1::Record& record : batch->records) {
    const std::string bytes = SealRecord(&record);
    PutRecord(record, bytes);
  }
  return absl::OkStatus();
}

}  // namespace fleet
