#include "lib/history/store.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lib/base/status.h"
#include "rocksdb/file_checksum.h"
#include "rocksdb/listener.h"
#include "rocksdb/options.h"
#include "rocksdb/table.h"

// Key layout. Three column families share one write-ahead log, so that one
// WriteBatch is one atomic, synced step.
//
//   records   stream NUL sequence        → bytes of a v1::Record, hash last
//             (8 bytes, big-endian)        (record_hash.h)
//   content   64 hex digits, SHA-256     → the bytes that have this hash
//   default   alias                      → 64 hex digits: a key of content
//
// Records A and B of the target prod-eu and C of the fleet:
//
//   "fleet\0" 0000000000000001                C
//   "target/prod-eu\0" 0000000000000001       A   previous_hash ""
//   "target/prod-eu\0" 0000000000000002       B   previous_hash = hash of A
//
// A stream's name has no NUL, so its records stand together, in order, and
// streams stand in the order of their names. No key is ever written twice or
// deleted: heads, epoch and order are read from the last record of each stream.

namespace fleet {
namespace {

constexpr size_t kSequenceBytes = 8;
constexpr size_t kWriteBufferBytes = 4 << 20;
constexpr int kMaxOpenFiles = 256;
constexpr size_t kProtectionBytes = 8;

// RocksDB's own recovery from a full disk syncs the log file whose writing
// failed, which cannot succeed and aborts where assertions are compiled in. Who
// writes decides when to open again.
class NoAutoRecovery : public rocksdb::EventListener {
 public:
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason /*reason*/,
                            rocksdb::Status /*error*/,
                            bool* auto_recovery) override {
    *auto_recovery = false;
  }
};

rocksdb::DBOptions DatabaseOptions(bool may_create) {
  rocksdb::DBOptions options;
  options.create_if_missing = may_create;
  options.create_missing_column_families = may_create;
  // The default mode ends the history at a flipped bit and reports success.
  options.wal_recovery_mode =
      rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  options.paranoid_checks = true;
  options.track_and_verify_wals_in_manifest = true;
  options.verify_sst_unique_id_in_manifest = true;
  options.file_checksum_gen_factory =
      rocksdb::GetFileChecksumGenCrc32cFactory();
  options.listeners.push_back(std::make_shared<NoAutoRecovery>());
  options.max_bgerror_resume_count = 0;
  options.max_open_files = kMaxOpenFiles;
  options.keep_log_file_num = 2;
  options.max_log_file_size = 1 << 20;
  options.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  return options;
}

rocksdb::ColumnFamilyOptions FamilyOptions(
    rocksdb::CompressionType compression) {
  rocksdb::ColumnFamilyOptions options;
  options.write_buffer_size = kWriteBufferBytes;
  options.compression = compression;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(8 << 20);
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

std::vector<rocksdb::ColumnFamilyDescriptor> Families() {
  return {// in the order of Table
          {rocksdb::kDefaultColumnFamilyName,
           FamilyOptions(rocksdb::kLZ4Compression)},
          {"records", FamilyOptions(rocksdb::kLZ4Compression)},
          {"content", FamilyOptions(rocksdb::kZSTD)}};
}

}  // namespace

absl::Status FromRocks(const rocksdb::Status& status,
                       absl::string_view context) {
  if (status.ok()) return absl::OkStatus();
  const std::string text = absl::StrCat(context, ": ", status.ToString());
  if (status.IsNotFound()) return absl::NotFoundError(text);
  if (status.IsCorruption() || status.IsPathNotFound()) {
    return absl::DataLossError(text);
  }
  if (status.IsNoSpace()) return absl::ResourceExhaustedError(text);
  if (status.IsInvalidArgument()) return absl::InternalError(text);
  return absl::UnavailableError(text);
}

absl::StatusOr<std::unique_ptr<Store>> Store::Open(const std::string& directory,
                                                   bool may_create) {
  rocksdb::DB* db = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> families;
  const rocksdb::Status status = rocksdb::DB::Open(
      DatabaseOptions(may_create), directory, Families(), &families, &db);
  if (!status.ok() && absl::StrContains(status.ToString(), "LOCK:")) {
    return absl::FailedPreconditionError(
        absl::StrCat(directory, " is in use: ", status.ToString(),
                     "; stop the other process, or name another directory"));
  }
  RETURN_IF_ERROR(FromRocks(status, absl::StrCat("opening ", directory)));
  return std::unique_ptr<Store>(
      new Store(std::unique_ptr<rocksdb::DB>(db), std::move(families)));
}

Store::~Store() {
  for (rocksdb::ColumnFamilyHandle* family : families_) {
    db_->DestroyColumnFamilyHandle(family).PermitUncheckedError();
  }
  // Everything acknowledged is synced; an error here takes nothing back.
  db_->Close().PermitUncheckedError();
}

rocksdb::WriteBatch ProtectedBatch() {
  return rocksdb::WriteBatch(0, 0, kProtectionBytes, 0);
}

void Store::Put(rocksdb::WriteBatch* batch, Table table, absl::string_view key,
                absl::string_view value) const {
  // Fails only past a size limit, and none is set.
  const rocksdb::Status status =
      batch->Put(family(table), ToSlice(key), ToSlice(value));
  CHECK(status.ok());
}

absl::Status Store::Write(rocksdb::WriteBatch* batch) {
  rocksdb::WriteOptions options;
  options.sync = true;
  options.protection_bytes_per_key = kProtectionBytes;
  return FromRocks(db_->Write(options, batch), "writing");
}

absl::StatusOr<std::string> Store::Get(Table table,
                                       absl::string_view key) const {
  std::string value;
  RETURN_IF_ERROR(FromRocks(
      db_->Get(rocksdb::ReadOptions(), family(table), ToSlice(key), &value),
      "reading"));
  return value;
}

bool Store::Has(Table table, absl::string_view key) const {
  rocksdb::PinnableSlice value;  // not copied
  return db_->Get(rocksdb::ReadOptions(), family(table), ToSlice(key), &value)
      .ok();
}

std::unique_ptr<rocksdb::Iterator> Store::Scan(Table table) const {
  return std::unique_ptr<rocksdb::Iterator>(
      db_->NewIterator(rocksdb::ReadOptions(), family(table)));
}

std::string StreamPrefix(absl::string_view stream) {
  std::string prefix(stream);
  prefix.push_back('\0');
  return prefix;
}

std::string RecordKey(absl::string_view stream, uint64_t sequence) {
  std::string key = StreamPrefix(stream);
  for (int shift = 56; shift >= 0; shift -= 8) {
    key.push_back(static_cast<char>((sequence >> shift) & 0xff));
  }
  return key;
}

absl::StatusOr<RecordPlace> ParseRecordKey(absl::string_view key) {
  if (key.size() < kSequenceBytes + 2 ||
      key[key.size() - kSequenceBytes - 1] != '\0') {
    return absl::DataLossError(
        absl::StrCat("record key of ", key.size(), " bytes names no stream"));
  }
  RecordPlace place;
  place.stream = key.substr(0, key.size() - kSequenceBytes - 1);
  for (const char byte : key.substr(key.size() - kSequenceBytes)) {
    place.sequence = place.sequence << 8 | static_cast<unsigned char>(byte);
  }
  return place;
}

}  // namespace fleet
