#include "lib/history/log.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <filesystem>
#include <optional>
#include <system_error>
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
  RocksLog(std::string directory, std::unique_ptr<Store> store, Tails tails)
      : directory_(std::move(directory)),
        store_(std::move(store)),
        tails_(std::move(tails)),
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
    return store_->Has(Table::kContent, hash);
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
  absl::Status WriteStage(Stage* stage);
  absl::Status Recover();
  void Publish(const Tails& grown);
  void KeepHead();
  absl::Status WriteHead();

  const std::string directory_;
  const std::unique_ptr<Store> store_;
  std::function<void(const Batch&)> listener_;
  std::atomic<uint64_t> syncs_{0};

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
  if (const absl::Status status = Recover(); !status.ok()) {
    for (Request* request : group) request->status = status;
    return;
  }
  Tails tails;
  {
    absl::MutexLock lock(&mutex_);
    tails.epoch = tails_.epoch;
    tails.order = tails_.order;
    // Only the streams that this group touches.
    for (const Request* request : group) {
      for (const v1::Record& record : request->batch->records) {
        const auto it = tails_.heads.find(record.stream());
        if (it != tails_.heads.end()) tails.heads.insert(*it);
      }
    }
  }
  Stage stage(*store_, tails);
  for (Request* request : group) {
    request->status = request->replicated
                          ? stage.AddReplicated(request->batch)
                          : stage.Add(request->batch, request->epoch);
  }
  if (stage.empty()) return;
  const absl::Status written = WriteStage(&stage);
  for (Request* request : group) {
    if (!request->status.ok()) continue;
    request->status = written;
    if (written.ok() && listener_) listener_(*request->batch);
  }
}

absl::Status RocksLog::WriteStage(Stage* stage) {
  const absl::Status status = store_->Write(stage->writes());
  ++syncs_;
  if (!status.ok()) {
    const absl::Status failed =
        Annotate(status, absl::StrCat("history in ", directory_));
    absl::MutexLock lock(&mutex_);
    failed_ = failed;
    return failed;
  }
  Publish(stage->grown());
  return absl::OkStatus();
}

void RocksLog::Publish(const Tails& grown) {
  absl::MutexLock lock(&mutex_);
  for (const auto& [stream, head] : grown.heads) tails_.heads[stream] = head;
  tails_.epoch = std::max(tails_.epoch, grown.epoch);
  tails_.order = std::max(tails_.order, grown.order);
  writes_ = store_->writes();
  head_behind_ = true;
}

bool SameEnds(const Tails& a, const Tails& b) {
  return a.order == b.order && a.epoch == b.epoch &&
         std::equal(a.heads.begin(), a.heads.end(), b.heads.begin(),
                    b.heads.end(), [](const auto& left, const auto& right) {
                      return left.first == right.first &&
                             left.second.hash() == right.second.hash();
                    });
}

// After a failed write: OK once the database writes again and holds exactly
// what was acknowledged.
absl::Status RocksLog::Recover() {
  absl::Status failed;
  {
    absl::MutexLock lock(&mutex_);
    failed = failed_;
  }
  if (failed.ok()) return failed;
  if (const absl::Status resumed = store_->Resume(); !resumed.ok()) {
    return absl::Status(
        failed.code(),
        absl::StrCat(failed.message(), "; nothing more is recorded (",
                     resumed.message(),
                     "); free disk space, or repair the disk and restart"));
  }
  ASSIGN_OR_RETURN(const Tails tails, ReadTails(*store_));
  absl::MutexLock lock(&mutex_);
  if (!SameEnds(tails, tails_)) {
    return absl::Status(
        failed.code(),
        absl::StrCat(failed.message(),
                     "; afterwards it holds other records than were "
                     "acknowledged; restart to read it again"));
  }
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
    head.set_epoch(tails_.epoch);
    for (const auto& [stream, stream_head] : tails_.heads) {
      *head.add_streams() = stream_head;
    }
    head.set_writes(writes_);
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
  return ReadStream(*store_, stream, sequence, limit);
}

absl::StatusOr<std::string> RocksLog::Content(absl::string_view hash) const {
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
  uint64_t count = 0;
  const absl::Status chains = VerifyChains(*store_, &count);
  if (records != nullptr) *records = count;
  RETURN_IF_ERROR(chains);
  return VerifyContent(*store_);
}

constexpr absl::string_view kRemedy =
    "restore the directory from a backup, or start with an empty state "
    "directory to rebuild from the agents";

// What HEAD says, or nothing for a directory that has never been a log.
absl::StatusOr<std::optional<v1::Head>> FindHead(const std::string& directory) {
  absl::StatusOr<v1::Head> head = ReadHeadFile(directory);
  if (absl::IsNotFound(head.status())) return std::nullopt;
  if (!head.ok()) {
    return absl::Status(head.status().code(),
                        absl::StrCat(head.status().message(), "; ", kRemedy));
  }
  std::error_code error;
  if (!std::filesystem::exists(directory + "/db/CURRENT", error)) {
    return absl::DataLossError(absl::StrCat(
        "the database ", directory, "/db is gone, but the HEAD file is there",
        " and names ", head->streams_size(), " streams; ", kRemedy));
  }
  return *std::move(head);
}

// HEAD is written before the first record can be, so records without HEAD mean
// that somebody removed it, or put back half of a backup.
absl::Status CheckHead(const std::string& directory, const Store& store,
                       const Tails& tails,
                       const std::optional<v1::Head>& head) {
  if (head.has_value()) return CheckAgainstHead(store, tails, *head);
  if (store.writes() == 0) return WriteHeadFile(directory, v1::Head());
  return absl::DataLossError(absl::StrCat(
      directory, "/HEAD is gone, but the database holds ", tails.heads.size(),
      " streams: whether it holds all of them is not known; ", kRemedy));
}

absl::StatusOr<std::unique_ptr<HistoryLog>> OpenLog(
    const std::string& directory, const LogOptions& options) {
  RETURN_IF_ERROR(MakeDirectories(directory));
  ASSIGN_OR_RETURN(const std::optional<v1::Head> head, FindHead(directory));
  ASSIGN_OR_RETURN(std::unique_ptr<Store> store,
                   Store::Open(directory + "/db", !head.has_value()));
  ASSIGN_OR_RETURN(Tails tails, ReadTails(*store));
  RETURN_IF_ERROR(CheckHead(directory, *store, tails, head));
  if (options.verify_on_open) {
    uint64_t records = 0;
    RETURN_IF_ERROR(VerifyChains(*store, &records));
  }
  return std::make_unique<RocksLog>(directory, std::move(store),
                                    std::move(tails));
}

}  // namespace

absl::StatusOr<std::unique_ptr<HistoryLog>> HistoryLog::Open(
    const std::string& directory, const LogOptions& options) {
  absl::StatusOr<std::unique_ptr<HistoryLog>> log = OpenLog(directory, options);
  if (!log.ok()) {
    return Annotate(log.status(), absl::StrCat("history in ", directory));
  }
  return log;
}

std::string TargetStream(absl::string_view target) {
  return absl::StrCat("target/", target);
}

std::string PlanAlias(absl::string_view plan_id) {
  return absl::StrCat("plan/", plan_id);
}

}  // namespace fleet
