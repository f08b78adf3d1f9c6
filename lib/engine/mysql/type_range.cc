#include "lib/engine/mysql/type_range.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/types/span.h"

namespace fleet::mysql {
namespace {

// "decimal(10,2) unsigned" in its parts.
struct Type {
  std::string name;
  int64_t first = -1;  // numbers in parentheses; -1: none
  int64_t second = 0;
  bool is_unsigned = false;
};

Type ParseType(absl::string_view text) {
  Type type;
  const size_t end = text.find_first_of("( ");
  type.name = absl::AsciiStrToLower(text.substr(0, end));
  type.is_unsigned = absl::StrContains(text, " unsigned");
  const size_t open = text.find('(');
  const size_t close = text.find(')');
  if (open == absl::string_view::npos || close == absl::string_view::npos) {
    return type;
  }
  const std::pair<absl::string_view, absl::string_view> numbers =
      absl::StrSplit(text.substr(open + 1, close - open - 1),
                     absl::MaxSplits(',', 1));
  if (!absl::SimpleAtoi(numbers.first, &type.first)) type.first = -1;
  if (!absl::SimpleAtoi(numbers.second, &type.second)) type.second = 0;
  return type;
}

// Place of the name in the list; -1: not there.
int RankIn(absl::Span<const absl::string_view> names, absl::string_view name) {
  const auto found = std::find(names.begin(), names.end(), name);
  return found == names.end() ? -1 : static_cast<int>(found - names.begin());
}

bool HoldsInteger(const Type& from, const Type& to) {
  static constexpr absl::string_view kIntegers[] = {
      "tinyint", "smallint", "mediumint", "int", "bigint"};
  const int before = RankIn(kIntegers, from.name);
  const int after = RankIn(kIntegers, to.name);
  if (before < 0 || after < 0) return false;
  if (from.is_unsigned == to.is_unsigned) return after >= before;
  return from.is_unsigned && after > before;
}

bool HoldsDecimal(const Type& from, const Type& to) {
  if (from.name != "decimal" || to.name != "decimal" || from.first < 0 ||
      to.first < 0 || (to.is_unsigned && !from.is_unsigned)) {
    return false;
  }
  return to.second >= from.second &&
         to.first - to.second >= from.first - from.second;
}

// Bytes that fit into a type of strings; nothing for other types.
std::optional<int64_t> CapacityOf(const Type& type, int bytes_per_unit) {
  struct Row {
    absl::string_view prefix;
    int64_t bytes;
  };
  static constexpr Row kRows[] = {
      {"tiny", 255},
      {"", 65'535},
      {"medium", (int64_t{1} << 24) - 1},
      {"long", (int64_t{1} << 32) - 1},
  };
  const bool has_length = type.name == "varchar" || type.name == "varbinary";
  if (has_length && type.first >= 0) return type.first * bytes_per_unit;
  for (const Row& row : kRows) {
    for (const absl::string_view kind : {"text", "blob"}) {
      if (absl::StartsWith(type.name, row.prefix) &&
          type.name.size() == row.prefix.size() + kind.size() &&
          absl::EndsWith(type.name, kind)) {
        return row.bytes;
      }
    }
  }
  return {};
}

bool IsBinary(const Type& type) {
  return type.name == "varbinary" || absl::EndsWith(type.name, "blob");
}

bool HoldsString(const Type& from, const Type& to, int bytes_per_character) {
  if (IsBinary(from) != IsBinary(to)) return false;
  const int unit = IsBinary(from) ? 1 : bytes_per_character;
  const std::optional<int64_t> before = CapacityOf(from, unit);
  // A text's limit is in bytes, a varchar's in characters.
  const bool counts_characters = to.name == "varchar" && from.name != "varchar";
  const std::optional<int64_t> after =
      CapacityOf(to, counts_characters ? 1 : unit);
  return before.has_value() && after.has_value() && *after >= *before;
}

bool HoldsTime(const Type& from, const Type& to) {
  if (from.name == "date") return to.name == "datetime";
  const bool has_fraction = from.name == "datetime" ||
                            from.name == "timestamp" || from.name == "time";
  return has_fraction && from.name == to.name &&
         std::max<int64_t>(to.first, 0) >= std::max<int64_t>(from.first, 0);
}

}  // namespace

bool HoldsEveryValue(absl::string_view from, absl::string_view to,
                     int bytes_per_character) {
  const Type before = ParseType(from);
  const Type after = ParseType(to);
  if (before.name == "float" && after.name == "double") {
    return before.first < 0 && after.first < 0 &&
           (before.is_unsigned || !after.is_unsigned);
  }
  return HoldsInteger(before, after) || HoldsDecimal(before, after) ||
         HoldsString(before, after, bytes_per_character) ||
         HoldsTime(before, after);
}

bool HoldsEveryCharacter(absl::string_view from, absl::string_view to) {
  if (from == to) return true;
  static constexpr absl::string_view kAll[] = {"utf8mb4", "utf16", "utf32",
                                               "utf16le"};
  return RankIn(kAll, to) >= 0 && from != "binary" && !from.empty();
}

}  // namespace fleet::mysql
