#include "lib/history/head_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "lib/base/digest.h"
#include "lib/base/status.h"

namespace fleet {
namespace {

constexpr size_t kChecksumBytes = 32;

std::string HeadPath(const std::string& directory) {
  return absl::StrCat(directory, "/HEAD");
}

absl::Status Failed(absl::string_view what, const std::string& path) {
  return absl::ErrnoToStatus(errno, absl::StrCat(what, " ", path));
}

absl::Status WriteAll(int file, absl::string_view bytes,
                      const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return Failed("writing", path);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

absl::Status WriteSynced(const std::string& path, absl::string_view bytes) {
  const int file =
      open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return Failed("creating", path);
  absl::Cleanup close_file = [file] { close(file); };
  RETURN_IF_ERROR(WriteAll(file, bytes, path));
  if (fsync(file) != 0) return Failed("syncing", path);
  return absl::OkStatus();
}

absl::Status SyncDirectory(const std::string& directory) {
  const int file = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return Failed("opening", directory);
  absl::Cleanup close_file = [file] { close(file); };
  if (fsync(file) != 0) return Failed("syncing", directory);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::Head> ReadHeadFile(const std::string& directory) {
  const std::string path = HeadPath(directory);
  std::error_code error;
  if (!std::filesystem::exists(path, error) && !error) {
    return absl::NotFoundError(absl::StrCat("no ", path));
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) return Failed("opening", path);
  const std::string bytes{std::istreambuf_iterator<char>(file),
                          std::istreambuf_iterator<char>()};
  if (file.bad()) return Failed("reading", path);
  v1::Head head;
  if (bytes.size() < kChecksumBytes ||
      Sha256(absl::string_view(bytes).substr(kChecksumBytes)) !=
          absl::string_view(bytes).substr(0, kChecksumBytes) ||
      !head.ParseFromArray(bytes.data() + kChecksumBytes,
                           static_cast<int>(bytes.size() - kChecksumBytes))) {
    return absl::DataLossError(
        absl::StrCat(path, " is damaged: ", bytes.size(),
                     " bytes do not match the checksum in them"));
  }
  return head;
}

absl::Status WriteHeadFile(const std::string& directory, const v1::Head& head) {
  const std::string path = HeadPath(directory);
  const std::string temporary = absl::StrCat(path, ".tmp");
  const std::string body = head.SerializeAsString();
  RETURN_IF_ERROR(WriteSynced(temporary, absl::StrCat(Sha256(body), body)));
  if (rename(temporary.c_str(), path.c_str()) != 0) {
    return Failed("renaming", temporary);
  }
  return SyncDirectory(directory);
}

absl::Status MakeDirectories(const std::string& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) {
    errno = error.value();
    return Failed("creating directory", directory);
  }
  return absl::OkStatus();
}

}  // namespace fleet
