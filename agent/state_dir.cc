#include "agent/state_dir.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"

namespace fleet {

absl::StatusOr<std::unique_ptr<StateDir>> StateDir::Lock(
    const std::string& path) {
  std::error_code error;
  const bool made = std::filesystem::create_directories(path, error);
  if (made) {
    std::filesystem::permissions(path, std::filesystem::perms::owner_all,
                                 error);
  }
  if (error) {
    return absl::FailedPreconditionError(
        absl::StrCat("cannot make state_dir ", path, ": ", error.message()));
  }
  const std::string file = absl::StrCat(path, "/lock");
  const int fd = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) {
    const std::string reason =
        std::error_code(errno, std::generic_category()).message();
    return absl::FailedPreconditionError(
        absl::StrCat("cannot open ", file, ": ", reason));
  }
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    close(fd);
    return absl::FailedPreconditionError(absl::StrCat(
        "state_dir ", path,
        " is in use by another fleet-agent; stop that one, or give this one a "
        "state_dir of its own"));
  }
  return absl::WrapUnique(new StateDir(path, fd));
}

StateDir::StateDir(std::string path, int lock_fd)
    : path_(std::move(path)), lock_fd_(lock_fd) {}

StateDir::~StateDir() { close(lock_fd_); }

std::string StateDir::Path(absl::string_view name) const {
  return absl::StrCat(path_, "/", name);
}

}  // namespace fleet
