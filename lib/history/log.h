#ifndef LIB_HISTORY_LOG_H_
#define LIB_HISTORY_LOG_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "proto/history.pb.h"

// The append-only record log and content store, on RocksDB. The same code in
// coordinator and agent. (The key layout is documented at the top of store.cc.)
//
//   Batch batch;
//   batch.content.push_back(schema_bytes);
//   batch.records.push_back(record);       // stream and body set
//   RETURN_IF_ERROR(log->Append(&batch));  // synced when it returns
//
// Concurrent Appends share one sync (group commit). Nothing is ever rewritten
// or truncated. On disk: <directory>/db and <directory>/HEAD, which says what
// db must at least hold; it is written at most 100 ms after an append, and at
// the end. Thread-safe.

namespace fleet {

struct Batch {
  // `stream`, `time_ms` and the body are set by the caller; sequence, epoch,
  // order, previous_hash and hash by the log.
  std::vector<v1::Record> records;
  // Content by its own hash; content that is there already costs nothing.
  std::vector<std::string> content;
  // {alias, hash of content in this batch or in the log}. An alias that is
  // there already keeps its first meaning.
  std::vector<std::pair<std::string, std::string>> aliases;
};

struct LogOptions {
  // True: every record of every chain is read and checked (about a second per
  // 200,000 records). False: only the last record of each stream, and HEAD.
  bool verify_on_open = true;
};

class HistoryLog {
 public:
  // Opens or creates. DataLoss when the database refuses (checksum), the log is
  // behind its HEAD file, or one of the two is gone: the message says what is
  // missing and what to do. A directory with neither is a new, empty log: only
  // the agents' heads tell that from a lost one.
  static absl::StatusOr<std::unique_ptr<HistoryLog>> Open(
      const std::string& directory, const LogOptions& options);

  virtual ~HistoryLog() = default;

  // Durable when it returns OK. On return `batch->records` are complete
  // (sequence, hashes); listeners have been called. After a failed write
  // nothing is taken until the database can write again, which each further
  // Append tries: ResourceExhausted (disk full), Unavailable. A record whose
  // Append failed may, after a crash, be there all the same.
  virtual absl::Status Append(Batch* batch) = 0;

  // Takes records made elsewhere (a replica): sequence and previous_hash must
  // continue the stream, hashes must be right, else DataLoss. Records already
  // here are passed over when equal.
  virtual absl::Status AppendReplicated(
      const std::vector<v1::Record>& records,
      const std::vector<v1::Content>& contents) = 0;

  // Records of one stream from `sequence` on, at most `limit` (0: all).
  // DataLoss names stream and sequence of a record whose hash is wrong.
  virtual absl::StatusOr<std::vector<v1::Record>> Read(absl::string_view stream,
                                                       uint64_t sequence,
                                                       size_t limit) const = 0;

  // NotFound, or DataLoss where the bytes no longer hash to `hash`.
  virtual absl::StatusOr<std::string> Content(absl::string_view hash) const = 0;
  virtual bool HasContent(absl::string_view hash) const = 0;
  // The hash of the content that is also called `alias`; NotFound.
  virtual absl::StatusOr<std::string> Alias(absl::string_view alias) const = 0;

  virtual std::vector<v1::StreamHead> Heads() const = 0;  // by stream name
  virtual uint64_t epoch() const = 0;
  // Later records carry it. REQUIRES: not lower than before. Appends
  // EpochStarted to the stream "fleet".
  virtual absl::Status StartEpoch(uint64_t epoch, int64_t now_ms) = 0;

  // Walks every chain and all content; the first fault as DataLoss. `records`
  // (may be null) counts what was read.
  virtual absl::Status Verify(uint64_t* records) const = 0;

  // Called after each durable batch, in order, before its Append returns, on
  // the thread of one of the Appends that shared the sync; must not append, nor
  // wait for a lock that is held around an Append. A replicated batch has only
  // its new records; records whose Append failed and
  // that are there all the same come before the next batch. Set before the
  // first Append.
  virtual void OnAppended(std::function<void(const Batch&)> listener) = 0;

  // How many times the log has synced since it was opened (one a group of
  // Appends, two a HEAD file): for benchmarks and the group-commit test.
  virtual uint64_t sync_count() const = 0;
};

// Stream names.
inline constexpr absl::string_view kFleetStream = "fleet";
std::string TargetStream(absl::string_view target);  // "target/<name>"

// The alias under which a serialized v1::Plan is content: "plan/<id>".
std::string PlanAlias(absl::string_view plan_id);

}  // namespace fleet

#endif  // LIB_HISTORY_LOG_H_
