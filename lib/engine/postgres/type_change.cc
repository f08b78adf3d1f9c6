#include "lib/engine/postgres/type_change.h"

#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lib/engine/postgres/printed.h"

namespace fleet::postgres {
namespace {

// Types of one family are cast into each other by assignment.
enum class Family { kOther, kNumber, kText, kMoment, kJson, kBits, kNetwork };

struct FamilyRow {
  absl::string_view type;
  Family family;
  int width;  // among numbers: every value of a lower one fits a higher
};
constexpr FamilyRow kFamilies[] = {
    {"smallint", Family::kNumber, 1},
    {"integer", Family::kNumber, 2},
    {"bigint", Family::kNumber, 3},
    {"numeric", Family::kNumber, 4},
    {"real", Family::kNumber, 0},
    {"double precision", Family::kNumber, 0},
    {"text", Family::kText, 0},
    {"character varying", Family::kText, 0},
    {"character", Family::kText, 0},
    {"bpchar", Family::kText, 0},
    {"name", Family::kText, 0},
    {"date", Family::kMoment, 1},
    {"timestamp without time zone", Family::kMoment, 2},
    {"timestamp with time zone", Family::kMoment, 2},
    {"json", Family::kJson, 0},
    {"jsonb", Family::kJson, 0},
    {"\"bit\"", Family::kBits, 0},
    {"bit", Family::kBits, 0},
    {"bit varying", Family::kBits, 0},
    {"inet", Family::kNetwork, 0},
    {"cidr", Family::kNetwork, 0},
};

const FamilyRow* FindFamily(absl::string_view base) {
  for (const FamilyRow& row : kFamilies) {
    if (row.type == base) return &row;
  }
  return nullptr;
}

Family FamilyOf(absl::string_view base) {
  const FamilyRow* row = FindFamily(base);
  return row == nullptr ? Family::kOther : row->family;
}

std::vector<int64_t> Modifiers(absl::string_view type) {
  return ParseNumbers(absl::StrCat("{", FirstParenthesized(type), "}"));
}

bool IsText(absl::string_view base) {
  return base == "text" || base == "character varying";
}

// No limit, or a higher one.
bool LimitWidens(const std::vector<int64_t>& from,
                 const std::vector<int64_t>& to) {
  if (to.empty()) return true;
  return !from.empty() && from[0] <= to[0];
}

bool NumericWidens(const std::vector<int64_t>& from,
                   const std::vector<int64_t>& to) {
  if (to.empty()) return true;
  return from.size() == 2 && to.size() == 2 && from[1] == to[1] &&
         from[0] <= to[0];
}

}  // namespace

std::string BaseType(absl::string_view type) {
  const absl::string_view modifier = FirstParenthesized(type);
  if (modifier.empty()) return std::string(type);
  const auto open = static_cast<size_t>(modifier.data() - type.data()) - 1;
  return absl::StrCat(type.substr(0, open),
                      type.substr(open + modifier.size() + 2));
}

TypeChange TypeChangeOf(absl::string_view from, absl::string_view to) {
  const std::string a = BaseType(from);
  const std::string b = BaseType(to);
  const std::vector<int64_t> from_limits = Modifiers(from);
  const std::vector<int64_t> to_limits = Modifiers(to);
  if (IsText(a) && IsText(b)) {
    return LimitWidens(from_limits, to_limits) ? TypeChange::kWidens
                                               : TypeChange::kNarrows;
  }
  if (a == b && a == "numeric") {
    return NumericWidens(from_limits, to_limits) ? TypeChange::kWidens
                                                 : TypeChange::kNarrows;
  }
  const bool moment = FamilyOf(a) == Family::kMoment;
  if (a == b && (moment || a == "bit varying" || a == "interval")) {
    return LimitWidens(from_limits, to_limits) ? TypeChange::kWidens
                                               : TypeChange::kNarrows;
  }
  if (a == "cidr" && b == "inet") return TypeChange::kWidens;
  // Sessions are pinned to UTC, where the two are stored alike.
  const bool zone = a != b && absl::StartsWith(a, "timestamp") &&
                    absl::StartsWith(b, "timestamp");
  if (zone && LimitWidens(from_limits, to_limits)) return TypeChange::kWidens;
  const FamilyRow* low = FindFamily(a);
  const FamilyRow* high = FindFamily(b);
  const bool wider = low != nullptr && high != nullptr &&
                     low->family == high->family && low->width > 0 &&
                     low->width <= high->width && to_limits.empty();
  const bool to_text = IsText(b) && to_limits.empty();
  return wider || to_text ? TypeChange::kRewrites : TypeChange::kNarrows;
}

Conversion ConversionOf(absl::string_view from, absl::string_view to) {
  std::string a = BaseType(from);
  std::string b = BaseType(to);
  const bool arrays = absl::EndsWith(a, "[]") && absl::EndsWith(b, "[]");
  if (arrays) {
    a.resize(a.size() - 2);
    b.resize(b.size() - 2);
  }
  if (a == b) return Conversion::kAssignment;
  const Family from_family = FamilyOf(a);
  const Family to_family = FamilyOf(b);
  // Everything can be assigned to a text.
  if (to_family == Family::kText) return Conversion::kAssignment;
  if (from_family == to_family && from_family != Family::kOther) {
    return Conversion::kAssignment;
  }
  const bool truth =
      (a == "boolean" && b == "integer") || (a == "integer" && b == "boolean");
  if (from_family == Family::kText || truth) return Conversion::kCast;
  return Conversion::kThroughText;
}

}  // namespace fleet::postgres
