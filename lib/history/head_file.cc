#include "lib/history/head_file.h"

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "lib/base/digest.h"
#include "lib/base/durable_file.h"
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
