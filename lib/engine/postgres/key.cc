#include <algorithm>

#include "absl/strings/str_cat.h"
#include "lib/engine/postgres/constraint_rows.h"
#include "lib/engine/postgres/ddl.h"
#include "lib/engine/postgres/index_partition.h"
#include "lib/engine/postgres/index_rows.h"
#include "lib/engine/postgres/index_settings.h"
#include "lib/engine/postgres/kinds.h"
#include "lib/engine/postgres/lineage.h"
#include "lib/engine/postgres/lint_rules.h"
#include "lib/engine/postgres/online.h"
#include "lib/engine/postgres/table_parts.h"

// Primary and unique keys: constraints with an index of their own.

namespace fleet::postgres {
namespace {

constexpr AttributeSpec kAttributes[] = {
    {"clustered", Compare::kExact, OnChange::kAlter, 0},
    {"columns", Compare::kExact, OnChange::kRecreate, 50},
    {"comment", Compare::kExact, OnChange::kAlter, 0},
    {"deferrable", Compare::kExact, OnChange::kRecreate, 40},
    {"definition", Compare::kExact, OnChange::kRecreate, 50},
    {"include", Compare::kExact, OnChange::kRecreate, 40},
    {"index_comment", Compare::kExact, OnChange::kAlter, 0},
    {"nulls_not_distinct", Compare::kExact, OnChange::kRecreate, 40},
    {"options", Compare::kExact, OnChange::kAlter, 5},
    {"options_order", Compare::kIgnore, OnChange::kIgnore, 0},
    {"partition_of", Compare::kExact, OnChange::kAlter, 20},
    {"replica_identity", Compare::kExact, OnChange::kAlter, 20},
    {"tablespace", Compare::kExact, OnChange::kAlter, 30},
};

std::string Summary(const Object& key) {
  return absl::StrCat("(", key.Get("columns"), ")");
}

// A column of the primary key, as it is, may be NULL afterwards; the
// transaction sees to that, and needs the key away.
bool FreesColumn(const Object& key, const Schema& to) {
  return key.kind() == v1::PRIMARY_KEY &&
         std::any_of(key.depends_on.begin(), key.depends_on.end(),
                     [&](const Dependency& dependency) {
                       const Object* column = to.Find(dependency.on);
                       return dependency.on.kind == v1::COLUMN &&
                              column != nullptr && !column->Has("not_null");
                     });
}

// One that has to be away before the transaction, or gives its name to another
// kind, is made anew in it: nothing else keeps duplicates out meanwhile.
bool BuildsOnline(const Object& key, const Renderer& renderer) {
  if (key.Has("definition")) return false;
  if (!HasClients(renderer, key.path().Parent())) {
    return BuildsInParts(key, renderer);
  }
  for (v1::ObjectKind kind : {v1::PRIMARY_KEY, v1::UNIQUE_KEY, v1::INDEX}) {
    const Object* before = renderer.from().Find(kind, key.path());
    if (before == nullptr) continue;
    return kind == key.kind() && renderer.placement().LeavesAlone(*before) &&
           !FreesColumn(*before, renderer.to());
  }
  return true;
}

void BuildBeside(const Object& key, Renderer& renderer) {
  std::string name(key.name());
  if (renderer.placement().IsKept(key.key)) {
    name = FreeStandIn(key.path().Parent(), name, kNewSuffix, renderer);
  }
  BuildIndex(key, name, renderer);
  renderer.set_stage(Stage::kSwap);
  Sql sql = AddConstraint(key.path());
  key.kind() == v1::PRIMARY_KEY ? sql << "PRIMARY KEY" : sql << "UNIQUE";
  sql << " USING INDEX " << Identifier{name};
  if (key.Has("deferrable")) sql << " " << Verbatim{key.Get("deferrable")};
  renderer.Add(sql, kAccessExclusive);
  AttachIndex(key, renderer);
  FinishKey(key, renderer);
}

void Create(const Object& key, Renderer& renderer) {
  if (IsMadeAlready(key, renderer)) return;
  const Path table = key.path().Parent();
  const bool whole = IsPartitioned(renderer.to(), table);
  if (!whole && BuildsOnline(key, renderer) &&
      renderer.placement().IsDeferred(key.key)) {
    return BuildBeside(key, renderer);
  }
  Sql sql = AddConstraintOnly(key.path(), renderer);
  sql << KeyClause(key);
  v1::Statement& statement = renderer.Add(sql, kAccessExclusive);
  if (HasRows(renderer, table) && !whole) {
    Lint(Rule::kAddKey, table, statement);
  }
  AttachIndex(key, renderer);
  FinishKey(key, renderer);
}

void Drop(const Object& key, Renderer& renderer) {
  if (GoesWithWhole(key, renderer)) return;
  DropConstraint(key, renderer);
  if (!GoesAway(key, renderer)) return;
  Warn(renderer.statements().back(), v1::INDEX_DROPPED,
       "duplicates are let in, and queries get slower, without key",
       key.path());
}

void Alter(const Difference& difference, Renderer& renderer) {
  AlterIndexSettings(difference, renderer);
  AlterIndexPartition(difference, renderer);
  AlterConstraintComments(difference, renderer);
}

KindHandler KeyHandler(v1::ObjectKind kind) {
  KindHandler handler;
  handler.spec.kind = kind;
  handler.spec.attributes = kAttributes;
  handler.spec.absorbed_by_parent_create = true;
  handler.spec.dropped_with_parent = true;
  handler.spec.follows_alter = true;
  handler.spec.summary = Summary;
  handler.spec.create_risk = 30;
  handler.spec.drop_risk = 50;
  handler.create = Create;
  handler.drop = Drop;
  handler.alter = Alter;
  handler.rename = RenameConstraint;
  handler.renames_alone = RenamesAlone;
  handler.builds_online = BuildsOnline;
  return handler;
}

}  // namespace

Sql KeyClause(const Object& key) {
  Sql sql = NewSql();
  if (key.Has("definition")) return sql << Verbatim{key.Get("definition")};
  key.kind() == v1::PRIMARY_KEY ? sql << "PRIMARY KEY" : sql << "UNIQUE";
  if (key.Has("nulls_not_distinct")) sql << " NULLS NOT DISTINCT";
  sql << " (" << Verbatim{key.Get("columns")} << ")";
  if (key.Has("include")) {
    sql << " INCLUDE (" << Verbatim{key.Get("include")} << ")";
  }
  if (key.Has("options")) {
    sql << " WITH (" << Verbatim{OptionsInOrder(key)} << ")";
  }
  if (key.Has("tablespace")) {
    sql << " USING INDEX TABLESPACE " << Identifier{key.Get("tablespace")};
  }
  if (key.Has("deferrable")) sql << " " << Verbatim{key.Get("deferrable")};
  return sql;
}

void FinishKey(const Object& key, Renderer& renderer) {
  FinishIndex(key, renderer);
  WriteNewConstraintComments(key, renderer);
}

void ReadKeys(Catalog& catalog) {
  absl::flat_hash_map<Oid, int> index_rows;
  for (int i = 0; i < catalog.RowCount(kIndexRows); ++i) {
    index_rows.emplace(catalog.Row(kIndexRows, i).Id(0), i);
  }
  const auto read = [&](const CatalogRow& row, const Relation& table,
                        v1::ObjectKind kind) {
    Object key(kind, catalog.PathOf(table).Child(row.Text(1)));
    const Relation* index = catalog.FindRelation(row.Id(7));
    const auto found = index_rows.find(row.Id(7));
    if (index != nullptr && found != index_rows.end()) {
      SetIndexAttributes(catalog.Row(kIndexRows, found->second), *index, table,
                         catalog, key);
    }
    key.Set("deferrable", DeferrableWords(row));
    key.Set("definition", row.Text(18));
    catalog.Add(ConstraintKey(row), std::move(key));
    catalog.AddAlias(CatalogKey(kRelationClass, row.Id(7), 0),
                     ConstraintKey(row));
  };
  ForEachConstraint(catalog, 'p',
                    [&](const CatalogRow& row, const Relation& table) {
                      read(row, table, v1::PRIMARY_KEY);
                    });
  ForEachConstraint(catalog, 'u',
                    [&](const CatalogRow& row, const Relation& table) {
                      read(row, table, v1::UNIQUE_KEY);
                    });
}

KindHandler PrimaryKeyHandler() { return KeyHandler(v1::PRIMARY_KEY); }
KindHandler UniqueKeyHandler() { return KeyHandler(v1::UNIQUE_KEY); }

}  // namespace fleet::postgres
