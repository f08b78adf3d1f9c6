#include <algorithm>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "lib/engine/postgres/ddl.h"
#include "lib/engine/postgres/followers.h"
#include "lib/engine/postgres/index_partition.h"
#include "lib/engine/postgres/index_rows.h"
#include "lib/engine/postgres/index_settings.h"
#include "lib/engine/postgres/kinds.h"
#include "lib/engine/postgres/lineage.h"
#include "lib/engine/postgres/lint_rules.h"
#include "lib/engine/postgres/online.h"

namespace fleet::postgres {
namespace {

constexpr AttributeSpec kAttributes[] = {
    {"clustered", Compare::kExact, OnChange::kAlter, 0},
    {"columns", Compare::kIgnore, OnChange::kIgnore, 0},
    {"comment", Compare::kExact, OnChange::kAlter, 0},
    {"include", Compare::kExact, OnChange::kRecreate, 30},
    {"invalid", Compare::kExact, OnChange::kRecreate, 30},
    {"keys", Compare::kExact, OnChange::kRecreate, 30},
    {"method", Compare::kExact, OnChange::kRecreate, 30},
    {"nulls_not_distinct", Compare::kExact, OnChange::kRecreate, 30},
    {"options", Compare::kExact, OnChange::kAlter, 5},
    {"options_order", Compare::kIgnore, OnChange::kIgnore, 0},
    {"partition_of", Compare::kExact, OnChange::kAlter, 20},
    {"predicate", Compare::kExact, OnChange::kRecreate, 30},
    {"replica_identity", Compare::kExact, OnChange::kAlter, 20},
    {"statistics", Compare::kExact, OnChange::kAlter, 0},
    {"tablespace", Compare::kExact, OnChange::kAlter, 30},
    {"unique", Compare::kExact, OnChange::kRecreate, 40},
};

// An index is named without its table.
Path OwnPath(const Object& index) {
  return Path{index.path().first(), index.name()};
}

std::string Summary(const Object& index) {
  return absl::StrCat(index.Has("unique") ? "unique " : "", index.Get("method"),
                      " (", index.Get("keys"), ")");
}

// "1 SET STATISTICS 300, …", by number of the column.
void WriteStatistics(const Object& index, absl::string_view from,
                     absl::string_view to, Renderer& renderer) {
  const std::vector<absl::string_view> before = SplitList(from);
  const std::vector<absl::string_view> after = SplitList(to);
  const auto write = [&](absl::string_view setting) {
    Sql sql = NewSql();
    sql << "ALTER INDEX " << Name(OwnPath(index)) << " ALTER COLUMN "
        << Verbatim{setting};
    renderer.Add(sql, kShareUpdateExclusive);
  };
  for (absl::string_view setting : before) {
    const absl::string_view column =
        setting.substr(0, LeadingNameSize(setting));
    if (std::count(after.begin(), after.end(), setting) == 0) {
      write(absl::StrCat(column, " SET STATISTICS -1"));
    }
  }
  for (absl::string_view setting : after) {
    if (std::count(before.begin(), before.end(), setting) == 0) write(setting);
  }
}

bool BuildsOnline(const Object& index, const Renderer& renderer) {
  return HasClients(renderer, index.path().Parent()) ||
         BuildsInParts(index, renderer);
}

void BuildAtOnce(const Object& index, Renderer& renderer) {
  const Path table = index.path().Parent();
  Sql sql = NewSql();
  sql << "CREATE ";
  if (index.Has("unique")) sql << "UNIQUE ";
  sql << "INDEX " << Identifier{index.name()} << " ON ";
  if (IsPartitioned(renderer.to(), table)) sql << "ONLY ";
  sql << Name(table) << " USING " << Identifier{index.Get("method")} << " ("
      << Verbatim{index.Get("keys")} << ")" << IndexTail(index);
  v1::Statement& statement = renderer.Add(sql, kShare);
  if (HasRows(renderer, table) && !IsPartitioned(renderer.to(), table)) {
    Lint(Rule::kCreateIndex, table, statement);
    if (index.Has("unique")) Lint(Rule::kUniqueIndex, table, statement);
  }
  AttachIndex(index, renderer);
}

// Where it replaces another, that one is there until this one is.
void BuildBeside(const Object& index, Renderer& renderer) {
  if (!renderer.placement().IsKept(index.key)) {
    BuildIndex(index, index.name(), renderer);
    return renderer.set_stage(Stage::kSwap);
  }
  const std::string name =
      FreeStandIn(index.path().Parent(), index.name(), kNewSuffix, renderer);
  BuildIndex(index, name, renderer);
  renderer.set_stage(Stage::kSwap);
  RenameIndex(index.path().Parent(), name, index.name(), renderer);
}

void Create(const Object& index, Renderer& renderer) {
  if (IsMadeAlready(index, renderer)) return;
  if (index.Has("invalid")) {
    return renderer.Fail(absl::FailedPreconditionError(
        "it is not valid in the source, left over from a build that failed; "
        "drop or rebuild it there"));
  }
  if (BuildsOnline(index, renderer) &&
      renderer.placement().IsDeferred(index.key) &&
      !IsPartitioned(renderer.to(), index.path().Parent())) {
    BuildBeside(index, renderer);
    AttachIndex(index, renderer);
  } else {
    BuildAtOnce(index, renderer);
  }
  FinishIndex(index, renderer);
  WriteStatistics(index, "", index.Get("statistics"), renderer);
  Sql word = NewSql();
  word << "INDEX " << Name(OwnPath(index));
  WriteNewComment(index, word, renderer);
}

// May refer to `table`: one within a table does not say so.
bool RefersTo(const Object& foreign_key, const Path& table) {
  return foreign_key.path().Parent() == table ||
         DependsOn(foreign_key, {v1::TABLE, table});
}

// When an index has to be gone. A foreign key that is made in the plan takes
// the oldest index that will do: this one, if it is still there.
Stage GoneBy(const Object& index, const Renderer& renderer) {
  const Placement& placement = renderer.placement();
  Stage stage = Stage::kRemove;
  if (!index.Has("unique")) return stage;
  for (const Object& key : renderer.to().OfKind(v1::FOREIGN_KEY)) {
    if (!placement.Disturbs(key.key)) continue;
    if (!RefersTo(key, index.path().Parent())) continue;
    if (!placement.IsDeferred(key.key)) return Stage::kMain;
    stage = Stage::kSwap;
  }
  return stage;
}

bool IsReferenced(const Object& index, const Renderer& renderer) {
  const auto keys = renderer.from().OfKind(v1::FOREIGN_KEY);
  return std::any_of(keys.begin(), keys.end(), [&](const Object& key) {
    return DependsOn(key, index.key);
  });
}

void DropAtOnce(const Object& index, Renderer& renderer) {
  Sql sql = NewSql();
  sql << "DROP INDEX " << Name(OwnPath(index));
  Lint(Rule::kDropIndex, index.path(), renderer.Add(sql, kAccessExclusive));
}

void Drop(const Object& index, Renderer& renderer) {
  if (GoesWithWhole(index, renderer)) return;
  const absl::Status possible = CheckParts(index, renderer.from());
  if (!possible.ok()) return renderer.Fail(possible);
  const Path table = index.path().Parent();
  if (renderer.online() && renderer.placement().IsKept(index.key) &&
      !IsReferenced(index, renderer) &&
      GoneBy(index, renderer) == Stage::kRemove) {
    const std::string name =
        FreeStandIn(table, index.name(), kOldSuffix, renderer);
    RenameIndex(table, index.name(), name, renderer);
    RemoveIndex(table, name, renderer);
    return;
  }
  const bool away = GoesAway(index, renderer);
  if (!away || !CanLinger(index, renderer)) {
    DropAtOnce(index, renderer);
  } else if (const Stage by = GoneBy(index, renderer); by != Stage::kRemove) {
    renderer.set_stage(by);
    DropAtOnce(index, renderer);
  } else {
    RemoveIndex(table, index.name(), renderer);
  }
  if (!away) return;
  Warn(renderer.statements().back(), v1::INDEX_DROPPED,
       "queries that use it get slower without index", index.path());
}

void Alter(const Difference& difference, Renderer& renderer) {
  AlterIndexSettings(difference, renderer);
  AlterIndexPartition(difference, renderer);
  WriteStatistics(*difference.to, difference.from->Get("statistics"),
                  difference.to->Get("statistics"), renderer);
  if (Changed(difference, "comment")) {
    Sql word = NewSql();
    word << "INDEX " << Name(OwnPath(*difference.to));
    WriteComment(*difference.to, word, renderer);
  }
}

// Indexes that a constraint made are part of it.
absl::flat_hash_set<Oid> ConstraintIndexes(const Catalog& catalog) {
  absl::flat_hash_set<Oid> indexes;
  for (int i = 0; i < catalog.RowCount(kConstraintRows); ++i) {
    const CatalogRow row = catalog.Row(kConstraintRows, i);
    if (row.Letter(3) != 'f' && row.Id(7) != 0) indexes.insert(row.Id(7));
  }
  return indexes;
}

}  // namespace

void ReadIndexes(Catalog& catalog) {
  const absl::flat_hash_set<Oid> of_constraints = ConstraintIndexes(catalog);
  for (int i = 0; i < catalog.RowCount(kIndexRows); ++i) {
    const CatalogRow row = catalog.Row(kIndexRows, i);
    const Relation* relation = catalog.FindRelation(row.Id(0));
    const Relation* table = catalog.FindRelation(row.Id(1));
    if (relation == nullptr || table == nullptr ||
        of_constraints.contains(row.Id(0))) {
      continue;
    }
    const CatalogRow names = catalog.Row(kRelationRows, relation->row);
    Object index(v1::INDEX, catalog.PathOf(*table).Child(relation->name));
    SetIndexAttributes(row, *relation, *table, catalog, index);
    if (row.Is(3)) index.Set("unique", "true");
    // That of a partitioned table is valid when it has all its parts.
    if (!row.Is(5) && relation->kind != 'I') index.Set("invalid", "true");
    index.Set("method", catalog.AccessMethodName(names.Id(7)));
    index.Set("keys", IndexKeys(row, *relation, *table, catalog));
    index.Set("statistics", row.Text(14));
    index.Set("predicate", CanonicalExpression(row.Text(12)));
    catalog.Add(CatalogKey(kRelationClass, relation->oid, 0), std::move(index));
  }
}

KindHandler IndexHandler() {
  KindHandler handler;
  handler.spec.kind = v1::INDEX;
  handler.spec.attributes = kAttributes;
  handler.spec.dropped_with_parent = true;
  handler.spec.follows_alter = true;
  handler.spec.summary = Summary;
  handler.spec.create_risk = 15;
  handler.spec.drop_risk = 25;
  handler.create = Create;
  handler.drop = Drop;
  handler.alter = Alter;
  handler.rename = RenameIndexOf;
  handler.renames_alone = RenamesAlone;
  handler.builds_online = BuildsOnline;
  return handler;
}

}  // namespace fleet::postgres
