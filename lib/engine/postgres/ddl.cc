#include "lib/engine/postgres/ddl.h"

#include <algorithm>
#include <map>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "lib/engine/postgres/printed.h"

namespace fleet::postgres {
namespace {

// "a='1', b='2'" → {a: "a='1'", b: …}
std::map<std::string, std::string> OptionsByName(absl::string_view options) {
  std::map<std::string, std::string> by_name;
  for (absl::string_view option : SplitList(options)) {
    const size_t equals = option.find('=');
    by_name.emplace(std::string(option.substr(0, equals)), std::string(option));
  }
  return by_name;
}

// "{a=1}" → "a='1'"
void AppendOptions(absl::string_view array, absl::string_view prefix,
                   std::vector<std::string>& options) {
  for (const std::string& option : ParseArray(array)) {
    // Patched servers count the versions of a column there.
    if (absl::StartsWith(option, "pg_attver=")) continue;
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(option, absl::MaxSplits('=', 1));
    options.push_back(absl::StrCat(prefix, QuoteName(parts.first), "=",
                                   QuoteLiteral(parts.second)));
  }
}

// Only relations and their columns are locked against other changes.
bool IsOfRelation(const Object& object) {
  switch (object.kind()) {
    case v1::TABLE:
    case v1::COLUMN:
    case v1::INDEX:
    case v1::SEQUENCE:
    case v1::VIEW:
    case v1::MATERIALIZED_VIEW:
    case v1::FOREIGN_TABLE:
      return true;
    default:
      return false;
  }
}

void WriteCommentText(absl::string_view text, const Sql& what,
                      absl::string_view lock, Renderer& renderer) {
  Sql sql = NewSql();
  sql << "COMMENT ON " << what << " IS ";
  if (text.empty()) {
    sql << "NULL";
  } else {
    sql << Literal{text};
  }
  renderer.Add(sql, lock);
}

// The index that a constraint brings with it has its name.
Sql ConstraintIndexName(const Object& constraint) {
  Sql sql = NewSql();
  sql << "INDEX " << Identifier{constraint.path().first()} << "."
      << Identifier{constraint.name()};
  return sql;
}

}  // namespace

Sql AlterTable(const Path& table) {
  Sql sql = NewSql();
  sql << "ALTER TABLE " << Name(table) << " ";
  return sql;
}

Sql AlterColumn(const Path& column) {
  Sql sql = AlterTable(column.Parent());
  sql << "ALTER COLUMN " << Identifier{column.last()} << " ";
  return sql;
}

Sql AddConstraint(const Path& constraint) {
  Sql sql = AlterTable(constraint.Parent());
  sql << "ADD CONSTRAINT " << Identifier{constraint.last()} << " ";
  return sql;
}

void DropConstraint(const Object& constraint, Renderer& renderer) {
  Sql sql = AlterTable(constraint.path().Parent());
  sql << "DROP CONSTRAINT " << Identifier{constraint.name()};
  renderer.Add(sql, kAccessExclusive);
}

void WriteComment(const Object& object, const Sql& what, Renderer& renderer) {
  WriteCommentText(object.Get("comment"), what,
                   IsOfRelation(object) ? kShareUpdateExclusive : kNoLock,
                   renderer);
}

void WriteNewComment(const Object& object, const Sql& what,
                     Renderer& renderer) {
  if (object.Has("comment")) WriteComment(object, what, renderer);
}

Sql ConstraintName(const Object& constraint) {
  Sql sql = NewSql();
  sql << "CONSTRAINT " << Identifier{constraint.name()} << " ON "
      << Name(constraint.path(), constraint.path().size() - 1);
  return sql;
}

void WriteNewConstraintComments(const Object& constraint, Renderer& renderer) {
  WriteNewComment(constraint, ConstraintName(constraint), renderer);
  if (constraint.Has("index_comment")) {
    WriteCommentText(constraint.Get("index_comment"),
                     ConstraintIndexName(constraint), kShareUpdateExclusive,
                     renderer);
  }
}

void AlterConstraintComments(const Difference& difference, Renderer& renderer) {
  const Object& to = *difference.to;
  if (Changed(difference, "comment")) {
    WriteComment(to, ConstraintName(to), renderer);
  }
  if (Changed(difference, "index_comment")) {
    WriteCommentText(to.Get("index_comment"), ConstraintIndexName(to),
                     kShareUpdateExclusive, renderer);
  }
}

absl::string_view FiringWords(absl::string_view letter) {
  if (letter == "D") return "DISABLE";
  if (letter == "R") return "ENABLE REPLICA";
  if (letter == "A") return "ENABLE ALWAYS";
  return "";
}

void WarnOfSecrets(v1::Statement& statement, const Object& object) {
  if (!object.Has("secret_options")) return;
  AddHazard(statement, v1::CORRECTNESS,
            absl::StrCat("options that carry secrets are not copied (",
                         object.Get("secret_options"),
                         "); set them by hand on ", object.path().Dotted()));
}

bool Changed(const Difference& difference, absl::string_view attribute) {
  return std::binary_search(difference.changed.begin(),
                            difference.changed.end(), attribute);
}

bool OnlyCommentChanged(const Difference& difference) {
  return difference.changed.size() == 1 && Changed(difference, "comment");
}

bool HasRows(const Renderer& renderer, const Path& table) {
  return renderer.from().Find(v1::TABLE, table) != nullptr ||
         renderer.from().Find(v1::MATERIALIZED_VIEW, table) != nullptr;
}

bool GoesAway(const Object& object, const Renderer& renderer) {
  return renderer.to().Find(object.key) == nullptr;
}

void Warn(v1::Statement& statement, v1::HazardType type, absl::string_view text,
          const Path& path) {
  AddHazard(statement, type, absl::StrCat(text, " ", path.Dotted()));
}

void WriteOptions(const Sql& alter, absl::string_view from,
                  absl::string_view to, Renderer& renderer) {
  const auto before = OptionsByName(from);
  const auto after = OptionsByName(to);
  std::vector<std::string> set;
  std::vector<std::string> reset;
  for (const auto& [name, option] : after) {
    const auto found = before.find(name);
    if (found == before.end() || found->second != option) set.push_back(option);
  }
  for (const auto& [name, option] : before) {
    if (!after.contains(name)) reset.push_back(name);
  }
  if (!set.empty()) {
    Sql sql = alter;
    sql << "SET (" << Verbatim{JoinList(set)} << ")";
    renderer.Add(sql, kShareUpdateExclusive);
  }
  if (!reset.empty()) {
    Sql sql = alter;
    sql << "RESET (" << Verbatim{JoinList(reset)} << ")";
    renderer.Add(sql, kShareUpdateExclusive);
  }
}

void SetOptions(absl::string_view own, absl::string_view toast,
                Object& object) {
  std::vector<std::string> options;
  AppendOptions(own, "", options);
  AppendOptions(toast, "toast.", options);
  const std::string in_order = JoinList(options);
  std::sort(options.begin(), options.end());
  const std::string sorted = JoinList(options);
  object.Set("options", sorted);
  if (in_order != sorted) object.Set("options_order", in_order);
}

absl::string_view OptionsInOrder(const Object& object) {
  return object.Has("options_order") ? object.Get("options_order")
                                     : object.Get("options");
}

}  // namespace fleet::postgres
