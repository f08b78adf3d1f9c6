#include "coordinator/identity.h"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <random>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace fleet {

absl::StatusOr<std::string> ReadOrMakeIdentity(const std::string& state_dir) {
  const std::string path = absl::StrCat(state_dir, "/coordinator");
  std::string id;
  if (std::ifstream in(path); in >> id) return id;
  std::random_device random;
  const uint64_t number = (uint64_t{random()} << 32) | random();
  id = absl::StrFormat("c-%016x", number);
  const std::string fresh = absl::StrCat(path, ".new");
  std::ofstream out(fresh);
  out << id << "\n";
  out.close();
  std::error_code error;
  if (out) std::filesystem::rename(fresh, path, error);
  if (!out || error) {
    return absl::FailedPreconditionError(absl::StrCat(
        "cannot write ", path, "; is the disk full, or not ours to write?"));
  }
  return id;
}

}  // namespace fleet
