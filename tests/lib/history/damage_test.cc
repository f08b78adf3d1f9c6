#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <iterator>
#include <map>
#include <random>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/base/digest.h"
#include "lib/base/status.h"
#include "lib/history/log.h"
#include "lib/history/store.h"
#include "tests/lib/history/fixture.h"

// What must never happen: a shorter history, or other bytes, and status OK.

namespace fleet {
namespace {

namespace fs = std::filesystem;
using ::fleet::testing::StatusIs;
using ::testing::_;
using ::testing::AllOf;
using ::testing::HasSubstr;

std::string ReadFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file),
          std::istreambuf_iterator<char>()};
}

void WriteFile(const fs::path& path, const std::string& bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << bytes;
}

void FlipBit(const fs::path& path, size_t byte, int bit) {
  std::string bytes = ReadFile(path);
  bytes.at(byte) ^= static_cast<char>(1 << bit);
  WriteFile(path, bytes);
}

std::vector<fs::path> Files(const std::string& directory,
                            absl::string_view suffix) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    if (entry.is_regular_file() &&
        absl::EndsWith(entry.path().string(), suffix)) {
      files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

// The only write-ahead log of `directory` that has something in it.
fs::path WriteAheadLog(const std::string& directory) {
  fs::path largest;
  for (const fs::path& file : Files(directory, ".log")) {
    if (largest.empty() || fs::file_size(file) > fs::file_size(largest)) {
      largest = file;
    }
  }
  return largest;
}

absl::Status OpenStatus(const std::string& directory) {
  return HistoryLog::Open(directory, LogOptions()).status();
}

class DamageTest : public ::testing::Test {
 protected:
  DamageTest() {
    const std::unique_ptr<HistoryLog> log = OpenOrDie(path_);
    for (int i = 1; i <= 200; ++i) {
      EXPECT_OK(AppendVersion(log.get(), "a", i));
    }
  }

  TempDirectory directory_;
  const std::string path_ = directory_.path();
};

TEST_F(DamageTest, AFlippedBitInTheWriteAheadLogIsNoShorterHistory) {
  const fs::path wal = WriteAheadLog(path_);
  FlipBit(wal, fs::file_size(wal) / 2, 3);
  EXPECT_THAT(OpenStatus(path_),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr(path_)));
}

TEST_F(DamageTest, ACutWriteAheadLogIsBehindHead) {
  const fs::path wal = WriteAheadLog(path_);
  fs::resize_file(wal, fs::file_size(wal) / 2);
  EXPECT_THAT(
      OpenStatus(path_),
      StatusIs(absl::StatusCode::kDataLoss,
               AllOf(HasSubstr("stream target/a ends at "),
                     HasSubstr("the HEAD file says 200"),
                     HasSubstr("restore the directory from a backup, or start "
                               "with an empty state directory"))));
}

TEST_F(DamageTest, ADeletedWriteAheadLogIsBehindHead) {
  for (const fs::path& file : Files(path_, ".log")) fs::remove(file);
  EXPECT_THAT(OpenStatus(path_),
              StatusIs(absl::StatusCode::kDataLoss,
                       HasSubstr("stream target/a ends at 0, but the HEAD file "
                                 "says 200")));
}

TEST_F(DamageTest, ADeletedDatabaseIsNotANewOne) {
  fs::remove_all(path_ + "/db");
  EXPECT_THAT(OpenStatus(path_),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("is gone")));
  EXPECT_FALSE(fs::exists(path_ + "/db")) << "nothing may be made in its place";
}

TEST_F(DamageTest, AnEmptyDatabaseInItsPlaceIsNotANewOne) {
  OpenOrDie(directory_.path("new")).reset();
  fs::remove_all(path_ + "/db");
  fs::copy(directory_.path("new") + "/db", path_ + "/db");
  EXPECT_THAT(OpenStatus(path_), StatusIs(absl::StatusCode::kDataLoss, _));
}

