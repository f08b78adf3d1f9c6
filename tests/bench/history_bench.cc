#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "benchmark/benchmark.h"
#include "lib/base/status.h"
#include "lib/history/log.h"
#include "lib/history/view.h"
#include "rocksdb/db.h"

// Records a second through the log, each Append synced before it returns,
// against bare RocksDB that puts the same bytes under the same rule in the same
// program on the same disk (directory: TMPDIR, else /tmp). The ratio is what
// places, hashes and HEAD cost.

namespace fleet {
namespace {

// A record of about 1 KB, as in the reference measurements.
constexpr int kPayloadBytes = 900;

std::string NewDirectory() {
  const char* base = getenv("TMPDIR");
  std::string name =
      absl::StrCat(base == nullptr ? "/tmp" : base, "/history_bench_XXXXXX");
  CHECK(mkdtemp(name.data()) != nullptr);
  return name;
}

v1::Record ProgressRecord(int target) {
  v1::Record record;
  const std::string name = absl::StrCat("tenant-", target);
  record.set_stream(TargetStream(name));
  record.mutable_target_progress()->set_rollout("r-1");
  v1::TargetProgress* progress =
      record.mutable_target_progress()->mutable_progress();
  progress->set_target(name);
  progress->set_state(v1::TARGET_HEALTHY);
  progress->set_message(std::string(kPayloadBytes, 'x'));
  return record;
}

// Shared by the threads of one run: made by the first, removed by the last.
struct Shared {
  std::string directory;
  std::unique_ptr<HistoryLog> log;
  std::unique_ptr<rocksdb::DB> db;
};
Shared shared;

void Discard() {
  shared.log.reset();
  shared.db.reset();
  std::filesystem::remove_all(shared.directory);
}

void BM_LogAppend(benchmark::State& state) {
  if (state.thread_index() == 0) {
    shared.directory = NewDirectory();
    auto log = HistoryLog::Open(shared.directory, LogOptions());
    CHECK(log.ok());
    shared.log = *std::move(log);
  }
  const v1::Record record = ProgressRecord(state.thread_index());
  for (auto _ : state) {
    Batch batch;
    batch.records.push_back(record);
    const absl::Status status = shared.log->Append(&batch);
    CHECK(status.ok());
  }
  state.SetItemsProcessed(state.iterations());
  if (state.thread_index() == 0) {
    state.counters["syncs"] = static_cast<double>(shared.log->sync_count());
    Discard();
  }
}
BENCHMARK(BM_LogAppend)->Threads(1)->Threads(16)->Threads(64)->UseRealTime();

void BM_RocksPut(benchmark::State& state) {
  if (state.thread_index() == 0) {
    shared.directory = NewDirectory();
    rocksdb::Options options;
    options.create_if_missing = true;
    rocksdb::DB* db = nullptr;
    CHECK(rocksdb::DB::Open(options, shared.directory, &db).ok());
    shared.db.reset(db);
  }
  const std::string value =
      ProgressRecord(state.thread_index()).SerializeAsString();
  rocksdb::WriteOptions options;
  options.sync = true;
  int sequence = 0;
  for (auto _ : state) {
    const std::string key =
        absl::StrCat("target/tenant-", state.thread_index(), " ", ++sequence);
    CHECK(shared.db->Put(options, key, value).ok());
  }
  state.SetItemsProcessed(state.iterations());
  if (state.thread_index() == 0) Discard();
}
BENCHMARK(BM_RocksPut)->Threads(1)->Threads(16)->Threads(64)->UseRealTime();

// A wave of 1,000 targets as the coordinator records it: the orders in one
// batch before any is sent, then 16 threads with one result at a time.
void BM_Wave(benchmark::State& state) {
  constexpr int kTargets = 1000;
  constexpr int kThreads = 16;
  uint64_t syncs = 0;
  for (auto _ : state) {
    state.PauseTiming();
    shared.directory = NewDirectory();
    auto log = HistoryLog::Open(shared.directory, LogOptions());
    CHECK(log.ok());
    state.ResumeTiming();
    Batch orders;
    for (int i = 0; i < kTargets; ++i) {
      orders.records.push_back(ProgressRecord(i));
    }
    CHECK((*log)->Append(&orders).ok());
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&log, t] {
        for (int i = t; i < kTargets; i += kThreads) {
          Batch result;
          result.records.push_back(ProgressRecord(i));
          CHECK((*log)->Append(&result).ok());
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    syncs += (*log)->sync_count();
    state.PauseTiming();
    log->reset();
    Discard();
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * 2 * kTargets);
  state.counters["syncs_per_wave"] = benchmark::Counter(
      static_cast<double>(syncs), benchmark::Counter::kAvgIterations);
}
BENCHMARK(BM_Wave)->Unit(benchmark::kMillisecond)->UseRealTime();

// What a coordinator does before it answers: open, check and fold.
void BM_OpenAndFold(benchmark::State& state) {
  const std::string directory = NewDirectory();
  {
    auto log = HistoryLog::Open(directory, LogOptions());
    CHECK(log.ok());
    for (int64_t written = 0; written < state.range(0); written += 1000) {
      Batch batch;
      for (int i = 0; i < 1000; ++i) batch.records.push_back(ProgressRecord(i));
      CHECK((*log)->Append(&batch).ok());
    }
  }
  for (auto _ : state) {
    auto log = HistoryLog::Open(directory, LogOptions());
    CHECK(log.ok());
    HistoryView view;
    CHECK(view.Load(**log).ok());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
  std::filesystem::remove_all(directory);
}
BENCHMARK(BM_OpenAndFold)
    ->Arg(10000)
    ->Arg(100000)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

}  // namespace
}  // namespace fleet
