#include "lib/engine/mysql/column.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "lib/base/printable.h"
#include "lib/base/status.h"
#include "lib/engine/mysql/alter.h"
#include "lib/engine/mysql/kinds.h"
#include "lib/engine/mysql/lint.h"
#include "lib/engine/mysql/lint_rules.h"
#include "lib/engine/mysql/quoting.h"

namespace fleet::mysql {
namespace {

constexpr AttributeSpec kAttributes[] = {
    {"after", Compare::kIgnore, OnChange::kIgnore, 0},
    {"auto_increment", Compare::kExact, OnChange::kAlterDetached, 30},
    {"charset", Compare::kExact, OnChange::kAlterDetached, 50},
    {"check", Compare::kExact, OnChange::kAlter, 30},
    {"collation", Compare::kExact, OnChange::kAlterDetached, 40},
    {"comment", Compare::kExact, OnChange::kAlter, 1},
    {"default", Compare::kExact, OnChange::kAlter, 10},
    {"generated", Compare::kExact, OnChange::kAlter, 40},
    {"invisible", Compare::kExact, OnChange::kAlter, 10},
    {"name", Compare::kExact, OnChange::kAlter, 10},
    {"no_default", Compare::kExact, OnChange::kAlter, 10},
    {"not_null", Compare::kExact, OnChange::kAlter, 40},
    {"on_update", Compare::kExact, OnChange::kAlter, 10},
    {"options", Compare::kExact, OnChange::kAlter, 20},
    {"srid", Compare::kExact, OnChange::kAlter, 40},
    {"stored", Compare::kExact, OnChange::kAlterDetached, 40},
    {"type", Compare::kExact, OnChange::kAlterDetached, 60},
    {"versioning", Compare::kExact, OnChange::kAlter, 20},
};

// Adding to it or taking away from it needs no statement of its own: the
// column that stands before it.
bool IsLast(const Object& column, const Schema& schema) {
  for (const Object& sibling :
       schema.ChildrenOf(column.path().Parent(), v1::COLUMN)) {
    if (sibling.Get("after") == column.name()) return false;
  }
  return true;
}

// Where the new column stands: nothing where that is the end anyway.
void AppendPosition(const Object& column, const Renderer& renderer, Sql& sql) {
  if (IsLast(column, renderer.to())) return;
  const absl::string_view after = column.Get("after");
  if (after.empty()) {
    sql << " FIRST";
    return;
  }
  const Path table = column.path().Parent();
  const Object* before = renderer.to().Find(v1::COLUMN, table.Child(after));
  if (before == nullptr) return;
  sql << " AFTER " << Identifier{WrittenName(*before)};
}

bool IsSimpleDefault(absl::string_view text) {
  return !absl::StrContains(text, "(") ||
         absl::StartsWithIgnoreCase(text, "current_timestamp") ||
         text[0] == '\'';
}

bool IsCompressed(const Path& table, const Renderer& renderer) {
  const Object* object = TableOf(table, renderer);
  return object &&
         absl::EqualsIgnoreCase(object->Get("row_format"), "COMPRESSED");
}

// Functions that give each row, or each server, a value of its own.
bool IsOfTheMoment(absl::string_view expression) {
  for (const absl::string_view function :
       {"uuid",         "uuid_short",          "rand",
        "sysdate",      "connection_id",       "current_user",
        "user",         "session_user",        "system_user",
        "row_count",    "found_rows",          "last_insert_id",
        "version",      "random_bytes",        "sleep",
        "get_lock",     "release_lock",        "is_free_lock",
        "is_used_lock", "load_file",           "current_role",
        "icu_version",  "ps_current_thread_id"}) {
    if (absl::StrContains(expression, absl::StrCat(function, "("))) return true;
  }
  return false;
}

// Whether all rows that are there get one value, which metadata can hold.
bool IsOneValue(absl::string_view expression, const Renderer& renderer) {
  if (IsSimpleDefault(expression)) return true;
  return FlavourOf(renderer.server()).is_mariadb &&
         !absl::StrContains(expression, "`") && !IsOfTheMoment(expression);
}

// Rows that are there would get 0000-00-00, so MySQL looks whether there are.
bool IsZeroDate(const Object& column, const Renderer& renderer) {
  const absl::string_view type = column.Get("type");
  return !FlavourOf(renderer.server()).is_mariadb && column.Has("not_null") &&
         !column.Has("default") &&
         (absl::StartsWith(type, "date") ||
          absl::StartsWith(type, "timestamp"));
}

Cost CostOfAdding(const Object& column, const Renderer& renderer) {
  if (column.Get("stored") == "stored") return kCopy;
  if (column.Has("check") || column.Has("versioning")) return kCopy;
  const Path table = column.path().Parent();
  if (column.Has("auto_increment")) return kInPlaceShared;
  if (!IsOneValue(column.Get("default"), renderer)) return kCopy;
  if (HasFullText(table, renderer.from())) return kInPlaceShared;
  if (IsCompressed(table, renderer) || IsZeroDate(column, renderer)) {
    return kInPlace;
  }
  return kInstantColumn;
}

Batch BatchOf(const Object& column) {
  return column.Get("stored") == "virtual" ? kVirtualBatch : kMainBatch;
}

void LintAdded(const Object& column, v1::Statement& statement) {
  if (column.Has("auto_increment")) AddRule(Rule::kAddAutoIncrement, statement);
  if (column.Get("stored") == "stored") AddRule(Rule::kAddStored, statement);
  if (!IsSimpleDefault(column.Get("default")))
    AddRule(Rule::kAddComputedDefault, statement);
}

// MySQL adds no column whose rows would get values that replicas may not get,
// but takes the default for rows to come.
bool IsDefaultForLater(const Object& column, const Renderer& renderer) {
  return !FlavourOf(renderer.server()).is_mariadb &&
         IsOfTheMoment(column.Get("default"));
}

void SetDefault(const Object& column, Renderer& renderer) {
  Sql clause(kMysqlQuoting);
  clause << "ALTER COLUMN " << Identifier{WrittenName(column)}
         << " SET DEFAULT " << Verbatim{column.Get("default")};
  AddAlter(column.path().Parent(), clause, kInstant, renderer, "",
           kDefaultBatch);
}

void AddColumn(const Object& full, Renderer& renderer) {
  const bool for_later = IsDefaultForLater(full, renderer);
  Object column = full;
  if (for_later) column.Set("default", "");
  const Path table = column.path().Parent();
  Sql clause(kMysqlQuoting);
  clause << "ADD COLUMN " << ColumnSql(column, renderer);
  AppendPosition(column, renderer, clause);
  v1::Statement& statement =
      AddAlter(table, clause, CostOfAdding(column, renderer), renderer, "",
               BatchOf(column));
  LintAdded(column, statement);
  if (column.Has("auto_increment") && column.Has("not_null")) {
    AddHazard(statement, v1::CORRECTNESS,
              absl::StrCat("rows of ", table.Dotted(),
                           " get numbers in an order that replicas may not "
                           "share"));
  }
  if (for_later) SetDefault(full, renderer);
  DropDefault(column, renderer);
}

bool IsIndexed(const Object& column, const Schema& schema) {
  for (const v1::ObjectKind kind :
       {v1::INDEX, v1::UNIQUE_KEY, v1::PRIMARY_KEY}) {
    for (const Object& key : schema.ChildrenOf(column.path().Parent(), kind)) {
      for (const Dependency& dependency : key.depends_on) {
        if (dependency.on == column.key) return true;
      }
    }
  }
  return false;
}

// Part of the key in whose order the rows are kept.
bool OrdersRows(const Object& column, const Schema& schema) {
  for (const v1::ObjectKind kind : {v1::UNIQUE_KEY, v1::PRIMARY_KEY}) {
    for (const Object& key : schema.ChildrenOf(column.path().Parent(), kind)) {
      const bool holds =
          std::any_of(key.depends_on.begin(), key.depends_on.end(),
                      [&](const Dependency& d) { return d.on == column.key; });
      if (holds && KeepsRowsInOrder(key, schema)) return true;
    }
  }
  return false;
}

void DropColumn(const Object& column, Renderer& renderer) {
  const Path table = column.path().Parent();
  Cost cost = IsIndexed(column, renderer.from()) ? kInPlace : kInstantColumn;
  if (HasFullText(table, renderer.from())) cost = kInPlaceShared;
  if (cost < kInPlace && IsCompressed(table, renderer)) cost = kInPlace;
  Sql clause(kMysqlQuoting);
  clause << "DROP COLUMN " << Identifier{WrittenName(column)};
  v1::Statement& statement =
      AddAlter(table, clause, cost, renderer, "", BatchOf(column));
  AddRule(Rule::kDropColumn, statement);
  AddHazard(
      statement, v1::BREAKS_CLIENTS,
      absl::StrCat("queries of column ", column.path().Dotted(), " fail"));
}

void AlterColumn(const Difference& difference, Renderer& renderer) {
  const Object& from = *difference.from;
  const Object& to = *difference.to;
  const Path table = to.path().Parent();
  Sql clause(kMysqlQuoting);
  const bool flips =
      from.Has("generated") != to.Has("generated") ||
      (to.Has("generated") && from.Get("stored") != to.Get("stored"));
  if (flips && (to.Has("generated") || from.Get("stored") != "stored")) {
    // Neither flavour turns one sort into the other in place.
    ReplaceColumn(from, to, renderer);
    return;
  }
  if (WrittenName(from) != WrittenName(to)) {
    clause << "CHANGE COLUMN " << Identifier{WrittenName(from)} << " ";
  } else {
    clause << "MODIFY COLUMN ";
  }
  clause << ColumnSql(to, renderer);
  Cost cost =
      CostOfChange(from, to, difference.changed, FlavourOf(renderer.server()),
                   IsIndexed(from, renderer.from()));
  if (from.Has("not_null") && !to.Has("not_null") &&
      OrdersRows(from, renderer.from())) {
    cost = kCopy;  // the rows are kept in another order from now on
  }
  v1::Statement& statement = AddAlter(table, clause, cost, renderer);
  NoteChange(from, to, renderer, statement);
  DropDefault(to, renderer);
}

std::string Summary(const Object& column) {
  std::string text(column.Get("type"));
  if (column.Has("not_null")) text += " NOT NULL";
  return text;
}

}  // namespace

void DropDefault(const Object& column, Renderer& renderer) {
  if (!column.Has("no_default")) return;
  Sql clause(kMysqlQuoting);
  clause << "ALTER COLUMN " << Identifier{WrittenName(column)}
         << " DROP DEFAULT";
  AddAlter(column.path().Parent(), clause, kInstant, renderer, "",
           kDefaultBatch);
}

KindHandler ColumnHandler() {
  KindHandler handler;
  handler.spec.kind = v1::COLUMN;
  handler.spec.attributes = kAttributes;
  handler.spec.absorbed_by_parent_create = true;
  handler.spec.dropped_with_parent = true;
  handler.spec.recreatable = false;
  handler.spec.create_batch = kMainBatch;
  handler.spec.change_batch = kMainBatch;
  handler.spec.summary = Summary;
  handler.spec.create_risk = 5;
  handler.spec.drop_risk = 75;
  handler.create = AddColumn;
  handler.drop = DropColumn;
  handler.alter = AlterColumn;
  return handler;
}

}  // namespace fleet::mysql
