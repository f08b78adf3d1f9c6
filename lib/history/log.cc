#include "lib/history/log.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "lib/base/digest.h"
#include "lib/base/printable.h"
#include "lib/base/status.h"
#include "lib/history/chain.h"
#include "lib/history/checked_store.h"
#include "lib/history/head_file.h"
#include "lib/history/stage.h"
#include "lib/history/store.h"

namespace fleet {
namespace {

constexpr absl::Duration kHeadInterval = absl::Milliseconds(100);
// HEAD may take one part in ten of the time, however large it gets.
constexpr int kHeadRest = 9;
// A group is not made longer than this: its first member waits for the whole.
constexpr size_t kGroupBytes = 8 << 20;
constexpr int kHeadSyncs = 2;

// One Append that waits for its turn or for the thread that writes it.
struct Request {
  Batch* batch = nullptr;
  bool replicated = false;
  uint64_t epoch = 0;  // StartEpoch
  size_t bytes = 0;

  absl::Status status;
  bool done = false;
  absl::CondVar changed;
};

// The first waiting Append becomes the writer of all that wait (as in
// LevelDB): no thread hand-over where one caller appends alone.
class RocksLog : public HistoryLog {
 public:
  RocksLog(std::string directory, CheckedStore opened)
      : directory_(std::move(directory)),
        store_(std::move(opened.store)),
        tails_(std::move(opened.tails)),
        writes_(store_->writes()) {
    head_thread_ = std::thread([this] { KeepHead(); });
  }
  ~RocksLog() override;

  absl::Status Append(Batch* batch) override;
  absl::Status AppendReplicated(
      const std::vector<v1::Record>& records,
      const std::vector<v1::Content>& contents) override;
  absl::StatusOr<std::vector<v1::Record>> Read(absl::string_view stream,
                                               uint64_t sequence,
                                               size_t limit) const override;
  absl::StatusOr<std::string> Content(absl::string_view hash) const override;
  bool HasContent(absl::string_view hash) const override {
    absl::ReaderMutexLock lock(&store_mutex_);
    return store_ != nullptr && store_->Has(Table::kContent, hash);
  }
  absl::StatusOr<std::string> Alias(absl::string_view alias) const override;
  std::vector<v1::StreamHead> Heads() const override;
  uint64_t epoch() const override {
    absl::MutexLock lock(&mutex_);
    return tails_.epoch;
  }
  absl::Status StartEpoch(uint64_t epoch, int64_t now_ms) override;
  absl::Status Verify(uint64_t* records) const override;
  void OnAppended(std::function<void(const Batch&)> listener) override {
    listener_ = std::move(listener);
  }
  uint64_t sync_count() const override { return syncs_; }

 private:
  absl::Status Commit(Request* request);
  std::vector<Request*> TakeGroup() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void WriteGroup(const std::vector<Request*>& group);
  absl::Status WriteTogether(const std::vector<Request*>& group);
  absl::Status WriteStage(Stage* stage)
      ABSL_SHARED_LOCKS_REQUIRED(store_mutex_);
  absl::Status Recover();
  absl::Status Reopen(const Tails& acknowledged, Batch* unheard);
  Tails TailsOf(const std::vector<Request*>& group) const;
  void KeepHead();
  absl::Status WriteHead();

  const std::string directory_;
  std::function<void(const Batch&)> listener_;
  std::atomic<uint64_t> syncs_{0};

  // Exclusive only while the store is opened again after a failed write.
  mutable absl::Mutex store_mutex_ ABSL_ACQUIRED_BEFORE(mutex_);
  // Null when that failed.
  std::unique_ptr<Store> store_ ABSL_GUARDED_BY(store_mutex_);

