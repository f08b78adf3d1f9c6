#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "lib/engine/postgres/checks.h"
#include "lib/engine/postgres/ddl.h"
#include "lib/engine/postgres/printed.h"
#include "lib/engine/postgres/type_change.h"

namespace fleet::postgres {
namespace {

// How many of `rows` there are, up to a thousand; no row where there is none.
Sql Counted(const Sql& rows) {
  Sql sql = NewSql();
  sql << "SELECT CASE WHEN count(*) = 1000 THEN 'at least ' ELSE '' END || "
         "count(*) FROM ("
      << rows << " LIMIT 1000) AS found HAVING count(*) > 0";
  return sql;
}

// The query can be asked before the plan, and means then what it means after:
// all that the object is made of is there, of the same type.
bool CanAsk(const Object& object, const Schema& from, const Schema* to) {
  return std::all_of(object.depends_on.begin(), object.depends_on.end(),
                     [&](const Dependency& dependency) {
                       if (dependency.soft) return true;
                       const Object* before = from.Find(dependency.on);
                       if (before == nullptr) return false;
                       if (dependency.on.kind != v1::COLUMN || to == nullptr)
                         return true;
                       const Object* after = to->Find(dependency.on);
                       return after != nullptr &&
                              after->Get("type") == before->Get("type");
                     });
}

// The unique index that a key refers to may be new; the columns of both tables
// may not.
bool CanAskKey(const Object& key, const Schema& from, const Schema& to) {
  Object columns = key;
  auto& all = columns.depends_on;
  all.erase(std::remove_if(all.begin(), all.end(),
                           [](const Dependency& dependency) {
                             return dependency.on.kind != v1::COLUMN &&
                                    dependency.on.kind != v1::TABLE;
                           }),
            all.end());
  return CanAsk(columns, from, &to);
}

void CheckNulls(const Object& column, CheckList& checks,
                v1::Statement& statement) {
  Sql rows = NewSql();
  rows << "SELECT FROM " << Name(column.path().Parent()) << " WHERE "
       << Identifier{column.name()} << " IS NULL";
  checks.Add(Counted(rows),
             absl::StrCat("column ", column.path().Dotted(),
                          " is to be NOT NULL and has rows with NULL; give "
                          "them a value first"),
             statement);
}

void CheckEmpty(const Object& column, CheckList& checks,
                v1::Statement& statement) {
  const Path table = column.path().Parent();
  Sql rows = NewSql();
  rows << "SELECT FROM " << Name(table);
  checks.Add(Counted(rows),
             absl::StrCat("column ", column.path().Dotted(),
                          " is to be NOT NULL, without a default, in a table "
                          "that has rows; give it a default, or add it without "
                          "NOT NULL first"),
             statement);
}

// The longest text that a type takes; 0: any.
int64_t LengthMax(absl::string_view type) {
  const std::string base = BaseType(type);
  if (base != "character varying" && base != "character") return 0;
  const absl::string_view modifier = FirstParenthesized(type);
  return modifier.empty() ? 0 : ParseNumber(modifier);
}

void CheckType(const Object& before, const Object& column, CheckList& checks,
               v1::Statement& statement) {
  const absl::string_view from = before.Get("type");
  const absl::string_view to = column.Get("type");
  if (column.Has("generated") || before.Has("generated") ||
      TypeChangeOf(from, to) != TypeChange::kNarrows) {
    return;
  }
  const std::string message =
      absl::StrCat("column ", column.path().Dotted(), " is to be ", to,
                   " and has values that are not; change them first");
  const Path table = column.path().Parent();
  const Identifier name{column.name()};
  if (const int64_t length = LengthMax(to); length > 0) {
    Sql rows = NewSql();
    rows << "SELECT FROM " << Name(table) << " WHERE length(rtrim(" << name
         << "::text)) > " << Number{length};
    return checks.Add(Counted(rows), message, statement);
  }
  const std::string base = BaseType(to);
  if (absl::StrContains(base, "bit")) return;  // an explicit cast cuts them
  // No row, but an error where a value does not cast.
  Sql cast = NewSql();
  cast << "SELECT count(*) FROM (SELECT " << name;
  if (ConversionOf(from, to) == Conversion::kThroughText) {
    absl::EndsWith(to, "[]") ? cast << "::text[]" : cast << "::text";
  }
  cast << "::" << Verbatim{to} << " AS value FROM " << Name(table)
       << ") AS casted HAVING count(value) < 0";
  checks.Add(cast, message, statement);
}

void CheckColumn(const Object* before, const Object& column, CheckList& checks,
                 v1::Statement& statement) {
  if (before == nullptr) {
    const bool filled = column.Has("default") || column.Has("generated") ||
                        column.Has("identity");
    if (column.Has("not_null") && !filled) {
      CheckEmpty(column, checks, statement);
    }
    return;
  }
  if (column.Has("not_null") && !before->Has("not_null")) {
    CheckNulls(column, checks, statement);
  }
  if (column.Get("type") != before->Get("type")) {
    CheckType(*before, column, checks, statement);
  }
}

// What a row has one value of: names and expressions, without what says how an
// index sorts them. Empty where that cannot be told.
std::vector<absl::string_view> KeyParts(absl::string_view keys) {
  std::vector<absl::string_view> parts = SplitList(keys);
  for (absl::string_view& part : parts) {
    for (absl::string_view suffix :
         {" NULLS FIRST", " NULLS LAST", " DESC", " ASC"}) {
      absl::ConsumeSuffix(&part, suffix);
    }
    const bool whole =
        LeadingNameSize(part) == part.size() || absl::EndsWith(part, ")");
    if (!whole) return {};
  }
  return parts;
}

void CheckDuplicates(const Object& index, CheckList& checks,
                     v1::Statement& statement) {
  const std::vector<absl::string_view> parts =
      KeyParts(index.Get(index.kind() == v1::INDEX ? "keys" : "columns"));
  if (parts.empty()) return;
  Sql rows = NewSql();
  rows << "SELECT FROM " << Name(index.path().Parent()) << " WHERE true";
  if (!index.Has("nulls_not_distinct")) {
    for (absl::string_view part : parts) {
      rows << " AND " << Verbatim{part} << " IS NOT NULL";
    }
  }
  if (index.Has("predicate")) {
    rows << " AND (" << Verbatim{index.Get("predicate")} << ")";
  }
  rows << " GROUP BY ";
  for (absl::string_view part : parts) {
    if (part != parts.front()) rows << ", ";
    rows << Verbatim{part};
  }
  rows << " HAVING count(*) > 1";
  checks.Add(Counted(rows),
             absl::StrCat(Describe(index.key),
                          " is to be unique and rows have the same values; "
                          "make them differ first"),
             statement);
}

// "s.r(x, y)" → "s.r" and x, y.
void CheckOrphans(const Object& key, CheckList& checks,
                  v1::Statement& statement) {
  const absl::string_view references = key.Get("references");
  const absl::string_view inner = FirstParenthesized(references);
  const std::vector<absl::string_view> columns = SplitList(key.Get("columns"));
  const std::vector<absl::string_view> others = SplitList(inner);
  if (key.Has("period") || inner.empty() || columns.size() != others.size()) {
    return;
  }
  const absl::string_view other =
      references.substr(0, references.size() - inner.size() - 2);
  Sql rows = NewSql();
  rows << "SELECT FROM " << Name(key.path().Parent()) << " AS one WHERE true";
  for (absl::string_view column : columns) {
    rows << " AND one." << Verbatim{column} << " IS NOT NULL";
  }
  rows << " AND NOT EXISTS (SELECT FROM " << Verbatim{other}
       << " AS other WHERE true";
  for (size_t i = 0; i < columns.size(); ++i) {
    rows << " AND other." << Verbatim{others[i]} << " = one."
         << Verbatim{columns[i]};
  }
  rows << ")";
  checks.Add(
      Counted(rows),
      absl::StrCat(Describe(key.key), " finds rows that refer to nothing in ",
                   other, "; add what they refer to, or delete them first"),
      statement);
}

void CheckExpression(const Object& check, CheckList& checks,
                     v1::Statement& statement) {
  Sql rows = NewSql();
  rows << "SELECT FROM ";
  if (check.Has("no_inherit")) rows << "ONLY ";
  rows << Name(check.path().Parent()) << " WHERE ("
       << Verbatim{check.Get("expression")} << ") IS FALSE";
  checks.Add(Counted(rows),
             absl::StrCat(Describe(check.key),
                          " finds rows that break it; change them first"),
             statement);
}

}  // namespace

void CheckRows(const Object* before, const Object& object, const Schema& from,
               const Schema& to, CheckList& checks, v1::Statement& statement) {
  const Path table = object.path().Parent();
  const bool has_rows = from.Find(v1::TABLE, table) != nullptr ||
                        from.Find(v1::MATERIALIZED_VIEW, table) != nullptr;
  if (!has_rows) return;
  const bool proves = !object.Has("not_valid") && !object.Has("not_enforced");
  const bool again =
      before == nullptr || !(before->attributes == object.attributes);
  switch (object.kind()) {
    case v1::COLUMN:
      if (CanAsk(object, from, nullptr)) {
        CheckColumn(before, object, checks, statement);
      }
      break;
    case v1::PRIMARY_KEY:
    case v1::UNIQUE_KEY:
      if (again && !object.Has("definition") && CanAsk(object, from, &to)) {
        CheckDuplicates(object, checks, statement);
      }
      break;
    case v1::INDEX:
      if (again && object.Has("unique") && CanAsk(object, from, &to)) {
        CheckDuplicates(object, checks, statement);
      }
      break;
    case v1::FOREIGN_KEY:
      if (again && proves && CanAskKey(object, from, to)) {
        CheckOrphans(object, checks, statement);
      }
      break;
    case v1::CHECK:
      if (again && proves && CanAsk(object, from, &to)) {
        CheckExpression(object, checks, statement);
      }
      break;
    default:
      break;
  }
}

}  // namespace fleet::postgres
