#include "lib/engine/mysql/flavour.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace fleet::mysql {
namespace {

// How a server is known: by a word in its version or version comment. The
// first that fits; the last fits all.
struct Row {
  absl::string_view word;  // lower case
  absl::string_view name;
  bool is_mariadb;
};
constexpr Row kRows[] = {
    {"tidb", "tidb", false},       {"oceanbase", "oceanbase", false},
    {"polardb", "polardb", false}, {"aurora", "aurora", false},
    {"mariadb", "mariadb", true},  {"", "mysql", false},
};

// "10.11.19-MariaDB" → 101119, "8.0.36" → 80036.
int VersionOf(absl::string_view text) {
  int parts[3] = {0, 0, 0};
  int part = 0;
  for (const char c : text) {
    if (c == '.' && part < 2) {
      ++part;
    } else if (absl::ascii_isdigit(static_cast<unsigned char>(c))) {
      parts[part] = parts[part] * 10 + (c - '0');
      if (parts[part] > 999) break;
    } else {
      break;
    }
  }
  return parts[0] * 10'000 + parts[1] * 100 + parts[2];
}

}  // namespace

Flavour FlavourOf(const SchemaInfo& info) {
  constexpr int kNoWidthSince = 80019;
  Flavour flavour;
  flavour.version = info.server_version;
  for (const Row& row : kRows) {
    if (row.name != info.flavour && !row.word.empty()) continue;
    flavour.name = row.name;
    flavour.is_mariadb = row.is_mariadb;
    break;
  }
  flavour.has_or_replace = flavour.is_mariadb;
  flavour.drops_checks_as_constraints = flavour.is_mariadb;
  flavour.has_nocopy = flavour.is_mariadb;
  flavour.is_quick_with_metadata =
      flavour.name == "mysql" && flavour.version >= 90'000;
  flavour.hides_display_width =
      !flavour.is_mariadb && flavour.version >= kNoWidthSince;
  return flavour;
}

SchemaInfo ParseServer(absl::string_view version, absl::string_view comment) {
  const std::string said =
      absl::AsciiStrToLower(absl::StrCat(version, " ", comment));
  SchemaInfo info;
  info.engine = v1::MYSQL;
  for (const Row& row : kRows) {
    if (!absl::StrContains(said, row.word)) continue;
    info.flavour = std::string(row.name);
    break;
  }
  // Old clients were told 5.5.5- in front of MariaDB's own version.
  constexpr absl::string_view kFront = "5.5.5-";
  if (absl::StartsWith(version, kFront)) version.remove_prefix(kFront.size());
  info.server_version = VersionOf(version);
  return info;
}

}  // namespace fleet::mysql