TEST_F(DamageTest, ADeletedHeadIsNoticed) {
  fs::remove(path_ + "/HEAD");
  EXPECT_THAT(OpenStatus(path_),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("HEAD is gone")));
}

TEST_F(DamageTest, ADamagedHeadIsNoticed) {
  FlipBit(path_ + "/HEAD", 40, 0);
  EXPECT_THAT(OpenStatus(path_), StatusIs(absl::StatusCode::kDataLoss,
                                          HasSubstr("HEAD is damaged")));
}

TEST_F(DamageTest, AnOlderCopyOfTheDatabaseIsBehindHead) {
  fs::copy(path_ + "/db", directory_.path("copy"));
  ASSERT_OK(AppendVersion(OpenOrDie(path_).get(), "a", 201));
  fs::remove_all(path_ + "/db");
  fs::rename(directory_.path("copy"), path_ + "/db");
  EXPECT_THAT(OpenStatus(path_),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("ends at 200")));
}

TEST_F(DamageTest, AnotherHistoryOfTheSameLengthIsNoticed) {
  const std::string other = directory_.path("other");
  {
    const std::unique_ptr<HistoryLog> log = OpenOrDie(other);
    for (int i = 1; i <= 200; ++i) {
      ASSERT_OK(AppendVersion(log.get(), "a", 1000 + i));
    }
  }
  fs::remove_all(path_ + "/db");
  fs::rename(other + "/db", path_ + "/db");
  EXPECT_THAT(OpenStatus(path_), StatusIs(absl::StatusCode::kDataLoss,
                                          HasSubstr("different histories")));
}

TEST_F(DamageTest, ContentWithoutARecordIsMissedToo) {
  {
    const std::unique_ptr<HistoryLog> log = OpenOrDie(path_);
    Batch batch;
    batch.content = {"a schema"};
    ASSERT_OK(log->Append(&batch));
  }
  const fs::path wal = WriteAheadLog(path_);
  for (const fs::path& file : Files(path_, ".log")) {
    fs::resize_file(file, fs::file_size(file) - fs::file_size(file) / 10);
  }
  EXPECT_THAT(OpenStatus(path_), StatusIs(absl::StatusCode::kDataLoss, _));
}

// Bytes that RocksDB is content with, and that are not what was recorded.
class ForgedTest : public DamageTest {
 protected:
  void Overwrite(Table table, const std::string& key,
                 const std::string& value) {
    ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Store> store,
                         Store::Open(path_ + "/db", false));
    rocksdb::WriteBatch batch = ProtectedBatch();
    store->Put(&batch, table, key, value);
    ASSERT_OK(store->Write(&batch));
  }
  std::string Stored(Table table, const std::string& key) {
    auto store = Store::Open(path_ + "/db", false);
    EXPECT_OK(store);
    auto value = (*store)->Get(table, key);
    EXPECT_OK(value);
    return *value;
  }
};

TEST_F(ForgedTest, AChangedRecordIsNamedAndTheOthersStayReadable) {
  const std::string key = RecordKey("target/a", 120);
  std::string value = Stored(Table::kRecord, key);
  value[value.size() / 2] ^= 1;
  Overwrite(Table::kRecord, key, value);

  const auto at_120 = HasSubstr("record 120 of stream target/a");
  EXPECT_THAT(OpenStatus(path_), StatusIs(absl::StatusCode::kDataLoss, at_120));
  LogOptions options;
  options.verify_on_open = false;
  ASSERT_OK_AND_ASSIGN(const auto log, HistoryLog::Open(path_, options));
  EXPECT_THAT(log->Read("target/a", 100, 50),
              StatusIs(absl::StatusCode::kDataLoss, at_120));
  EXPECT_THAT(log->Verify(nullptr),
              StatusIs(absl::StatusCode::kDataLoss, at_120));
  EXPECT_OK(log->Read("target/a", 1, 119));
  EXPECT_OK(log->Read("target/a", 121, 0));
}

