#ifndef LIB_HISTORY_STORE_H_
#define LIB_HISTORY_STORE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rocksdb/db.h"
#include "rocksdb/write_batch.h"

// The RocksDB database of one log: its options, its keys, its errors as
// absl::Status. Key layout: at the top of store.cc. Thread-safe.

namespace fleet {

enum class Table { kAlias = 0, kRecord = 1, kContent = 2 };

class Store {
 public:
  // `may_create`: false where a database must be there already. DataLoss when
  // files are missing or do not match their checksums.
  static absl::StatusOr<std::unique_ptr<Store>> Open(
      const std::string& directory, bool may_create);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  void Put(rocksdb::WriteBatch* batch, Table table, absl::string_view key,
           absl::string_view value) const;
  // Atomic, and synced when it returns OK. After a failed Write only reading
  // is of use until the store is opened again.
  absl::Status Write(rocksdb::WriteBatch* batch);

  // NotFound when there is no such key.
  absl::StatusOr<std::string> Get(Table table, absl::string_view key) const;
  // False also where the value cannot be read.
  bool Has(Table table, absl::string_view key) const;
  std::unique_ptr<rocksdb::Iterator> Scan(Table table) const;

  // How many entries were ever written; never goes back.
  uint64_t writes() const { return db_->GetLatestSequenceNumber(); }

 private:
  Store(std::unique_ptr<rocksdb::DB> db,
        std::vector<rocksdb::ColumnFamilyHandle*> families)
      : db_(std::move(db)), families_(std::move(families)) {}
  rocksdb::ColumnFamilyHandle* family(Table table) const {
    return families_[static_cast<size_t>(table)];
  }

  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> families_;  // by Table
};

// A batch whose entries carry checksums from here to the write-ahead log.
rocksdb::WriteBatch ProtectedBatch();

// `status` as absl::Status, with "context: " before it. Corruption and missing
// files are DataLoss, a full disk is ResourceExhausted.
absl::Status FromRocks(const rocksdb::Status& status,
                       absl::string_view context);

inline rocksdb::Slice ToSlice(absl::string_view text) {
  return rocksdb::Slice(text.data(), text.size());
}
inline absl::string_view ToView(const rocksdb::Slice& slice) {
  return absl::string_view(slice.data(), slice.size());
}

// Keys of the record table.
std::string RecordKey(absl::string_view stream, uint64_t sequence);
// What every key of the stream, and no other, starts with.
std::string StreamPrefix(absl::string_view stream);
struct RecordPlace {
  absl::string_view stream;  // points into the key
  uint64_t sequence = 0;
};
// DataLoss when `key` is no key of the record table.
absl::StatusOr<RecordPlace> ParseRecordKey(absl::string_view key);

}  // namespace fleet

#endif  // LIB_HISTORY_STORE_H_
