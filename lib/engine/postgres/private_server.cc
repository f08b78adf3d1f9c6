#include "lib/engine/postgres/private_server.h"

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
#include <iterator>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "lib/base/printable.h"
#include "lib/base/status.h"
#include "lib/engine/postgres/session.h"

namespace fleet {
namespace {

constexpr absl::Duration kStartTimeout = absl::Seconds(60);
constexpr int kWatchPollMs = 200;
constexpr absl::Duration kStartPoll = absl::Milliseconds(20);
// sockaddr_un has 108 bytes; the socket's own name is ".s.PGSQL.5432".
constexpr size_t kFolderBytesMax = 107 - 14;

bool HasBinaries(const std::string& folder) {
  return access((folder + "/initdb").c_str(), X_OK) == 0 &&
         access((folder + "/postgres").c_str(), X_OK) == 0;
}

// What PATH says, else the newest below Debian's place; "" where there is none.
std::string FindBinaries() {
  const char* path = getenv("PATH");
  for (absl::string_view part : absl::StrSplit(path ? path : "", ':')) {
    if (!part.empty() && HasBinaries(std::string(part))) {
      return std::string(part);
    }
  }
  std::string best;
  int best_version = 0;
  std::error_code error;
  for (const auto& entry :
       std::filesystem::directory_iterator("/usr/lib/postgresql", error)) {
    int version = 0;
    const std::string folder = entry.path().string() + "/bin";
    if (absl::SimpleAtoi(entry.path().filename().string(), &version) &&
        version > best_version && HasBinaries(folder)) {
      best = folder;
      best_version = version;
    }
  }
  return best;
}

// The user that the server runs as when we are root.
struct Account {
  bool switch_to = false;
  uid_t user = 0;
  gid_t group = 0;
};

absl::StatusOr<Account> ServerAccount() {
  Account account;
  if (geteuid() != 0) return account;
  const passwd* entry = getpwnam("postgres");
  if (entry == nullptr) {
    return absl::FailedPreconditionError(
        "PostgreSQL does not run as root, and there is no user postgres; give "
        "a scratch server with --scratch postgres://…");
  }
  account.switch_to = true;
  account.user = entry->pw_uid;
  account.group = entry->pw_gid;
  return account;
}

absl::StatusOr<std::string> MakeFolder(const Account& account) {
  const char* place = getenv("TMPDIR");
  std::string name =
      absl::StrCat(place && *place ? place : "/tmp", "/fleetctl-pg-XXXXXX");
  if (name.size() > kFolderBytesMax) name = "/tmp/fleetctl-pg-XXXXXX";
  if (mkdtemp(name.data()) == nullptr) {
    return absl::InternalError(
        absl::StrCat("cannot make directory ", name, ": ", strerror(errno)));
  }
  if (account.switch_to &&
      chown(name.c_str(), account.user, account.group) != 0) {
    return absl::InternalError(
        absl::StrCat("cannot give ", name, " to postgres: ", strerror(errno)));
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

struct Commands {
  Commands(const std::string& binaries, const std::string& folder)
      : log(folder + "/log"),
        folder(folder),
        initdb({binaries + "/initdb", "-D", folder + "/data", "-U", "postgres",
                "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"}),
        postgres({binaries + "/postgres",
                  "-D",
                  folder + "/data",
                  "-c",
                  "listen_addresses=",
                  "-c",
                  "unix_socket_directories=" + folder,
                  "-c",
                  "unix_socket_permissions=0700",
                  "-c",
                  "fsync=off",
                  "-c",
                  "full_page_writes=off",
                  "-c",
                  "synchronous_commit=off",
                  "-c",
                  "wal_level=minimal",
                  "-c",
                  "max_wal_senders=0",
                  "-c",
                  "autovacuum=off",
                  "-c",
                  "logging_collector=off",
                  "-c",
                  "max_connections=200",
                  "-c",
                  "port=5432"}),
        remove({"/bin/rm", "-rf", folder}) {}

  const std::string log;
  const std::string folder;
  const Command initdb;
  const Command postgres;
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
  const pid_t initdb = Spawn(commands.initdb, self);
  if (initdb < 0 || WaitFor(initdb) != 0) _exit(122);
  const pid_t server = Spawn(commands.postgres, self);
  if (server < 0) _exit(121);
  pollfd parent{STDIN_FILENO, POLLIN, 0};
  while (poll(&parent, 1, kWatchPollMs) <= 0) {
    if (waitpid(server, nullptr, WNOHANG) == server) _exit(119);
  }
  kill(server, SIGQUIT);
  WaitFor(server);
  if (chdir("/") != 0) _exit(120);
  commands.remove.Exec();
}

std::string Encoded(absl::string_view text) {
  std::string out;
  for (char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       (c >= '0' && c <= '9') || strchr("/-_.", c) != nullptr;
    if (plain) {
      out.push_back(c);
    } else {
      absl::StrAppendFormat(&out, "%%%02X", static_cast<unsigned char>(c));
    }
  }
  return out;
}

}  // namespace

absl::StatusOr<std::unique_ptr<PrivateServer>> PrivateServer::Start() {
  const std::string binaries = FindBinaries();
  if (binaries.empty()) {
    return absl::FailedPreconditionError(
        "no PostgreSQL server binaries (initdb, postgres) are installed here; "
        "give a scratch server with --scratch postgres://…");
  }
  ASSIGN_OR_RETURN(const Account account, ServerAccount());
  ASSIGN_OR_RETURN(const std::string folder, MakeFolder(account));
  const Commands commands(binaries, folder);
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
      new PrivateServer(folder, watcher, ends[1]));
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

std::string PrivateServer::Url(absl::string_view database) const {
  return absl::StrCat("postgres://postgres@/", Encoded(database),
                      "?host=", Encoded(folder_), "&port=5432");
}

absl::Status PrivateServer::WaitUntilReady() {
  const absl::Time deadline = absl::Now() + kStartTimeout;
  const std::string socket = folder_ + "/.s.PGSQL.5432";
  for (;;) {
    absl::Status status = absl::UnavailableError("there is no socket");
    if (access(socket.c_str(), F_OK) == 0) {
      status = OpenPostgresSession(Url("postgres"), SessionOptions()).status();
      if (status.ok()) return status;
    }
    const bool has_ended = waitpid(watcher_, nullptr, WNOHANG) == watcher_;
    if (has_ended) watcher_ = 0;
    if (has_ended || absl::Now() > deadline) {
      return absl::InternalError(absl::StrCat(
          "the private PostgreSQL server does not start: ", status.message(),
          "; its log ends: ", LogEnd()));
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
