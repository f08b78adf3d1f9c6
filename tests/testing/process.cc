#include "tests/testing/process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "lib/base/status.h"

namespace fleet::testing {
namespace {

int OpenForAppend(const std::string& path) {
  const char* name = path.empty() ? "/dev/null" : path.c_str();
  return open(name, O_WRONLY | O_CREAT | O_APPEND, 0644);
}

std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) {
    pointers.push_back(const_cast<char*>(text.c_str()));
  }
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

std::unique_ptr<Process> Process::Start(const std::vector<std::string>& argv,
                                        const std::string& out_file,
                                        const std::string& err_file,
                                        const std::vector<std::string>& env) {
  // Everything that allocates happens before fork: this process has threads.
  const std::vector<char*> arguments = Pointers(argv);
  std::vector<std::string> environment = env;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    environment.push_back(*entry);
  }
  const std::vector<char*> variables = Pointers(environment);
  const int out = OpenForAppend(out_file);
  const int err = OpenForAppend(err_file);
  const int in = open("/dev/null", O_RDONLY);
  CHECK(out >= 0 && err >= 0 && in >= 0);
  const pid_t pid = fork();
  CHECK(pid >= 0);
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(in, 0);
    dup2(out, 1);
    dup2(err, 2);
    for (int fd = 3; fd < 256; ++fd) close(fd);
    execvpe(arguments[0], arguments.data(), variables.data());
    _exit(127);
  }
  close(out);
  close(err);
  close(in);
  return std::unique_ptr<Process>(new Process(pid));
}

Process::~Process() {
  if (!IsRunning()) return;
  Signal(SIGKILL);
  Wait(absl::Seconds(10));
}

bool Process::IsRunning() {
  if (done_) return false;
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) != pid_) return true;
  done_ = true;
  exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return false;
}

void Process::Signal(int signal) {
  if (!done_) kill(pid_, signal);
}

int Process::Wait(absl::Duration limit) {
  const absl::Time end = absl::Now() + limit;
  while (IsRunning()) {
    if (absl::Now() > end) return -1;
    absl::SleepFor(absl::Milliseconds(5));
  }
  return exit_code_;
}

ProcessResult RunProcess(const std::vector<std::string>& argv,
                         const std::vector<std::string>& env,
                         absl::Duration limit) {
  TemporaryFolder folder;
  const std::string out = folder.path() + "/out";
  const std::string err = folder.path() + "/err";
  ProcessResult result;
  {
    std::unique_ptr<Process> process = Process::Start(argv, out, err, env);
    result.exit_code = process->Wait(limit);
  }
  result.out = ReadWholeFile(out);
  result.err = ReadWholeFile(err);
  return result;
}

TemporaryFolder::TemporaryFolder() {
  char name[] = "/tmp/fleet.XXXXXX";
  CHECK(mkdtemp(name) != nullptr);
  chmod(name, 0755);
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string ReadWholeFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

void WriteWholeFile(const std::string& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << text;
  out.close();
  CHECK(out.good());
}

int FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  CHECK(bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0);
  CHECK(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  close(fd);
  return ntohs(address.sin_port);
}

}  // namespace fleet::testing
