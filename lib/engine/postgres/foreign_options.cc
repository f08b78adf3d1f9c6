#include "lib/engine/postgres/foreign_options.h"

#include <algorithm>
#include <map>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "lib/engine/postgres/printed.h"

namespace fleet::postgres {
namespace {

// Name → whole option.
std::map<std::string, std::string> ByName(absl::string_view options) {
  std::map<std::string, std::string> by_name;
  for (absl::string_view option : SplitList(options)) {
    by_name.emplace(std::string(option.substr(0, LeadingNameSize(option))),
                    std::string(option));
  }
  return by_name;
}

}  // namespace

std::string ForeignOptions(absl::string_view array) {
  std::vector<std::string> options;
  for (const std::string& option : ParseArray(array)) {
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(option, absl::MaxSplits('=', 1));
    options.push_back(
        absl::StrCat(QuoteName(parts.first), " ", QuoteLiteral(parts.second)));
  }
  std::sort(options.begin(), options.end());
  return JoinList(options);
}

Sql OptionsClause(const Object& object) {
  Sql sql = NewSql();
  if (object.Has("options")) {
    sql << " OPTIONS (" << Verbatim{object.Get("options")} << ")";
  }
  return sql;
}

Sql OptionChangesClause(absl::string_view from, absl::string_view to) {
  const std::map<std::string, std::string> before = ByName(from);
  const std::map<std::string, std::string> after = ByName(to);
  std::vector<std::string> changes;
  for (const auto& [name, option] : before) {
    if (!after.contains(name)) changes.push_back(absl::StrCat("DROP ", name));
  }
  for (const auto& [name, option] : after) {
    const auto found = before.find(name);
    if (found == before.end()) {
      changes.push_back(absl::StrCat("ADD ", option));
    } else if (found->second != option) {
      changes.push_back(absl::StrCat("SET ", option));
    }
  }
  Sql sql = NewSql();
  if (!changes.empty()) {
    sql << " OPTIONS (" << Verbatim{JoinList(changes)} << ")";
  }
  return sql;
}

}  // namespace fleet::postgres
