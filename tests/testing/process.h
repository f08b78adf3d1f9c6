#ifndef TESTS_TESTING_PROCESS_H_
#define TESTS_TESTING_PROCESS_H_

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"

// Real child processes for tests. A child dies with the test.

namespace fleet::testing {

struct ProcessResult {
  int exit_code = -1;  // 128 + signal when killed
  std::string out;
  std::string err;
};

class Process {
 public:
  // Starts `argv` with stdout and stderr appended to the files given ("" is
  // /dev/null) and `env` ("NAME=value") added to this process's environment.
  static std::unique_ptr<Process> Start(const std::vector<std::string>& argv,
                                        const std::string& out_file,
                                        const std::string& err_file,
                                        const std::vector<std::string>& env);
  ~Process();  // SIGKILL when it still runs

  pid_t pid() const { return pid_; }
  bool IsRunning();
  void Signal(int signal);
  // Waits; 128 + signal when killed, -1 when `limit` passes first.
  int Wait(absl::Duration limit);

 private:
  explicit Process(pid_t pid) : pid_(pid) {}

  pid_t pid_;
  bool done_ = false;
  int exit_code_ = -1;
};

// Runs to the end and collects what it printed; killed after `limit`.
ProcessResult RunProcess(const std::vector<std::string>& argv,
                         const std::vector<std::string>& env,
                         absl::Duration limit = absl::Seconds(120));

// A folder of its own below /tmp (short, for unix sockets), removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::string ReadWholeFile(const std::string& path);
void WriteWholeFile(const std::string& path, const std::string& text);

// A TCP port of 127.0.0.1 that was free a moment ago.
int FreePort();

}  // namespace fleet::testing

#endif  // TESTS_TESTING_PROCESS_H_
