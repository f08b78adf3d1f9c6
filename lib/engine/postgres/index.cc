#include <algorithm>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "lib/engine/postgres/ddl.h"
#include "lib/engine/postgres/index_partition.h"
#include "lib/engine/postgres/index_rows.h"
#include "lib/engine/postgres/index_settings.h"
#include "lib/engine/postgres/kinds.h"
#include "lib/engine/postgres/lineage.h"

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

void WarnOfBuild(const Object& index, v1::Statement& statement) {
  const Path table = index.path().Parent();
  Warn(statement, v1::INDEX_BUILD, "this builds an index over table", table);
  Warn(statement, v1::ACQUIRES_SHARE_LOCK, "nobody writes meanwhile to table",
       table);
  if (index.Has("unique")) {
    Warn(statement, v1::DATA_DEPENDENT, "this fails on duplicates in table",
         table);
  }
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

void Create(const Object& index, Renderer& renderer) {
  const Path table = index.path().Parent();
  if (IsMadeAlready(index, renderer)) return;
  if (index.Has("invalid")) {
    return renderer.Fail(absl::FailedPreconditionError(
        "it is not valid in the source, left over from a build that failed; "
        "drop or rebuild it there"));
  }
  Sql sql = NewSql();
  sql << "CREATE ";
  if (index.Has("unique")) sql << "UNIQUE ";
  sql << "INDEX " << Identifier{index.name()} << " ON ";
  if (IsPartitioned(renderer.to(), table)) sql << "ONLY ";
  sql << Name(table) << " USING " << Identifier{index.Get("method")} << " ("
      << Verbatim{index.Get("keys")} << ")";
  if (index.Has("include")) {
    sql << " INCLUDE (" << Verbatim{index.Get("include")} << ")";
  }
  if (index.Has("nulls_not_distinct")) sql << " NULLS NOT DISTINCT";
  if (index.Has("options")) {
    sql << " WITH (" << Verbatim{OptionsInOrder(index)} << ")";
  }
  if (index.Has("tablespace")) {
    sql << " TABLESPACE " << Identifier{index.Get("tablespace")};
  }
  if (index.Has("predicate")) {
    sql << " WHERE " << Verbatim{index.Get("predicate")};
  }
  v1::Statement& statement = renderer.Add(sql, kShare);
  if (HasRows(renderer, table)) WarnOfBuild(index, statement);
  AttachIndex(index, renderer);
  FinishIndex(index, renderer);
  WriteStatistics(index, "", index.Get("statistics"), renderer);
  Sql word = NewSql();
  word << "INDEX " << Name(OwnPath(index));
  WriteNewComment(index, word, renderer);
}

void Drop(const Object& index, Renderer& renderer) {
  if (GoesWithWhole(index, renderer)) return;
  Sql sql = NewSql();
  sql << "DROP INDEX " << Name(OwnPath(index));
  v1::Statement& statement = renderer.Add(sql, kAccessExclusive);
  if (!GoesAway(index, renderer)) return;
  Warn(statement, v1::INDEX_DROPPED,
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
  return handler;
}

}  // namespace fleet::postgres
