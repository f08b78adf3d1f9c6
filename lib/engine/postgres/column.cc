#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lib/engine/postgres/column_identity.h"
#include "lib/engine/postgres/column_lint.h"
#include "lib/engine/postgres/column_not_null.h"
#include "lib/engine/postgres/column_rows.h"
#include "lib/engine/postgres/ddl.h"
#include "lib/engine/postgres/followers.h"
#include "lib/engine/postgres/foreign_options.h"
#include "lib/engine/postgres/kinds.h"
#include "lib/engine/postgres/lineage.h"
#include "lib/engine/postgres/lint_rules.h"
#include "lib/engine/postgres/table_parts.h"
#include "lib/engine/postgres/type_change.h"

namespace fleet::postgres {
namespace {

constexpr AttributeSpec kAttributes[] = {
    {"collation", Compare::kExact, OnChange::kAlterDetached, 50},
    {"comment", Compare::kExact, OnChange::kAlter, 0},
    {"compression", Compare::kExact, OnChange::kAlter, 5},
    {"default", Compare::kExact, OnChange::kAlter, 15},
    {"generated", Compare::kExact, OnChange::kAlterDetached, 60},
    {"identity", Compare::kExact, OnChange::kAlter, 25},
    {"identity_options", Compare::kExact, OnChange::kAlter, 20},
    {"identity_sequence", Compare::kExact, OnChange::kAlter, 10},
    {"inherited", Compare::kExact, OnChange::kAlter, 20},
    {"not_null", Compare::kExact, OnChange::kAlter, 30},
    {"options", Compare::kExact, OnChange::kAlter, 0},
    {"options_order", Compare::kIgnore, OnChange::kIgnore, 0},
    {"position", Compare::kIgnore, OnChange::kIgnore, 0},
    {"server_options", Compare::kExact, OnChange::kAlter, 20},
    {"statistics", Compare::kExact, OnChange::kAlter, 0},
    {"storage", Compare::kExact, OnChange::kAlter, 5},
    {"type", Compare::kExact, OnChange::kAlterDetached, 60},
    {"virtual", Compare::kExact, OnChange::kAlterDetached, 60},
};

std::string Summary(const Object& column) {
  return absl::StrCat(column.Get("type"),
                      column.Has("not_null") ? " NOT NULL" : "");
}

OnChange OnColumnChanged(const Object& from, const Object& to,
                         absl::Span<const absl::string_view> changed,
                         OnChange asked) {
  // Only a DROP EXPRESSION: nothing has to be away.
  const bool typed =
      std::count(changed.begin(), changed.end(), "type") != 0 ||
      std::count(changed.begin(), changed.end(), "collation") != 0;
  if (asked == OnChange::kAlterDetached && !typed && !to.Has("generated")) {
    return OnChange::kAlter;
  }
  return asked;
}

void AppendCollation(const Object& column, Sql& sql) {
  if (column.Has("collation")) {
    sql << " COLLATE " << Verbatim{column.Get("collation")};
  }
}

// What concerns this table alone, whatever is part of it.
void WriteAction(const Object& column, const Sql& action,
                 absl::string_view lock, Renderer& renderer) {
  Sql sql = AlterColumnOnly(column.path(), renderer);
  sql << action;
  renderer.Add(sql, lock);
}

void WriteStorage(const Object& column, absl::string_view value,
                  Renderer& renderer) {
  Sql action = NewSql();
  action << "SET STORAGE " << Verbatim{value};
  WriteAction(column, action, kAccessExclusive, renderer);
}

// SET STORAGE DEFAULT is new in 16.
absl::string_view DefaultStorage(absl::string_view type) {
  const std::string base = BaseType(type);
  for (absl::string_view name : {"numeric", "inet", "cidr"}) {
    if (base == name) return "MAIN";
  }
  return "EXTENDED";
}

void WriteCompression(const Object& column, Renderer& renderer) {
  Sql action = NewSql();
  action << "SET COMPRESSION "
         << Verbatim{column.Has("compression") ? column.Get("compression")
                                               : "default"};
  WriteAction(column, action, kAccessExclusive, renderer);
}

void WriteStatistics(const Object& column, Renderer& renderer) {
  Sql action = NewSql();
  action << "SET STATISTICS "
         << Verbatim{column.Has("statistics") ? column.Get("statistics")
                                              : "-1"};
  WriteAction(column, action, kShareUpdateExclusive, renderer);
}

Sql ColumnWord(const Object& column) {
  Sql sql = NewSql();
  sql << "COLUMN " << Name(column.path());
  return sql;
}

void DropDefault(const Object& column, Renderer& renderer) {
  Sql action = NewSql();
  action << "DROP DEFAULT";
  WriteAction(column, action, kAccessExclusive, renderer);
}

void WriteDefault(const Object& column, Renderer& renderer) {
  if (!column.Has("default")) return DropDefault(column, renderer);
  Sql action = NewSql();
  action << "SET DEFAULT " << Verbatim{column.Get("default")};
  WriteAction(column, action, kAccessExclusive, renderer);
}

void WriteType(const Object& from, const Object& to, Renderer& renderer) {
  Sql action = NewSql();
  action << "TYPE " << Verbatim{to.Get("type")};
  AppendCollation(to, action);
  // A type's own default collation has to be said to get rid of another.
  if (from.Has("collation") && !to.Has("collation") &&
      BaseType(from.Get("type")) == BaseType(to.Get("type"))) {
    action << " COLLATE \"default\"";
  }
  const Conversion conversion = ConversionOf(from.Get("type"), to.Get("type"));
  if (conversion != Conversion::kAssignment && !to.Has("generated")) {
    action << " USING " << Identifier{to.name()};
    if (conversion == Conversion::kThroughText) {
      const bool arrays = absl::EndsWith(from.Get("type"), "[]") &&
                          absl::EndsWith(to.Get("type"), "[]");
      arrays ? action << "::text[]" : action << "::text";
    }
    action << "::" << Verbatim{to.Get("type")};
  }
  Sql sql = AlterColumn(to.path());
  sql << action;
  LintTypeChange(from, to, renderer, renderer.Add(sql, kAccessExclusive));
}

// Columns that are computed from this one and stay: no type changes under them.
std::vector<const Object*> GeneratedFrom(const Object& column,
                                         const Renderer& renderer) {
  std::vector<const Object*> generated;
  for (const Object& other :
       renderer.from().ChildrenOf(column.path().Parent(), v1::COLUMN)) {
    const Object* after = renderer.to().Find(other.key);
    if (other.Has("generated") && after != nullptr && after->Has("generated") &&
        DependsOn(other, column.key)) {
      generated.push_back(after);
    }
  }
  return generated;
}

// The default is taken away around a change of type that it does not follow.
void AlterType(const Difference& difference, Renderer& renderer) {
  const Object& from = *difference.from;
  const Object& to = *difference.to;
  const bool typed =
      Changed(difference, "type") || Changed(difference, "collation");
  const bool default_changed = Changed(difference, "default");
  const bool away =
      from.Has("default") &&
      (default_changed ||
       (typed && BaseType(from.Get("type")) != BaseType(to.Get("type"))));
  if (away && (typed || !to.Has("default"))) DropDefault(from, renderer);
  if (typed) WriteType(from, to, renderer);
  if (to.Has("default") && (away || default_changed)) {
    WriteDefault(to, renderer);
  }
}

// The composite type of its table brings it along, before and after.
bool ComesWithType(const Object& column, const Renderer& renderer) {
  const Path table = column.path().Parent();
  const Object* from = renderer.from().Find(v1::TABLE, table);
  const Object* to = renderer.to().Find(v1::TABLE, table);
  return from != nullptr && to != nullptr && from->Has("of_type") &&
         from->Get("of_type") == to->Get("of_type");
}

void Create(const Object& column, Renderer& renderer) {
  if (ComesWithType(column, renderer)) {
    if (column.Has("default")) WriteDefault(column, renderer);
    if (column.Has("not_null")) WriteNotNull(column, renderer);
    return FinishColumn(column, renderer);
  }
  if (SteadyOrigin(column, renderer.to(), renderer) != nullptr) {
    return FinishInheritedColumn(column, renderer);
  }
  Sql sql = AlterTable(column.path().Parent());
  sql << "ADD COLUMN " << ColumnClause(column);
  LintNewColumn(column, renderer, renderer.Add(sql, kAccessExclusive));
  FinishColumn(column, renderer);
}

void Drop(const Object& column, Renderer& renderer) {
  if (ComesWithType(column, renderer) ||
      SteadyOrigin(column, renderer.from(), renderer) != nullptr) {
    return;
  }
  Sql sql = AlterTable(column.path().Parent());
  sql << "DROP COLUMN " << Identifier{column.name()};
  v1::Statement& statement = renderer.Add(sql, kAccessExclusive);
  if (column.Has("generated")) {
    if (!GoesAway(column, renderer)) return;
    Warn(statement, v1::BREAKS_CLIENTS,
         "clients that name it will fail without column", column.path());
    return;
  }
  Lint(Rule::kDropColumn, column.path(), statement);
  statement.set_reversibility(v1::LOSSY);
}

// A generated column is nothing but its expression: another one is another
// column.
void Replace(const Difference& difference, Renderer& renderer) {
  const Object& from = *difference.from;
  const std::vector<const Object*> followers = FollowersOf(from.key, renderer);
  DropFollowers(followers, renderer);
  Drop(from, renderer);
  Create(*difference.to, renderer);
  CreateFollowers(followers, renderer);
}

// The change of a type, with what cannot stay under it away meanwhile.
void AlterTypeUnderGenerated(const Difference& difference, Renderer& renderer) {
  const bool typed =
      Changed(difference, "type") || Changed(difference, "collation");
  if (!typed) return AlterType(difference, renderer);
  std::vector<const Object*> followers =
      PartitionedIndexesOf(difference.from->key, renderer);
  const std::vector<const Object*> generated =
      GeneratedFrom(*difference.from, renderer);
  for (const Object* column : generated) {
    for (const Object* follower : FollowersOf(column->key, renderer)) {
      if (std::count(followers.begin(), followers.end(), follower) == 0) {
        followers.push_back(follower);
      }
    }
  }
  DropFollowers(followers, renderer);
  for (const Object* column : generated) Drop(*column, renderer);
  AlterType(difference, renderer);
  for (const Object* column : generated) Create(*column, renderer);
  CreateFollowers(followers, renderer);
}

void AlterSettings(const Difference& difference, Renderer& renderer) {
  const Object& from = *difference.from;
  const Object& to = *difference.to;
  // Another type brings its own storage with it.
  const bool lost = Changed(difference, "type") && to.Has("storage");
  if (Changed(difference, "storage") || lost) {
    WriteStorage(
        to,
        to.Has("storage") ? to.Get("storage") : DefaultStorage(to.Get("type")),
        renderer);
  }
  if (Changed(difference, "compression")) WriteCompression(to, renderer);
  if (Changed(difference, "statistics")) WriteStatistics(to, renderer);
  if (Changed(difference, "options")) {
    WriteOptions(AlterColumn(to.path()), from.Get("options"), to.Get("options"),
                 renderer);
  }
  if (Changed(difference, "server_options")) {
    Sql sql = AlterTable(to.path().Parent());
    sql << "ALTER COLUMN " << Identifier{to.name()}
        << OptionChangesClause(from.Get("server_options"),
                               to.Get("server_options"));
    renderer.Add(sql, kAccessExclusive);
  }
  if (Changed(difference, "comment")) {
    WriteComment(to, ColumnWord(to), renderer);
  }
}

void AlterOwnIdentity(const Difference& difference, Renderer& renderer) {
  const Object& from = *difference.from;
  const Object& to = *difference.to;
  if (from.Has("identity") && !to.Has("identity")) {
    DropIdentity(from, renderer);
  } else if (!from.Has("identity") && to.Has("identity")) {
    AddIdentity(to, renderer);
  } else if (to.Has("identity")) {
    AlterIdentity(difference, renderer);
  }
}

// What the parent table's column, or the type of its table, has been given.
void AlterInherited(const Difference& difference, Renderer& renderer) {
  const Object& to = *difference.to;
  if (Changed(difference, "default")) WriteDefault(to, renderer);
  const Stage stage = renderer.stage();
  if (Changed(difference, "not_null") && !NullFollows(to, renderer)) {
    AlterNotNull(to, renderer);
  }
  const bool own_identity = !IsPartition(renderer.to(), to.path().Parent());
  if (own_identity) AlterOwnIdentity(difference, renderer);
  renderer.set_stage(stage);
  AlterSettings(difference, renderer);
}

void AlterGenerated(const Difference& difference, Renderer& renderer) {
  if (!Changed(difference, "generated") && !Changed(difference, "virtual")) {
    return;
  }
  if (renderer.server().server_version < 130000) {
    return renderer.Fail(absl::FailedPreconditionError(
        "DROP EXPRESSION needs PostgreSQL 13 (have 12); keep the column "
        "generated in the source, or upgrade the target"));
  }
  Sql sql = AlterColumn(difference.to->path());
  sql << "DROP EXPRESSION";
  renderer.Add(sql, kAccessExclusive);
}

void Alter(const Difference& difference, Renderer& renderer) {
  const Object& from = *difference.from;
  const Object& to = *difference.to;
  const absl::Status possible = CheckInherited(difference, renderer);
  if (!possible.ok()) return renderer.Fail(possible);
  if (ComesWithType(to, renderer) ||
      (SteadyOrigin(from, renderer.from(), renderer) != nullptr &&
       SteadyOrigin(to, renderer.to(), renderer) != nullptr)) {
    return AlterInherited(difference, renderer);
  }
  const bool generated =
      Changed(difference, "generated") || Changed(difference, "virtual");
  if (generated && to.Has("generated")) return Replace(difference, renderer);
  AlterGenerated(difference, renderer);
  const bool loses_identity = from.Has("identity") && !to.Has("identity");
  const bool gains_identity = !from.Has("identity") && to.Has("identity");
  if (loses_identity) DropIdentity(from, renderer);
  const bool alters_identity = !gains_identity && to.Has("identity");
  const bool narrows =
      to.Get("type") == "smallint" ||
      (to.Get("type") == "integer" && from.Get("type") == "bigint");
  // The bounds fit both types only before a narrower one, after a wider one.
  if (alters_identity && narrows) AlterIdentity(difference, renderer);
  AlterTypeUnderGenerated(difference, renderer);
  const Stage stage = renderer.stage();
  if (Changed(difference, "not_null")) AlterNotNull(to, renderer);
  if (gains_identity) AddIdentity(to, renderer);  // needs it to be not null
  renderer.set_stage(stage);
  if (alters_identity && !narrows) AlterIdentity(difference, renderer);
  AlterSettings(difference, renderer);
}

}  // namespace

Sql ColumnClause(const Object& column) {
  Sql sql = NewSql();
  sql << Identifier{column.name()} << " " << Verbatim{column.Get("type")};
  if (column.Has("server_options")) {
    sql << " OPTIONS (" << Verbatim{column.Get("server_options")} << ")";
  }
  AppendCollation(column, sql);
  if (column.Has("default")) {
    sql << " DEFAULT " << Verbatim{column.Get("default")};
  }
  if (column.Has("generated")) {
    sql << " GENERATED ALWAYS AS (" << Verbatim{column.Get("generated")} << ")";
    column.Has("virtual") ? sql << " VIRTUAL" : sql << " STORED";
  }
  if (column.Has("identity")) {
    sql << " ";
    AppendIdentity(column, sql);
  }
  if (column.Has("not_null")) sql << " NOT NULL";
  return sql;
}

void FinishColumn(const Object& column, Renderer& renderer) {
  if (column.Has("storage")) {
    WriteStorage(column, column.Get("storage"), renderer);
  }
  if (column.Has("compression")) WriteCompression(column, renderer);
  if (column.Has("statistics")) WriteStatistics(column, renderer);
  if (column.Has("options")) {
    WriteOptions(AlterColumn(column.path()), "", column.Get("options"),
                 renderer);
  }
  WriteNewComment(column, ColumnWord(column), renderer);
}

void FinishInheritedColumn(const Object& column, Renderer& renderer) {
  const Path table = column.path().Parent();
  const Object* origin = nullptr;
  for (v1::ObjectKind kind : {v1::PARTITION, v1::INHERITANCE}) {
    for (const Object& membership : renderer.to().ChildrenOf(table, kind)) {
      if (origin != nullptr) break;
      origin = renderer.to().Find(v1::COLUMN,
                                  ParentTable(membership).Child(column.name()));
    }
  }
  if (origin != nullptr && origin->Get("default") != column.Get("default")) {
    WriteDefault(column, renderer);
  }
  if (origin != nullptr && column.Has("not_null") && !origin->Has("not_null")) {
    WriteNotNull(column, renderer);
  }
  const bool partition = IsPartition(renderer.to(), table);
  if (column.Has("identity") && !partition) AddIdentity(column, renderer);
  FinishColumn(column, renderer);
}

KindHandler ColumnHandler() {
  KindHandler handler;
  handler.spec.kind = v1::COLUMN;
  handler.spec.attributes = kAttributes;
  handler.spec.absorbed_by_parent_create = true;
  handler.spec.dropped_with_parent = true;
  handler.spec.recreatable = false;
  handler.spec.on_change = OnColumnChanged;
  handler.spec.summary = Summary;
  handler.spec.drop_risk = 80;
  handler.create = Create;
  handler.drop = Drop;
  handler.alter = Alter;
  handler.rename = RenameColumn;
  return handler;
}

}  // namespace fleet::postgres
