#include <unistd.h>

#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lib/history/log.h"

// Appends for ever to the log in argv[1], on argv[2] threads, one stream each,
// and writes "<stream> <sequence>\n" to stdout once that is acknowledged. The
// crash test kills it.

namespace fleet {
namespace {

void AppendForEver(HistoryLog* log, const std::string& target) {
  while (true) {
    Batch batch;
    v1::Record& record = batch.records.emplace_back();
    record.set_stream(TargetStream(target));
    record.mutable_version()->set_target(target);
    batch.content.push_back(absl::StrCat(target, std::string(500, 'x')));
    const absl::Status status = log->Append(&batch);
    const std::string line = absl::StrCat(batch.records[0].stream(), " ",
                                          batch.records[0].sequence(), "\n");
    const bool told =
        status.ok() && write(STDOUT_FILENO, line.data(), line.size()) ==
                           static_cast<ssize_t>(line.size());
    if (!told) _exit(1);
  }
}

int Main(int argc, char** argv) {
  if (argc != 3) return 2;
  auto log = HistoryLog::Open(argv[1], LogOptions());
  if (!log.ok()) {
    fprintf(stderr, "%s\n", log.status().ToString().c_str());
    return 1;
  }
  std::vector<std::thread> threads;
  for (int i = 0; i < atoi(argv[2]); ++i) {
    threads.emplace_back(AppendForEver, log->get(), absl::StrCat("t", i));
  }
  for (std::thread& thread : threads) thread.join();
  return 0;
}

}  // namespace
}  // namespace fleet

int main(int argc, char** argv) { return fleet::Main(argc, argv); }
