#include "lib/engine/private_server.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "lib/base/printable.h"
#include "lib/base/status.h"

namespace fleet {
namespace {

constexpr absl::Duration kStartTimeout = absl::Seconds(60);
constexpr int kWatchPollMs = 200;
constexpr absl::Duration kStartPoll = absl::Milliseconds(20);
// sockaddr_un has 108 bytes; a socket's own name takes up to 14.
constexpr size_t kFolderBytesMax = 107 - 14;

// Where the two programs are; "" where they are not.
struct Binaries {
  std::string init;
  std::string server;
};

std::string FindIn(const std::vector<std::string>& folders,
                   const std::string& name) {
  for (const std::string& folder : folders) {
    std::string path = absl::StrCat(folder, "/") + name;
    if (access(path.c_str(), X_OK) == 0) return path;
  }
  return "";
}

// "/usr/lib/postgresql/*" → the "N/bin" below it, newest first.
void AddVersions(const std::string& place, std::vector<std::string>& folders) {
  std::map<int, std::string, std::greater<int>> versions;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(place, error)) {
    int version = 0;
    if (absl::SimpleAtoi(entry.path().filename().string(), &version)) {
      versions[version] = absl::StrCat(entry.path().string(), "/bin");
    }
  }
  for (const auto& [version, folder] : versions) folders.push_back(folder);
}

// What PATH says, else the product's own places.
Binaries FindBinaries(const PrivateServerProgram& program) {
  std::vector<std::string> folders;
  const char* path = getenv("PATH");
  for (absl::string_view part :
       absl::StrSplit(path ? path : "", ':', absl::SkipEmpty())) {
    folders.emplace_back(part);
  }
  for (absl::string_view folder :
       absl::StrSplit(program.folders, ':', absl::SkipEmpty())) {
    if (absl::ConsumeSuffix(&folder, "/*")) {
      AddVersions(std::string(folder), folders);
    } else {
      folders.emplace_back(folder);
    }
  }
  return {FindIn(folders, std::string(program.init_binary)),
          FindIn(folders, std::string(program.server_binary))};
}

// The user that the server runs as when we are root.
struct Account {
  bool switch_to = false;
  uid_t user = 0;
  gid_t group = 0;
};

absl::StatusOr<Account> ServerAccount(const PrivateServerProgram& program) {
  Account account;
  if (geteuid() != 0) return account;
  const passwd* entry = getpwnam(std::string(program.user).c_str());
  if (entry == nullptr) {
    return absl::FailedPreconditionError(
        absl::StrCat(program.product,
                     " does not run as root, and there is no "
                     "user ",
                     program.user, "; ", program.advice));
  }
  account.switch_to = true;
  account.user = entry->pw_uid;
  account.group = entry->pw_gid;
  return account;
}

absl::StatusOr<std::string> MakeFolder(const PrivateServerProgram& program,
                                       const Account& account) {
  const char* place = getenv("TMPDIR");
  const std::string last = absl::StrCat("/", program.prefix, "-XXXXXX");
  std::string name = absl::StrCat(place && *place ? place : "/tmp", last);
  if (name.size() > kFolderBytesMax) name = absl::StrCat("/tmp", last);
  if (mkdtemp(name.data()) == nullptr) {
    return absl::InternalError(
        absl::StrCat("cannot make directory ", name, ": ", strerror(errno)));
  }
  if (account.switch_to &&
      chown(name.c_str(), account.user, account.group) != 0) {
    return absl::InternalError(absl::StrCat(
        "cannot give ", name, " to ", program.user, ": ", strerror(errno)));
  }
  return name;
}

// Everything a process between fork and exec needs, made before the fork: after
// it only system calls are safe.
struct Command {
  explicit Command(std::vector<std::string> words) : words_(std::move(words)) {
    for (std::string& word : words_) arguments_.push_back(word.data());
    arguments_.push_back(nullptr);
  }
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;
  [[noreturn]] void Exec() const {
    execv(arguments_[0], arguments_.data());
    _exit(127);
  }

 private:
  std::vector<std::string> words_;
  std::vector<char*> arguments_;
};

std::vector<std::string> Words(const std::string& binary,
                               std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), binary);
  return arguments;
}

struct Commands {
  Commands(const PrivateServerProgram& program, const Binaries& binaries,
           const std::string& folder)
      : log(absl::StrCat(folder, "/log")),
        folder(folder),
        end_signal(program.end_signal),
        init(Words(binaries.init, program.init_arguments(folder))),
        server(Words(binaries.server, program.server_arguments(folder))),
        remove({"/bin/rm", "-rf", folder}) {}

  const std::string log;
  const std::string folder;
  const int end_signal;
  const Command init;
  const Command server;
  const Command remove;
};

// Runs in a child; only system calls.
void BecomeServerUser(const Account& account) {
  if (!account.switch_to) return;
  if (setgroups(0, nullptr) != 0 || setgid(account.group) != 0 ||
      setuid(account.user) != 0) {
    _exit(126);
  }
}

