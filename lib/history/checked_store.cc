#include "lib/history/checked_store.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <iterator>
#include <optional>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "lib/base/status.h"
#include "lib/history/head_file.h"

namespace fleet {
namespace {

// More than RocksDB needs to open: its next log file, made in advance, and a
// flush of what the last ones hold.
constexpr off_t kRoomBytes = 16 << 20;

constexpr absl::string_view kRemedy =
    "restore the directory from a backup, or start with an empty state "
    "directory to rebuild from the agents";

// What HEAD says, or nothing for a directory that has never been a log.
absl::StatusOr<std::optional<v1::Head>> FindHead(const std::string& directory) {
  absl::StatusOr<v1::Head> head = ReadHeadFile(directory);
  if (absl::IsNotFound(head.status())) return std::nullopt;
  if (!head.ok()) {
    return absl::Status(head.status().code(),
                        absl::StrCat(head.status().message(), "; ", kRemedy));
  }
  std::error_code error;
  if (!std::filesystem::exists(directory + "/db/CURRENT", error)) {
    return absl::DataLossError(absl::StrCat(
        "the database ", directory, "/db is gone, but the HEAD file is there",
        " and names ", head->streams_size(), " streams; ", kRemedy));
  }
  return *std::move(head);
}

// HEAD is written before the first record can be, so records without HEAD mean
// that somebody removed it, or put back half of a backup.
absl::Status CheckHead(const std::string& directory, const Store& store,
                       const Tails& tails,
                       const std::optional<v1::Head>& head) {
  if (head.has_value()) return CheckAgainstHead(store, tails, *head);
  if (store.writes() == 0) return WriteHeadFile(directory, v1::Head());
  return absl::DataLossError(absl::StrCat(
      directory, "/HEAD is gone, but the database holds ", tails.heads.size(),
      " streams: whether it holds all of them is not known; ", kRemedy));
}

}  // namespace

absl::StatusOr<CheckedStore> OpenChecked(const std::string& directory,
                                         bool verify) {
  RETURN_IF_ERROR(MakeDirectories(directory));
  ASSIGN_OR_RETURN(const std::optional<v1::Head> head, FindHead(directory));
  CheckedStore opened;
  ASSIGN_OR_RETURN(opened.store,
                   Store::Open(directory + "/db", !head.has_value()));
  ASSIGN_OR_RETURN(opened.tails, ReadTails(*opened.store));
  RETURN_IF_ERROR(CheckHead(directory, *opened.store, opened.tails, head));
  if (verify) {
    uint64_t records = 0;
    RETURN_IF_ERROR(VerifyChains(*opened.store, &records));
  }
  return opened;
}

absl::Status ProbeRoom(const std::string& directory) {
  const std::string path = directory + "/room.tmp";
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("creating ", path));
  }
  const int error = posix_fallocate(file, 0, kRoomBytes);
  close(file);
  unlink(path.c_str());
  if (error == 0) return absl::OkStatus();
  return absl::ErrnoToStatus(
      error,
      absl::StrCat("no room for ", kRoomBytes >> 20, " MiB in ", directory));
}

absl::StatusOr<std::vector<v1::Record>> ReadBeyond(const Store& store,
                                                   const Tails& tails,
                                                   const Tails& known) {
  std::vector<v1::Record> beyond;
  for (const auto& [stream, head] : tails.heads) {
    const auto it = known.heads.find(stream);
    const uint64_t last = it == known.heads.end() ? 0 : it->second.sequence();
    ASSIGN_OR_RETURN(std::vector<v1::Record> records,
                     ReadStream(store, stream, last + 1, 0));
    std::move(records.begin(), records.end(), std::back_inserter(beyond));
  }
  std::sort(beyond.begin(), beyond.end(),
            [](const v1::Record& a, const v1::Record& b) {
              return a.order() < b.order();
            });
  return beyond;
}

}  // namespace fleet
