#include "tests/testing/case_file.h"

#include <algorithm>
#include <filesystem>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace fleet::testing {
namespace {

constexpr absl::string_view kReverse = "# reverse: ";
constexpr absl::string_view kRequires = "# requires: ";
constexpr absl::string_view kFlavour = "# flavour: ";
constexpr absl::string_view kRename = "# rename: ";
constexpr absl::string_view kDefiner = "# definer: ";

absl::Status BadLine(int line, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("line ", line, ": ", what));
}

// The field that a heading speaks of; nullptr when it is not a heading.
std::string* SectionOf(absl::string_view line, CaseFile& file) {
  if (line == "-- from --") return &file.from;
  if (line == "-- to --") return &file.to;
  if (line == "-- plan --") return &file.plan;
  if (line == "-- hazards --") return &file.hazards;
  if (line == "-- refused --") return &file.refused;
  return nullptr;
}

absl::Status ReadComment(absl::string_view line, int number, CaseFile& file) {
  absl::StrAppend(&file.comments, line, "\n");
  if (line == "# offline") file.offline = true;
  if (line == "# column-order") file.scope.set_column_order(true);
  if (absl::StartsWith(line, kDefiner)) {
    file.scope.add_definers(std::string(line.substr(kDefiner.size())));
  }
  if (absl::StartsWith(line, kRename)) {
    file.renames.emplace_back(line.substr(kRename.size()));
  }
  if (absl::StartsWith(line, kFlavour)) {
    file.flavour = std::string(line.substr(kFlavour.size()));
  }
  if (absl::StartsWith(line, kRequires) &&
      !absl::SimpleAtoi(line.substr(kRequires.size()), &file.requires_major)) {
    return BadLine(number, "have \"# requires: 18\", a major version");
  }
  if (!absl::StartsWith(line, kReverse)) return absl::OkStatus();
  const absl::string_view law = line.substr(kReverse.size());
  if (law == "lossy") {
    file.reverse = ReverseLaw::kLossy;
  } else if (law == "none") {
    file.reverse = ReverseLaw::kNone;
  } else {
    return BadLine(number, "have \"# reverse: lossy\" or \"none\"");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<CaseFile> ParseCase(absl::string_view text) {
  CaseFile file;
  std::string* section = nullptr;
  int number = 0;
  absl::ConsumeSuffix(&text, "\n");
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    if (std::string* next = SectionOf(line, file)) {
      section = next;
      if (section == &file.refused) file.is_refused = true;
    } else if (section != nullptr) {
      absl::StrAppend(section, line, "\n");
    } else if (absl::StartsWith(line, "#")) {
      absl::Status status = ReadComment(line, number, file);
      if (!status.ok()) return status;
    } else if (!line.empty()) {
      return BadLine(number, "text before the first section needs a #");
    }
  }
  if (section == nullptr) return BadLine(number, "no \"-- from --\" section");
  if (file.is_refused && !file.plan.empty()) {
    return BadLine(number, "a case is refused or has a plan, not both");
  }
  return file;
}

std::string FormatCase(const CaseFile& file) {
  std::string text = absl::StrCat(file.comments, "-- from --\n", file.from,
                                  "-- to --\n", file.to);
  if (file.is_refused) {
    absl::StrAppend(&text, "-- refused --\n", file.refused);
    return text;
  }
  absl::StrAppend(&text, "-- plan --\n", file.plan);
  if (!file.hazards.empty()) {
    absl::StrAppend(&text, "-- hazards --\n", file.hazards);
  }
  return text;
}

std::vector<std::string> ListCases(const std::string& folder) {
  std::vector<std::string> paths;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".case") continue;
    paths.push_back(
        std::filesystem::relative(entry.path(), folder).generic_string());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace fleet::testing
