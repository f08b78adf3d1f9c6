#ifndef TESTS_LIB_HISTORY_FIXTURE_H_
#define TESTS_LIB_HISTORY_FIXTURE_H_

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lib/history/log.h"
#include "tests/testing/matchers.h"

// A directory that goes when the test does, and records to put into a log.

namespace fleet {

class TempDirectory {
 public:
  TempDirectory() {
    std::string name =
        (std::filesystem::temp_directory_path() / "history_XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~TempDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;

  std::string path(absl::string_view name = "log") const {
    return absl::StrCat(path_, "/", name);
  }

 private:
  std::string path_;
};

inline std::unique_ptr<HistoryLog> OpenOrDie(const std::string& directory) {
  auto log = HistoryLog::Open(directory, LogOptions());
  EXPECT_OK(log);
  return log.ok() ? *std::move(log) : nullptr;
}

inline v1::Record VersionRecord(const std::string& target, int64_t number,
                                const std::string& fingerprint) {
  v1::Record record;
  record.set_stream(TargetStream(target));
  record.set_time_ms(1000 + number);
  record.mutable_version()->set_target(target);
  record.mutable_version()->set_number(number);
  record.mutable_version()->set_fingerprint(fingerprint);
  return record;
}

inline absl::Status AppendVersion(HistoryLog* log, const std::string& target,
                                  int64_t number) {
  Batch batch;
  batch.records.push_back(
      VersionRecord(target, number, absl::StrCat("fingerprint ", number)));
  return log->Append(&batch);
}

// Every record of the log, as text that is equal when the records are.
inline std::vector<std::string> AllRecords(const HistoryLog& log) {
  std::vector<std::string> all;
  for (const v1::StreamHead& head : log.Heads()) {
    auto records = log.Read(head.stream(), 1, 0);
    EXPECT_OK(records);
    if (!records.ok()) continue;
    for (const v1::Record& record : *records) {
      all.push_back(record.SerializeAsString());
    }
  }
  return all;
}

}  // namespace fleet

#endif  // TESTS_LIB_HISTORY_FIXTURE_H_