// A child of the watcher that dies with it.
pid_t Spawn(const Command& command, pid_t watcher) {
  const pid_t child = fork();
  if (child != 0) return child;
  prctl(PR_SET_PDEATHSIG, SIGQUIT);
  if (getppid() != watcher) _exit(125);
  const int null = open("/dev/null", O_RDONLY);
  if (null >= 0) dup2(null, STDIN_FILENO);
  command.Exec();
}

int WaitFor(pid_t child) {
  int result = -1;
  while (waitpid(child, &result, 0) < 0 && errno == EINTR) {
  }
  return result;
}

// The watching process: makes and runs the server until `pipe` closes or the
// server ends by itself. Only system calls, since the parent may have had many
// threads.
[[noreturn]] void Watch(const Account& account, const Commands& commands,
                        int pipe) {
  setsid();  // Ctrl-C is for the parent to handle
  signal(SIGCHLD, SIG_DFL);
  signal(SIGTERM, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  BecomeServerUser(account);
  if (chdir(commands.folder.c_str()) != 0) _exit(124);
  const int log =
      open(commands.log.c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600);
  if (log < 0 || dup2(pipe, STDIN_FILENO) < 0 || dup2(log, STDOUT_FILENO) < 0 ||
      dup2(log, STDERR_FILENO) < 0) {
    _exit(123);
  }
  close_range(3, ~0U, 0);
  const pid_t self = getpid();
  const pid_t init = Spawn(commands.init, self);
  if (init < 0 || WaitFor(init) != 0) _exit(122);
  const pid_t server = Spawn(commands.server, self);
  if (server < 0) _exit(121);
  pollfd parent{STDIN_FILENO, POLLIN, 0};
  while (poll(&parent, 1, kWatchPollMs) <= 0) {
    if (waitpid(server, nullptr, WNOHANG) == server) _exit(119);
  }
  kill(server, commands.end_signal);
  WaitFor(server);
  if (chdir("/") != 0) _exit(120);
  commands.remove.Exec();
}

}  // namespace

absl::StatusOr<std::unique_ptr<PrivateServer>> PrivateServer::Start(
    PrivateServerProgram program) {
  const Binaries binaries = FindBinaries(program);
  if (binaries.init.empty() || binaries.server.empty()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "no ", program.product, " server binaries (", program.init_binary, ", ",
        program.server_binary, ") are installed here; ", program.advice));
  }
  ASSIGN_OR_RETURN(const Account account, ServerAccount(program));
  ASSIGN_OR_RETURN(const std::string folder, MakeFolder(program, account));
  const Commands commands(program, binaries, folder);
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) {
    return absl::InternalError(
        absl::StrCat("cannot make a pipe: ", strerror(errno)));
  }
  const pid_t watcher = fork();
  if (watcher == 0) {
    close(ends[1]);
    Watch(account, commands, ends[0]);
  }
  close(ends[0]);
  if (watcher < 0) {
    close(ends[1]);
    return absl::InternalError(
        absl::StrCat("cannot start a process: ", strerror(errno)));
  }
  std::unique_ptr<PrivateServer> server(
      new PrivateServer(std::move(program), folder, watcher, ends[1]));
  RETURN_IF_ERROR(server->WaitUntilReady());
  return server;
}

PrivateServer::~PrivateServer() {
  close(pipe_);
  if (watcher_ > 0) WaitFor(watcher_);
  // Only there when the server ended by itself.
  std::error_code error;
  std::filesystem::remove_all(folder_, error);
}

absl::Status PrivateServer::WaitUntilReady() {
  const absl::Time deadline = absl::Now() + kStartTimeout;
  const std::string socket = absl::StrCat(folder_, "/", program_.socket);
  for (;;) {
    absl::Status status = absl::UnavailableError("there is no socket");
    if (access(socket.c_str(), F_OK) == 0) {
      status = program_.open(Url(program_.database), SessionOptions()).status();
      if (status.ok()) return status;
    }
    const bool has_ended = waitpid(watcher_, nullptr, WNOHANG) == watcher_;
    if (has_ended) watcher_ = 0;
    if (has_ended || absl::Now() > deadline) {
      return absl::InternalError(absl::StrCat(
          "the private ", program_.product, " server does not start: ",
          status.message(), "; its log ends: ", LogEnd()));
    }
    absl::SleepFor(kStartPoll);
  }
}

std::string PrivateServer::LogEnd() const {
  constexpr size_t kShownBytes = 600;
  std::ifstream file(folder_ + "/log");
  const std::string text((std::istreambuf_iterator<char>(file)),
                         std::istreambuf_iterator<char>());
  return Printable(absl::string_view(text).substr(
      text.size() - std::min(text.size(), kShownBytes)));
}

}  // namespace fleet