TEST_F(ForgedTest, ARecordInAnotherPlaceIsNamed) {
  Overwrite(Table::kRecord, RecordKey("target/a", 120),
            Stored(Table::kRecord, RecordKey("target/a", 119)));
  EXPECT_THAT(OpenStatus(path_),
              StatusIs(absl::StatusCode::kDataLoss,
                       HasSubstr("record 120 of stream target/a is record 119 "
                                 "of stream target/a")));
}

TEST_F(ForgedTest, ChangedContentIsRefused) {
  const std::string hash = Sha256Hex("a schema");
  {
    const std::unique_ptr<HistoryLog> log = OpenOrDie(path_);
    Batch batch;
    batch.content = {"a schema"};
    ASSERT_OK(log->Append(&batch));
  }
  Overwrite(Table::kContent, hash, "b schema");
  const std::unique_ptr<HistoryLog> log = OpenOrDie(path_);
  EXPECT_THAT(log->Content(hash),
              StatusIs(absl::StatusCode::kDataLoss,
                       HasSubstr("does not match its hash")));
  EXPECT_THAT(log->Verify(nullptr),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr(hash)));
}

// While it lives no file of this process grows beyond `bytes`: the write that
// would do that fails, as on a full disk.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    rlimit limit = before_;
    limit.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() { setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_;
};

TEST_F(DamageTest, AfterAFailedWriteNothingIsTakenUntilThereIsRoom) {
  std::unique_ptr<HistoryLog> log = OpenOrDie(path_);
  std::vector<int64_t> heard;
  log->OnAppended([&](const Batch& batch) {
    for (const v1::Record& record : batch.records) {
      heard.push_back(record.version().number());
    }
  });
  int64_t last = 200;
  {
    FileSizeLimit limit(100000);
    absl::Status status;
    while (status.ok() && last < 10000) {
      status = AppendVersion(log.get(), "a", last + 1);
      if (status.ok()) ++last;
    }
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable,
                                 HasSubstr("File too large")));
    EXPECT_THAT(AppendVersion(log.get(), "b", 1),
                StatusIs(absl::StatusCode::kUnavailable,
                         AllOf(HasSubstr("nothing more is recorded"),
                               HasSubstr("free disk space"))));
    // What is there can be read.
    ASSERT_OK_AND_ASSIGN(const auto records, log->Read("target/a", 1, 0));
    EXPECT_EQ(records.size(), last);
  }
  EXPECT_OK(AppendVersion(log.get(), "b", 2));
  ASSERT_OK_AND_ASSIGN(const auto b, log->Read("target/b", 1, 0));
  ASSERT_EQ(b.size(), 1);
  EXPECT_EQ(b[0].version().number(), 2);
  EXPECT_OK(log->Verify(nullptr));
  const std::vector<std::string> before = AllRecords(*log);
  // What was heard is what is there, whether its Append had failed or not.
  EXPECT_EQ(heard.size() + 200, before.size());
  EXPECT_GE(static_cast<int64_t>(before.size()), last + 1);
  log.reset();
  EXPECT_EQ(AllRecords(*OpenOrDie(path_)), before);
}

// A log with sorted files and a write-ahead log, all of it small.
void MakeMixedLog(const std::string& path) {
  const std::unique_ptr<HistoryLog> log = OpenOrDie(path);
  std::mt19937 random(1);
  for (int i = 1; i <= 300; ++i) {
    Batch batch;
    batch.records = {VersionRecord(absl::StrCat("t", i % 3), i, "f")};
    std::string content(20000, ' ');
    for (char& byte : content) byte = static_cast<char>(random());
    batch.content = {content};
    ASSERT_OK(log->Append(&batch));
  }
}

