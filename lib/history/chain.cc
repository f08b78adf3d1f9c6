#include "lib/history/chain.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lib/base/digest.h"
#include "lib/base/printable.h"
#include "lib/base/status.h"
#include "lib/history/record_hash.h"

namespace fleet {
namespace {

std::string Place(absl::string_view stream, uint64_t sequence) {
  return absl::StrCat("record ", sequence, " of stream ", Printable(stream));
}

std::string Short(absl::string_view hash) {
  return hash.empty() ? "none"
                      : absl::BytesToHexString(hash.substr(0, 6)).append("…");
}

// The record under `key`, as itself: hash right, and in its own place.
absl::StatusOr<v1::Record> OpenAt(absl::string_view key,
                                  absl::string_view value) {
  ASSIGN_OR_RETURN(const RecordPlace place, ParseRecordKey(key));
  absl::StatusOr<v1::Record> record = OpenRecord(value);
  if (!record.ok()) {
    return Annotate(record.status(), Place(place.stream, place.sequence));
  }
  if (record->stream() != place.stream ||
      record->sequence() != place.sequence) {
    return absl::DataLossError(
        absl::StrCat(Place(place.stream, place.sequence), " is ",
                     Place(record->stream(), record->sequence())));
  }
  return record;
}

// Follows one stream after the other: each record must continue the last.
class ChainCheck {
 public:
  // `first`: sequence of the first record that will be given of a stream; the
  // hash before it is only known when it is 1.
  explicit ChainCheck(uint64_t first) : first_(first) {}

  absl::Status Next(const v1::Record& record) {
    if (!started_ || record.stream() != stream_) {
      started_ = true;
      stream_ = record.stream();
      sequence_ = first_;
      hash_ = first_ == 1 ? "" : record.previous_hash();
    }
    if (record.sequence() != sequence_) {
      return absl::DataLossError(absl::StrCat(Place(stream_, sequence_),
                                              " is missing: the next one is ",
                                              record.sequence()));
    }
    if (record.previous_hash() != hash_) {
      return absl::DataLossError(absl::StrCat(
          Place(stream_, sequence_), " continues ",
          Short(record.previous_hash()), ", the one before is ", Short(hash_)));
    }
    ++sequence_;
    hash_ = record.hash();
    return absl::OkStatus();
  }

 private:
  const uint64_t first_;
  bool started_ = false;
  std::string stream_;
  uint64_t sequence_ = 0;
  std::string hash_;
};

void AddTail(const v1::Record& record, Tails* tails) {
  v1::StreamHead& head = tails->heads[record.stream()];
  head.set_stream(record.stream());
  head.set_sequence(record.sequence());
  head.set_hash(record.hash());
  tails->epoch = std::max(tails->epoch, record.epoch());
  tails->order = std::max(tails->order, record.order());
}

absl::Status Behind(absl::string_view what, uint64_t have, uint64_t want) {
  return absl::DataLossError(absl::StrCat(
      what, " ends at ", have, ", but the HEAD file says ", want,
      ": acknowledged history is missing; restore the directory from a backup, "
      "or start with an empty state directory to rebuild from the agents"));
}

}  // namespace

v1::Head Tails::ToHead(uint64_t writes) const {
  v1::Head head;
  head.set_epoch(epoch);
  for (const auto& [stream, stream_head] : heads) {
    *head.add_streams() = stream_head;
  }
  head.set_writes(writes);
  return head;
}

absl::StatusOr<Tails> ReadTails(const Store& store) {
  Tails tails;
  const std::unique_ptr<rocksdb::Iterator> it = store.Scan(Table::kRecord);
  it->SeekToLast();
  while (it->Valid()) {
    ASSIGN_OR_RETURN(const v1::Record record,
                     OpenAt(ToView(it->key()), ToView(it->value())));
    AddTail(record, &tails);
    // No key equals a bare prefix: this finds the stream before.
    it->SeekForPrev(ToSlice(StreamPrefix(record.stream())));
  }
  RETURN_IF_ERROR(FromRocks(it->status(), "reading records"));
  return tails;
}

absl::StatusOr<std::vector<v1::Record>> ReadStream(const Store& store,
                                                   absl::string_view stream,
                                                   uint64_t sequence,
                                                   size_t limit) {
  const uint64_t first = std::max<uint64_t>(sequence, 1);
  const std::string prefix = StreamPrefix(stream);
  std::vector<v1::Record> records;
  ChainCheck check(first);
  const std::unique_ptr<rocksdb::Iterator> it = store.Scan(Table::kRecord);
  for (it->Seek(ToSlice(RecordKey(stream, first)));
       it->Valid() && absl::StartsWith(ToView(it->key()), prefix); it->Next()) {
    if (limit > 0 && records.size() == limit) return records;
    ASSIGN_OR_RETURN(v1::Record record,
                     OpenAt(ToView(it->key()), ToView(it->value())));
    RETURN_IF_ERROR(check.Next(record));
    records.push_back(std::move(record));
  }
  RETURN_IF_ERROR(FromRocks(
      it->status(),
      absl::StrCat("reading stream ", Printable(stream), " from ", first)));
  return records;
}

absl::Status VerifyChains(const Store& store, uint64_t* records) {
  ChainCheck check(1);
  const std::unique_ptr<rocksdb::Iterator> it = store.Scan(Table::kRecord);
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    ASSIGN_OR_RETURN(const v1::Record record,
                     OpenAt(ToView(it->key()), ToView(it->value())));
    RETURN_IF_ERROR(check.Next(record));
    ++*records;
  }
  return FromRocks(it->status(), "reading records");
}

absl::Status VerifyContent(const Store& store) {
  std::unique_ptr<rocksdb::Iterator> it = store.Scan(Table::kContent);
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    if (Sha256Hex(ToView(it->value())) != ToView(it->key())) {
      return absl::DataLossError(absl::StrCat("content ",
                                              Printable(ToView(it->key())),
                                              " does not match its hash"));
    }
  }
  RETURN_IF_ERROR(FromRocks(it->status(), "reading content"));
  it = store.Scan(Table::kAlias);
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    if (!store.Has(Table::kContent, ToView(it->value()))) {
      return absl::DataLossError(
          absl::StrCat("alias ", Printable(ToView(it->key())), ": content ",
                       Printable(ToView(it->value())), " is missing"));
    }
  }
  return FromRocks(it->status(), "reading aliases");
}

absl::Status CheckAgainstHead(const Store& store, const Tails& tails,
                              const v1::Head& head) {
  for (const v1::StreamHead& want : head.streams()) {
    const auto have = tails.heads.find(want.stream());
    const uint64_t sequence =
        have == tails.heads.end() ? 0 : have->second.sequence();
    if (sequence < want.sequence()) {
      return Behind(absl::StrCat("stream ", Printable(want.stream())), sequence,
                    want.sequence());
    }
    ASSIGN_OR_RETURN(const std::vector<v1::Record> records,
                     ReadStream(store, want.stream(), want.sequence(), 1));
    if (records.empty() || records[0].hash() != want.hash()) {
      return absl::DataLossError(absl::StrCat(
          Place(want.stream(), want.sequence()), " is ",
          records.empty() ? "missing" : Short(records[0].hash()),
          ", but the HEAD file says ", Short(want.hash()),
          ": the log and its HEAD file are of different histories; restore "
          "both from one backup"));
    }
  }
  if (tails.epoch < head.epoch()) {
    return Behind("the epoch", tails.epoch, head.epoch());
  }
  if (store.writes() < head.writes()) {
    return Behind("the store", store.writes(), head.writes());
  }
  return absl::OkStatus();
}

}  // namespace fleet
