#include "lib/engine/postgres/type_names.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "lib/engine/postgres/quoting.h"

namespace fleet::postgres {
namespace {

constexpr Oid kBpchar = 1042;
constexpr Oid kBit = 1560;

std::string LengthModifier(int64_t modifier) {
  constexpr int64_t kHeaderSize = 4;  // is added to it
  return modifier <= kHeaderSize
             ? ""
             : absl::StrCat("(", modifier - kHeaderSize, ")");
}

std::string BitModifier(int64_t modifier) {
  return absl::StrCat("(", modifier, ")");
}

std::string NumericModifier(int64_t modifier) {
  const int64_t bits = modifier - 4;
  const int64_t precision = (bits >> 16) & 0xffff;
  const int64_t scale = ((bits & 0x7ff) ^ 1024) - 1024;  // signed since 15
  return absl::StrCat("(", precision, ",", scale, ")");
}

std::string SecondsModifier(int64_t modifier) {
  return modifier < 0 ? "" : absl::StrCat("(", modifier, ")");
}

struct IntervalFields {
  int64_t mask;
  absl::string_view text;
};
constexpr int64_t kMonth = 1 << 1;
constexpr int64_t kYear = 1 << 2;
constexpr int64_t kDay = 1 << 3;
constexpr int64_t kHour = 1 << 10;
constexpr int64_t kMinute = 1 << 11;
constexpr int64_t kSecond = 1 << 12;
constexpr IntervalFields kIntervalFields[] = {
    {kYear, " year"},
    {kMonth, " month"},
    {kDay, " day"},
    {kHour, " hour"},
    {kMinute, " minute"},
    {kSecond, " second"},
    {kYear | kMonth, " year to month"},
    {kDay | kHour, " day to hour"},
    {kDay | kHour | kMinute, " day to minute"},
    {kDay | kHour | kMinute | kSecond, " day to second"},
    {kHour | kMinute, " hour to minute"},
    {kHour | kMinute | kSecond, " hour to second"},
    {kMinute | kSecond, " minute to second"},
};

std::string IntervalModifier(int64_t modifier) {
  if (modifier < 0) return "";
  const int64_t fields = (modifier >> 16) & 0x7fff;
  const int64_t precision = modifier & 0xffff;
  std::string printed;
  for (const IntervalFields& row : kIntervalFields) {
    if (row.mask == fields) printed = std::string(row.text);
  }
  if (precision != 0xffff) absl::StrAppend(&printed, "(", precision, ")");
  return printed;
}

// The types that the SQL standard names otherwise than pg_type does.
struct StandardName {
  Oid oid;
  absl::string_view name;
  std::string (*modifier)(int64_t);
  absl::string_view suffix;
};
constexpr StandardName kStandardNames[] = {
    {16, "boolean", nullptr, ""},
    {20, "bigint", nullptr, ""},
    {21, "smallint", nullptr, ""},
    {23, "integer", nullptr, ""},
    {114, "json", nullptr, ""},  // a keyword since 16
    {700, "real", nullptr, ""},
    {701, "double precision", nullptr, ""},
    {kBpchar, "character", LengthModifier, ""},
    {1043, "character varying", LengthModifier, ""},
    {1083, "time", SecondsModifier, " without time zone"},
    {1114, "timestamp", SecondsModifier, " without time zone"},
    {1184, "timestamp", SecondsModifier, " with time zone"},
    {1186, "interval", IntervalModifier, ""},
    {1266, "time", SecondsModifier, " with time zone"},
    {kBit, "bit", BitModifier, ""},
    {1562, "bit varying", BitModifier, ""},
    {1700, "numeric", NumericModifier, ""},
};

const StandardName* FindStandardName(Oid oid) {
  for (const StandardName& row : kStandardNames) {
    if (row.oid == oid) return &row;
  }
  return nullptr;
}

}  // namespace

void TypeNames::Add(TypeRow row, absl::string_view schema) {
  const Oid oid = row.oid;
  std::string printed = schema.empty()
                            ? QuoteName(row.name)
                            : absl::StrCat(schema, ".", QuoteName(row.name));
  types_.insert_or_assign(oid, Entry{std::move(row), std::move(printed)});
}

const TypeRow* TypeNames::Find(Oid oid) const {
  const auto found = types_.find(oid);
  return found == types_.end() ? nullptr : &found->second.row;
}

Oid TypeNames::ElementOf(Oid oid) const {
  const TypeRow* row = Find(oid);
  return row != nullptr && row->element != 0 ? row->element : oid;
}

std::string TypeNames::Format(Oid oid, int64_t modifier) const {
  const auto found = types_.find(oid);
  if (found == types_.end()) return absl::StrCat("type ", oid);
  const Entry& entry = found->second;
  if (entry.row.element != 0) {
    return absl::StrCat(Format(entry.row.element, modifier), "[]");
  }
  const StandardName* standard = FindStandardName(oid);
  // "character" and "bit" would mean one character or bit.
  const bool unlimited = modifier < 0 && (oid == kBpchar || oid == kBit);
  if (standard == nullptr || unlimited) return entry.printed;
  const std::string printed = standard->modifier == nullptr ||
                                      (modifier < 0 && standard->suffix.empty())
                                  ? ""
                                  : standard->modifier(modifier);
  return absl::StrCat(standard->name, printed, standard->suffix);
}

bool TypeNames::KnowsModifiersOf(Oid oid) const {
  const Oid element = ElementOf(oid);
  const StandardName* standard = FindStandardName(element);
  return standard != nullptr && standard->modifier != nullptr;
}

}  // namespace fleet::postgres