// Everything a caller can see, or the error that it got.
absl::StatusOr<std::string> Everything(const std::string& path) {
  ASSIGN_OR_RETURN(const auto log, HistoryLog::Open(path, LogOptions()));
  RETURN_IF_ERROR(log->Verify(nullptr));
  Digest digest;
  for (const v1::StreamHead& head : log->Heads()) {
    ASSIGN_OR_RETURN(const auto records, log->Read(head.stream(), 1, 0));
    for (const v1::Record& record : records) {
      digest.AddField(record.SerializeAsString());
    }
  }
  return digest.Hex();
}

TEST(FlipTest, AnyFlippedBitOrCutIsFoundOrHarmless) {
  TempDirectory directory;
  const std::string original = directory.path("original");
  MakeMixedLog(original);
  ASSERT_FALSE(Files(original, ".sst").empty());
  ASSERT_OK_AND_ASSIGN(const std::string whole, Everything(original));

  std::mt19937 random(2);
  int found = 0;
  const std::vector<fs::path> files = Files(original, "");
  for (int round = 0; round < 120; ++round) {
    const std::string copy = directory.path("copy");
    fs::copy(original, copy, fs::copy_options::recursive);
    const fs::path file =
        fs::path(copy) / fs::relative(files[random() % files.size()], original);
    const size_t size = fs::file_size(file);
    if (size == 0 || round % 12 == 11) {
      fs::remove(file);
    } else if (round % 3 == 2) {
      fs::resize_file(file, random() % size);
    } else {
      FlipBit(file, random() % size, static_cast<int>(random() % 8));
    }
    const absl::StatusOr<std::string> now = Everything(copy);
    if (now.ok()) {
      EXPECT_EQ(*now, whole) << "round " << round << " " << file;
    } else {
      ++found;
    }
    fs::remove_all(copy);
  }
  EXPECT_GT(found, 20) << "most files matter";
}

// Runs the appender until it has acknowledged `lines` appends, then kills it.
// The highest sequence by stream.
std::map<std::string, uint64_t> AppendAndKill(const std::string& path,
                                              int lines) {
  int pipe_ends[2];
  EXPECT_EQ(pipe(pipe_ends), 0);
  const std::string program = FLEET_BIN_DIR "/history_appender";
  const pid_t child = fork();
  if (child == 0) {
    dup2(pipe_ends[1], STDOUT_FILENO);
    close(pipe_ends[0]);
    execl(program.c_str(), program.c_str(), path.c_str(), "4", nullptr);
    _exit(127);
  }
  close(pipe_ends[1]);
  FILE* acknowledged = fdopen(pipe_ends[0], "r");
  std::map<std::string, uint64_t> highest;
  char line[100];
  for (int i = 0; fgets(line, sizeof(line), acknowledged) != nullptr; ++i) {
    if (i == lines) kill(child, SIGKILL);
    // Lines that were in the pipe when it died count too.
    const std::vector<std::string> words = absl::StrSplit(line, ' ');
    uint64_t sequence = 0;
    EXPECT_TRUE(absl::SimpleAtoi(words[1], &sequence)) << line;
    highest[words[0]] = std::max(highest[words[0]], sequence);
  }
  fclose(acknowledged);
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status)) << "it must not have ended by itself";
  return highest;
}

TEST(CrashTest, WhatWasAcknowledgedIsThereAfterAKill) {
  TempDirectory directory;
  std::mt19937 random(3);
  for (int round = 0; round < 20; ++round) {
    const auto acknowledged =
        AppendAndKill(directory.path(), 1 + random() % 400);
    ASSERT_FALSE(acknowledged.empty());
    const std::unique_ptr<HistoryLog> log = OpenOrDie(directory.path());
    ASSERT_NE(log, nullptr) << "round " << round;
    EXPECT_OK(log->Verify(nullptr));
    std::map<std::string, uint64_t> there;
    for (const v1::StreamHead& head : log->Heads()) {
      there[head.stream()] = head.sequence();
    }
    for (const auto& [stream, sequence] : acknowledged) {
      EXPECT_GE(there[stream], sequence) << stream << " round " << round;
    }
  }
}

}  // namespace
}  // namespace fleet