  mutable absl::Mutex mutex_;
  std::deque<Request*> queue_ ABSL_GUARDED_BY(mutex_);
  // One thread is between taking a group and having answered it.
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  // Changed by the writing thread only.
  Tails tails_ ABSL_GUARDED_BY(mutex_);
  uint64_t writes_ ABSL_GUARDED_BY(mutex_) = 0;  // of the store, at tails_
  // The first failed write since the log last worked.
  absl::Status failed_ ABSL_GUARDED_BY(mutex_);
  // Something was appended that HEAD does not say.
  bool head_behind_ ABSL_GUARDED_BY(mutex_) = false;
  bool stop_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread head_thread_;
};

RocksLog::~RocksLog() {
  {
    absl::MutexLock lock(&mutex_);
    stop_ = true;
  }
  head_thread_.join();
}

absl::Status CheckStreams(const std::vector<v1::Record>& records) {
  for (const v1::Record& record : records) {
    if (record.stream().empty() ||
        record.stream().find('\0') != std::string::npos) {
      return absl::InvalidArgumentError(absl::StrCat(
          "record of stream \"", Printable(record.stream()),
          "\": a stream needs a name without NUL; set Record.stream"));
    }
  }
  return absl::OkStatus();
}

absl::Status Closed(const std::string& directory) {
  return absl::UnavailableError(
      absl::StrCat("history in ", directory,
                   " could not be opened again after a failed "
                   "write; free disk space, or repair the disk and restart"));
}

size_t ByteSize(const Batch& batch) {
  size_t bytes = 0;
  for (const v1::Record& record : batch.records) bytes += record.ByteSizeLong();
  for (const std::string& content : batch.content) bytes += content.size();
  return bytes;
}

absl::Status RocksLog::Append(Batch* batch) {
  RETURN_IF_ERROR(CheckStreams(batch->records));
  Request request;
  request.batch = batch;
  return Commit(&request);
}

absl::Status RocksLog::AppendReplicated(
    const std::vector<v1::Record>& records,
    const std::vector<v1::Content>& contents) {
  RETURN_IF_ERROR(CheckStreams(records));
  Batch batch;
  batch.records = records;
  for (const v1::Content& content : contents) {
    if (Sha256Hex(content.data()) != content.hash()) {
      return absl::DataLossError(absl::StrCat(
          "content ", Printable(content.hash()), " of ", content.data().size(),
          " bytes does not match its "
          "hash; have it sent again"));
    }
    batch.content.push_back(content.data());
    if (!content.alias().empty()) {
      batch.aliases.emplace_back(content.alias(), content.hash());
    }
  }
  Request request;
  request.batch = &batch;
  request.replicated = true;
  return Commit(&request);
}

absl::Status RocksLog::StartEpoch(uint64_t epoch, int64_t now_ms) {
  Batch batch;
  v1::Record& record = batch.records.emplace_back();
  record.set_stream(std::string(kFleetStream));
  record.set_time_ms(now_ms);
  record.mutable_epoch_started()->set_epoch(epoch);
  record.mutable_epoch_started()->set_time_ms(now_ms);
  Request request;
  request.batch = &batch;
  request.epoch = epoch;
  return Commit(&request);
}

absl::Status RocksLog::Commit(Request* request) {
  request->bytes = ByteSize(*request->batch);
  std::vector<Request*> group;
  {
    absl::MutexLock lock(&mutex_);
    queue_.push_back(request);
    while (!request->done && (writing_ || queue_.front() != request)) {
      request->changed.Wait(&mutex_);
    }
    if (request->done) return request->status;
    writing_ = true;
    group = TakeGroup();
  }
  WriteGroup(group);
  absl::MutexLock lock(&mutex_);
  writing_ = false;
  for (Request* member : group) {
    if (member == request) continue;
    member->done = true;
    member->changed.Signal();
  }
  if (!queue_.empty()) queue_.front()->changed.Signal();
  return request->status;
}

// A replicated batch goes alone: it is compared with what is on disk.
std::vector<Request*> RocksLog::TakeGroup() {
  std::vector<Request*> group;
  size_t bytes = 0;
  while (!queue_.empty()) {
    Request* next = queue_.front();
    if (!group.empty() &&
        (next->replicated || bytes + next->bytes > kGroupBytes)) {
      break;
    }
    group.push_back(next);
    queue_.pop_front();
    bytes += next->bytes;
    if (next->replicated) break;
  }
  return group;
}

void RocksLog::WriteGroup(const std::vector<Request*>& group) {
  absl::Status status = Recover();
  if (status.ok()) status = WriteTogether(group);
  for (Request* request : group) {
    if (!request->status.ok()) continue;
    request->status = status;
    if (status.ok() && listener_) listener_(*request->batch);
  }
}

// Where the streams of the group end.
Tails RocksLog::TailsOf(const std::vector<Request*>& group) const {
  absl::MutexLock lock(&mutex_);
  Tails tails;
  tails.epoch = tails_.epoch;
  tails.order = tails_.order;
  for (const Request* request : group) {
    for (const v1::Record& record : request->batch->records) {
      const auto it = tails_.heads.find(record.stream());
      if (it != tails_.heads.end()) tails.heads.insert(*it);
    }
  }
  return tails;
}

// The status is that of the write; what is wrong with one request is its own.
absl::Status RocksLog::WriteTogether(const std::vector<Request*>& group) {
  const Tails tails = TailsOf(group);
  absl::ReaderMutexLock lock(&store_mutex_);
  Stage stage(*store_, tails);
  for (Request* request : group) {
    request->status = request->replicated
                          ? stage.AddReplicated(request->batch)
                          : stage.Add(request->batch, request->epoch);
  }
  return stage.empty() ? absl::OkStatus() : WriteStage(&stage);
}

absl::Status RocksLog::WriteStage(Stage* stage) {
  const absl::Status status = Annotate(store_->Write(stage->writes()),
                                       absl::StrCat("history in ", directory_));
  ++syncs_;
  absl::MutexLock lock(&mutex_);
  if (!status.ok()) {
    failed_ = status;
    return status;
  }
  const Tails& grown = stage->grown();
  for (const auto& [stream, head] : grown.heads) tails_.heads[stream] = head;
  tails_.epoch = std::max(tails_.epoch, grown.epoch);
  tails_.order = std::max(tails_.order, grown.order);
  writes_ = store_->writes();
  head_behind_ = true;
  return absl::OkStatus();
}

// After a failed write: OK once the store is open again and has room.
absl::Status RocksLog::Recover() {
  absl::Status failed;
  Tails acknowledged;
  {
    absl::MutexLock lock(&mutex_);
    if (failed_.ok()) return absl::OkStatus();
    failed = failed_;
    acknowledged = tails_;
  }
  Batch unheard;
  const absl::Status reopened = Reopen(acknowledged, &unheard);
  if (!reopened.ok()) {
    return absl::Status(
        failed.code(),
        absl::StrCat(failed.message(), "; nothing more is recorded (",
                     reopened.message(),
                     "); free disk space, or repair the disk and restart"));
  }
  if (listener_ && !unheard.records.empty()) listener_(unheard);
  return absl::OkStatus();
}

// `unheard`: records whose Append failed and that are there all the same.
absl::Status RocksLog::Reopen(const Tails& acknowledged, Batch* unheard) {
  // Reading must go on for as long as a new store would find no room.
  RETURN_IF_ERROR(ProbeRoom(directory_));
  absl::WriterMutexLock store_lock(&store_mutex_);
  store_.reset();
  ASSIGN_OR_RETURN(CheckedStore opened, OpenChecked(directory_, false));
  RETURN_IF_ERROR(
      CheckAgainstHead(*opened.store, opened.tails, acknowledged.ToHead(0)));
  ASSIGN_OR_RETURN(unheard->records,
                   ReadBeyond(*opened.store, opened.tails, acknowledged));
  store_ = std::move(opened.store);
  absl::MutexLock lock(&mutex_);
  tails_ = std::move(opened.tails);
  writes_ = store_->writes();
  head_behind_ = true;
  failed_ = absl::OkStatus();
  return absl::OkStatus();
}

// Writes HEAD soon after appends, and the last time when the log is closed.
void RocksLog::KeepHead() {
  absl::Duration rest = kHeadInterval;
  while (true) {
    bool stopping = false;
    bool behind = false;
    {
      absl::MutexLock lock(&mutex_);
      const auto due = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
        return head_behind_ || stop_;
      };
      mutex_.Await(absl::Condition(&due));
      mutex_.AwaitWithTimeout(absl::Condition(&stop_), rest);
      stopping = stop_;
      behind = head_behind_;
    }
    const absl::Time start = absl::Now();
    // A HEAD that stays behind is still right; the next turn tries again.
    if (behind) WriteHead().IgnoreError();
    if (stopping) return;
    rest = std::max(kHeadInterval, (absl::Now() - start) * kHeadRest);
  }
}

absl::Status RocksLog::WriteHead() {
  v1::Head head;
  {
    absl::MutexLock lock(&mutex_);
    head = tails_.ToHead(writes_);
    head_behind_ = false;
  }
  const absl::Status status = WriteHeadFile(directory_, head);
  syncs_ += kHeadSyncs;
  if (!status.ok()) {
    absl::MutexLock lock(&mutex_);
    head_behind_ = true;
  }
  return status;
}

absl::StatusOr<std::vector<v1::Record>> RocksLog::Read(absl::string_view stream,
                                                       uint64_t sequence,
                                                       size_t limit) const {
  absl::ReaderMutexLock lock(&store_mutex_);
  if (store_ == nullptr) return Closed(directory_);
  return ReadStream(*store_, stream, sequence, limit);
}

absl::StatusOr<std::string> RocksLog::Content(absl::string_view hash) const {
  absl::ReaderMutexLock lock(&store_mutex_);
  if (store_ == nullptr) return Closed(directory_);
  absl::StatusOr<std::string> content = store_->Get(Table::kContent, hash);
  if (!content.ok()) {
    return Annotate(content.status(),
                    absl::StrCat("content ", Printable(hash)));
  }
  if (Sha256Hex(*content) != hash) {
    return absl::DataLossError(
        absl::StrCat("content ", Printable(hash), " of ", content->size(),
                     " bytes does not match its hash; restore ", directory_,
                     " from a backup"));
  }
  return content;
}

absl::StatusOr<std::string> RocksLog::Alias(absl::string_view alias) const {
  absl::ReaderMutexLock lock(&store_mutex_);
  if (store_ == nullptr) return Closed(directory_);
  absl::StatusOr<std::string> hash = store_->Get(Table::kAlias, alias);
  if (!hash.ok()) {
    return Annotate(hash.status(),
                    absl::StrCat("content called ", Printable(alias)));
  }
  return hash;
}

std::vector<v1::StreamHead> RocksLog::Heads() const {
  absl::MutexLock lock(&mutex_);
  std::vector<v1::StreamHead> heads;
  heads.reserve(tails_.heads.size());
  for (const auto& [stream, head] : tails_.heads) heads.push_back(head);
  return heads;
}

absl::Status RocksLog::Verify(uint64_t* records) const {
  absl::ReaderMutexLock lock(&store_mutex_);
  if (store_ == nullptr) return Closed(directory_);
  uint64_t count = 0;
  const absl::Status chains = VerifyChains(*store_, &count);
  if (records != nullptr) *records = count;
  RETURN_IF_ERROR(chains);
  return VerifyContent(*store_);
}

}  // namespace

absl::StatusOr<std::unique_ptr<HistoryLog>> HistoryLog::Open(
    const std::string& directory, const LogOptions& options) {
  absl::StatusOr<CheckedStore> opened =
      OpenChecked(directory, options.verify_on_open);
  if (!opened.ok()) {
    return Annotate(opened.status(), absl::StrCat("history in ", directory));
  }
  return std::make_unique<RocksLog>(directory, *std::move(opened));
}

std::string TargetStream(absl::string_view target) {
  return absl::StrCat("target/", target);
}

std::string PlanAlias(absl::string_view plan_id) {
  return absl::StrCat("plan/", plan_id);
}

}  // namespace fleet
