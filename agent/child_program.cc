#include "agent/child_program.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "lib/base/status.h"

namespace fleet {
namespace {

constexpr int kAskEveryMs = 1'000;
constexpr absl::Duration kTermWait = absl::Seconds(10);
constexpr size_t kLineBytesMax = 64 << 10;
constexpr absl::string_view kPathDefault = "/usr/local/bin:/usr/bin:/bin";

absl::Status SystemError(absl::string_view what) {
  return absl::InternalError(
      absl::StrCat("cannot ", what, ": ", std::strerror(errno)));
}

std::string PathOfProcess() {
  const char* path = std::getenv("PATH");
  return path != nullptr && *path != '\0' ? path : std::string(kPathDefault);
}

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { Close(); }

  int fd() const { return fd_; }
  void Reset(int fd) {
    Close();
    fd_ = fd;
  }
  void Close() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

 private:
  int fd_;
};

// A file without a name, readable from its start.
absl::Status WriteSecret(const std::string& secret, Descriptor& file) {
  file.Reset(memfd_create("fleetctl", MFD_CLOEXEC));
  if (file.fd() < 0) return SystemError("make a file in memory");
  absl::string_view rest = secret;
  while (!rest.empty()) {
    const ssize_t wrote = write(file.fd(), rest.data(), rest.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return SystemError("write a file in memory");
    rest.remove_prefix(static_cast<size_t>(wrote));
  }
  return absl::OkStatus();
}

// Made before the fork: after it only system calls are safe.
class Image {
 public:
  Image(std::string path, const ProgramCall& call) : path_(std::move(path)) {
    words_.push_back(call.program);
    words_.insert(words_.end(), call.arguments.begin(), call.arguments.end());
    variables_ = {absl::StrCat("PATH=", PathOfProcess()), "HOME=/nonexistent",
                  "LC_ALL=C.UTF-8"};
    for (std::string& word : words_) arguments_.push_back(word.data());
    for (std::string& text : variables_) environment_.push_back(text.data());
    arguments_.push_back(nullptr);
    environment_.push_back(nullptr);
  }
  Image(const Image&) = delete;
  Image& operator=(const Image&) = delete;

  // In the child.
  [[noreturn]] void Become(pid_t parent, int output, int secret) const {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(125);
    signal(SIGTERM, SIG_DFL);
    signal(SIGINT, SIG_DFL);
    signal(SIGPIPE, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    setpgid(0, 0);  // Ctrl-C is for the agent to handle
    const int null = open("/dev/null", O_RDONLY);
    // Out of the way of the numbers that are given out below.
    const int out = fcntl(output, F_DUPFD, kSecretDescriptor + 1);
    const int file = fcntl(secret, F_DUPFD, kSecretDescriptor + 1);
    if (null < 0 || out < 0 || file < 0 || dup2(null, STDIN_FILENO) < 0 ||
        dup2(out, STDOUT_FILENO) < 0 || dup2(out, STDERR_FILENO) < 0 ||
        dup2(file, kSecretDescriptor) < 0) {
      _exit(124);
    }
    close_range(kSecretDescriptor + 1, ~0U, 0);
    execve(path_.c_str(), arguments_.data(), environment_.data());
    _exit(127);
  }

 private:
  std::string path_;
  std::vector<std::string> words_;
  std::vector<std::string> variables_;
  std::vector<char*> arguments_;
  std::vector<char*> environment_;
};

// Cuts what was read into lines; a carriage return ends one too.
class Lines {
 public:
  explicit Lines(const std::function<void(absl::string_view)>& on_line)
      : on_line_(on_line) {}

  void Add(absl::string_view bytes) {
    for (const char c : bytes) {
      if (c == '\n' || c == '\r' || text_.size() >= kLineBytesMax) End();
      if (c != '\n' && c != '\r') text_ += c;
    }
  }
  void End() {
    const std::string line =
        std::string(absl::StripAsciiWhitespace(std::exchange(text_, "")));
    if (line.empty()) return;
    on_line_(line);
    last_ = line;
  }
  const std::string& last() const { return last_; }

 private:
  const std::function<void(absl::string_view)>& on_line_;
  std::string text_;
  std::string last_;
};

// Ends a child that is to stop, gently at first.
class Stopper {
 public:
  explicit Stopper(pid_t child) : child_(child) {}

  void Stop() {
    if (!asked_) {
      asked_ = true;
      kill(child_, SIGTERM);
      deadline_ = absl::Now() + kTermWait;
    } else if (absl::Now() > deadline_) {
      kill(child_, SIGKILL);
    }
  }
  bool asked() const { return asked_; }

 private:
  const pid_t child_;
  bool asked_ = false;
  absl::Time deadline_;
};

// False at its end.
bool ReadSome(int fd, Lines& lines) {
  char bytes[4096];
  const ssize_t count = read(fd, bytes, sizeof(bytes));
  if (count < 0) return errno == EINTR || errno == EAGAIN;
  if (count == 0) return false;
  lines.Add(absl::string_view(bytes, static_cast<size_t>(count)));
  return true;
}

int ExitCodeOf(int result) {
  return WIFSIGNALED(result) ? 128 + WTERMSIG(result) : WEXITSTATUS(result);
}

// Until the child has ended and said all; what it has started may keep the
// output open for longer.
ProgramEnd Follow(pid_t child, int output, Lines& lines,
                  const std::function<bool()>& keep_going) {
  Stopper stopper(child);
  int result = 0;
  bool open = true;
  for (;;) {
    pollfd ready{output, POLLIN, 0};
    const int count = open ? poll(&ready, 1, kAskEveryMs)
                           : poll(nullptr, 0, kAskEveryMs / 20);
    if (count > 0) open = ReadSome(output, lines);
    if (count <= 0 || !open) {
      if (waitpid(child, &result, WNOHANG) == child) break;
    }
    if (stopper.asked() || !keep_going()) stopper.Stop();
  }
  lines.End();
  return {ExitCodeOf(result), stopper.asked(), lines.last()};
}

}  // namespace

absl::StatusOr<std::string> FindProgram(absl::string_view name) {
  const std::string path = PathOfProcess();
  for (absl::string_view folder :
       absl::StrSplit(path, ':', absl::SkipEmpty())) {
    std::string file = absl::StrCat(folder, "/", name);
    if (access(file.c_str(), X_OK) == 0) return file;
  }
  return absl::NotFoundError(absl::StrCat(
      name, " is not installed where the agent runs (PATH is ", path, ")"));
}

absl::StatusOr<ProgramEnd> RunProgram(
    const ProgramCall& call,
    const std::function<void(absl::string_view)>& on_line,
    const std::function<bool()>& keep_going) {
  ASSIGN_OR_RETURN(std::string path, FindProgram(call.program));
  const Image image(std::move(path), call);
  Descriptor secret;
  RETURN_IF_ERROR(WriteSecret(call.secret, secret));
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return SystemError("make a pipe");
  Descriptor reading(ends[0]);
  Descriptor writing(ends[1]);
  const pid_t self = getpid();
  const pid_t child = fork();
  if (child < 0) return SystemError("start another process");
  if (child == 0) image.Become(self, writing.fd(), secret.fd());
  writing.Close();
  Lines lines(on_line);
  return Follow(child, reading.fd(), lines, keep_going);
}

}  // namespace fleet
