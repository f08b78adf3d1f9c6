#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lib/engine/postgres/ddl.h"
#include "lib/engine/postgres/kinds.h"
#include "lib/engine/postgres/lineage.h"
#include "lib/engine/postgres/lint_rules.h"
#include "lib/engine/postgres/table_parts.h"

namespace fleet::postgres {
namespace {

constexpr AttributeSpec kAttributes[] = {
    {"access_method", Compare::kExact, OnChange::kAlter, 50},
    {"comment", Compare::kExact, OnChange::kAlter, 0},
    {"has_parts", Compare::kIgnore, OnChange::kIgnore, 0},
    {"of_type", Compare::kExact, OnChange::kAlter, 40},
    {"options", Compare::kExact, OnChange::kAlter, 5},
    {"options_order", Compare::kIgnore, OnChange::kIgnore, 0},
    {"partition_by", Compare::kExact, OnChange::kRefuse, 90},
    {"replica_identity", Compare::kExact, OnChange::kAlter, 30},
    {"row_security", Compare::kExact, OnChange::kAlter, 60},
    {"tablespace", Compare::kExact, OnChange::kAlter, 50},
    {"unlogged", Compare::kExact, OnChange::kAlter, 50},
};

Sql TableWord(const Object& table) {
  Sql sql = NewSql();
  sql << "TABLE " << Name(table.path());
  return sql;
}

void WriteReplicaIdentity(const Object& table, Renderer& renderer) {
  Sql sql = AlterTable(table.path());
  sql << "REPLICA IDENTITY ";
  if (table.Has("replica_identity")) {
    sql << Verbatim{table.Get("replica_identity")};
  } else {
    sql << "DEFAULT";
  }
  v1::Statement& statement = renderer.Add(sql, kAccessExclusive);
  if (!HasRows(renderer, table.path())) return;
  Lint(Rule::kReplicaIdentity, table.path(), statement);
  Warn(statement, v1::CORRECTNESS,
       "logical replication sends other old values of table", table.path());
}

void WriteRowSecurity(const Object& table, absl::string_view from,
                      Renderer& renderer) {
  const absl::string_view to = table.Get("row_security");
  const auto write = [&](Sql action) {
    Sql sql = AlterTable(table.path());
    sql << action << " ROW LEVEL SECURITY";
    v1::Statement& statement = renderer.Add(sql, kAccessExclusive);
    if (!HasRows(renderer, table.path())) return;
    Lint(Rule::kRowSecurity, table.path(), statement);
    Warn(statement, v1::AUTHZ_UPDATE,
         "this changes which rows are seen of table", table.path());
  };
  const auto says = [](absl::string_view words, absl::string_view word) {
    return absl::StrContains(words, word);
  };
  if (says(from, "ENABLE") != says(to, "ENABLE")) {
    Sql action = NewSql();
    says(to, "ENABLE") ? action << "ENABLE" : action << "DISABLE";
    write(action);
  }
  if (says(from, "FORCE") != says(to, "FORCE")) {
    Sql action = NewSql();
    says(to, "FORCE") ? action << "FORCE" : action << "NO FORCE";
    write(action);
  }
}

// The composite type that says what columns it has.
void WriteType(const Object& table, Renderer& renderer) {
  Sql sql = AlterTable(table.path());
  if (table.Has("of_type")) {
    sql << "OF " << Verbatim{table.Get("of_type")};
  } else {
    sql << "NOT OF";
  }
  renderer.Add(sql, kAccessExclusive);
}

void Create(const Object& table, Renderer& renderer) {
  Sql sql = NewSql();
  sql << "CREATE ";
  if (table.Has("unlogged")) sql << "UNLOGGED ";
  sql << TableWord(table);
  AppendParts(table, renderer.to(), sql);
  AppendInherits(table, renderer.to(), sql);
  if (table.Has("partition_by")) {
    sql << " PARTITION BY " << Verbatim{table.Get("partition_by")};
  }
  if (table.Has("access_method")) {
    sql << " USING " << Identifier{table.Get("access_method")};
  }
  if (table.Has("options")) {
    sql << " WITH (" << Verbatim{OptionsInOrder(table)} << ")";
  }
  if (table.Has("tablespace")) {
    sql << " TABLESPACE " << Identifier{table.Get("tablespace")};
  }
  const bool inherits =
      !renderer.to().ChildrenOf(table.path(), v1::INHERITANCE).empty();
  renderer.Add(sql, inherits ? kShareUpdateExclusive : kNoLock);
  if (table.Has("of_type")) WriteType(table, renderer);
  FinishParts(table, renderer);
  if (table.Has("replica_identity")) WriteReplicaIdentity(table, renderer);
  WriteRowSecurity(table, "", renderer);
  WriteNewComment(table, TableWord(table), renderer);
}

// The server drops no part of a table that foreign keys refer to; it lets go of
// one whose rows nobody refers to.
void DetachReferenced(const Object& table, Renderer& renderer) {
  const Schema& from = renderer.from();
  for (const Object& part : from.ChildrenOf(table.path(), v1::PARTITION)) {
    const Path whole = ParentTable(part);
    const std::string named = absl::StrCat(QuotePath(whole), "(");
    const auto keys = from.OfKind(v1::FOREIGN_KEY);
    const bool is_referenced =
        renderer.to().Find(v1::TABLE, whole) != nullptr &&
        std::any_of(keys.begin(), keys.end(), [&](const Object& key) {
          return absl::StartsWith(key.Get("references"), named);
        });
    if (!is_referenced) continue;
    Sql sql = AlterTable(whole);
    sql << "DETACH PARTITION " << Name(table.path());
    renderer.Add(sql, kAccessExclusive);
  }
}

void Drop(const Object& table, Renderer& renderer) {
  DetachReferenced(table, renderer);
  Sql sql = NewSql();
  sql << "DROP " << TableWord(table);
  v1::Statement& statement = renderer.Add(sql, kAccessExclusive);
  Lint(Rule::kDropTable, table.path(), statement);
  statement.set_reversibility(v1::LOSSY);
}

// A change that copies the table.
void Rewrite(const Object& table, const Sql& action, Renderer& renderer) {
  Sql sql = AlterTable(table.path());
  sql << action;
  v1::Statement& statement = renderer.Add(sql, kAccessExclusive);
  Lint(Rule::kMoveTable, table.path(), statement);
}

void AlterStorage(const Difference& difference, Renderer& renderer) {
  const Object& to = *difference.to;
  if (Changed(difference, "unlogged")) {
    Sql action = NewSql();
    to.Has("unlogged") ? action << "SET UNLOGGED" : action << "SET LOGGED";
    Rewrite(to, action, renderer);
  }
  if (Changed(difference, "access_method")) {
    Sql action = NewSql();
    action << "SET ACCESS METHOD "
           << Identifier{to.Has("access_method") ? to.Get("access_method")
                                                 : "heap"};
    Rewrite(to, action, renderer);
  }
  if (Changed(difference, "tablespace")) {
    Sql action = NewSql();
    action << "SET TABLESPACE "
           << Identifier{to.Has("tablespace") ? to.Get("tablespace")
                                              : "pg_default"};
    Rewrite(to, action, renderer);
  }
}

void Alter(const Difference& difference, Renderer& renderer) {
  const Object& from = *difference.from;
  const Object& to = *difference.to;
  AlterStorage(difference, renderer);
  if (Changed(difference, "of_type")) WriteType(to, renderer);
  if (Changed(difference, "options")) {
    WriteOptions(AlterTable(to.path()), from.Get("options"), to.Get("options"),
                 renderer);
  }
  if (Changed(difference, "replica_identity")) {
    WriteReplicaIdentity(to, renderer);
  }
  if (Changed(difference, "row_security")) {
    WriteRowSecurity(to, from.Get("row_security"), renderer);
  }
  if (Changed(difference, "comment")) {
    WriteComment(to, TableWord(to), renderer);
  }
}

void SetTableAttributes(const CatalogRow& row, const Catalog& catalog,
                        Object& table) {
  if (row.Letter(4) == 'u') table.Set("unlogged", "true");
  const absl::string_view method = catalog.AccessMethodName(row.Id(7));
  if (method != "heap") table.Set("access_method", method);
  table.Set("tablespace", catalog.TablespaceName(row.Id(8)));
  if (row.Is(10) || row.Is(11)) {
    table.Set("row_security",
              row.Is(10) ? (row.Is(11) ? "ENABLE, FORCE" : "ENABLE") : "FORCE");
  }
  if (row.Letter(12) == 'f') table.Set("replica_identity", "FULL");
  if (row.Letter(12) == 'n') table.Set("replica_identity", "NOTHING");
  SetOptions(row.Text(13), row.Text(14), table);
  if (row.Id(6) != 0) {
    table.Set("of_type", catalog.types().Format(row.Id(6), -1));
    catalog.DependOnType(table, row.Id(6));
  }
  table.Set("partition_by", row.Text(16));
}

}  // namespace

void ReadTables(Catalog& catalog) {
  for (const Relation* relation : catalog.Relations()) {
    if (relation->kind != 'r' && relation->kind != 'p') continue;
    const CatalogRow row = catalog.Row(kRelationRows, relation->row);
    Object table(v1::TABLE, catalog.PathOf(*relation));
    SetTableAttributes(row, catalog, table);
    if (relation->has_children) table.Set("has_parts", "true");
    catalog.DependOnSchema(table);
    catalog.Add(CatalogKey(kRelationClass, relation->oid, 0), std::move(table));
  }
}

KindHandler TableHandler() {
  KindHandler handler;
  handler.spec.kind = v1::TABLE;
  handler.spec.attributes = kAttributes;
  handler.spec.recreatable = false;
  handler.spec.drop_risk = 90;
  handler.create = Create;
  handler.drop = Drop;
  handler.alter = Alter;
  handler.rename = RenameOwn;
  return handler;
}

}  // namespace fleet::postgres
