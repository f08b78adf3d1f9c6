#include "absl/strings/str_cat.h"
#include "lib/engine/postgres/constraint_rows.h"
#include "lib/engine/postgres/ddl.h"
#include "lib/engine/postgres/index_rows.h"
#include "lib/engine/postgres/kinds.h"
#include "lib/engine/postgres/lineage.h"
#include "lib/engine/postgres/lint_rules.h"
#include "lib/engine/postgres/online.h"
#include "lib/engine/postgres/table_parts.h"

namespace fleet::postgres {
namespace {

constexpr AttributeSpec kAttributes[] = {
    {"columns", Compare::kExact, OnChange::kRecreate, 40},
    {"comment", Compare::kExact, OnChange::kAlter, 0},
    {"deferrable", Compare::kExact, OnChange::kAlter, 20},
    {"inherited", Compare::kExact, OnChange::kAlter, 0},
    {"match", Compare::kExact, OnChange::kRecreate, 40},
    {"not_enforced", Compare::kExact, OnChange::kRecreate, 30},
    {"not_valid", Compare::kExact, OnChange::kAlter, 30},
    {"on_delete", Compare::kExact, OnChange::kRecreate, 50},
    {"on_update", Compare::kExact, OnChange::kRecreate, 40},
    {"period", Compare::kExact, OnChange::kRecreate, 40},
    {"references", Compare::kExact, OnChange::kRecreate, 40},
};

std::string Summary(const Object& key) {
  return absl::StrCat("(", key.Get("columns"), ") → ", key.Get("references"));
}

OnChange OnKeyChanged(const Object& from, const Object& to,
                      absl::Span<const absl::string_view> changed,
                      OnChange asked) {
  const bool loses = !from.Has("not_valid") && to.Has("not_valid");
  return loses ? OnChange::kRecreate : asked;
}

Sql Clause(const Object& key) {
  Sql sql = NewSql();
  if (key.Has("period")) return sql << Verbatim{key.Get("period")};
  sql << "FOREIGN KEY (" << Verbatim{key.Get("columns")} << ") REFERENCES "
      << Verbatim{key.Get("references")};
  if (key.Has("match")) sql << " MATCH " << Verbatim{key.Get("match")};
  if (key.Has("on_update")) {
    sql << " ON UPDATE " << Verbatim{key.Get("on_update")};
  }
  if (key.Has("on_delete")) {
    sql << " ON DELETE " << Verbatim{key.Get("on_delete")};
  }
  if (key.Has("deferrable")) sql << " " << Verbatim{key.Get("deferrable")};
  if (key.Has("not_enforced")) sql << " NOT ENFORCED";
  return sql;
}

void Validate(const Object& key, Renderer& renderer) {
  v1::Statement& statement = ValidateConstraint(key, renderer);
  Warn(statement, v1::DATA_DEPENDENT,
       "a row that refers to nothing stops foreign key", key.path());
}

void Create(const Object& key, Renderer& renderer) {
  // It came with the whole's, or with the partition when that was attached.
  if (key.Has("inherited")) return WriteNewConstraintComments(key, renderer);
  const Path table = key.path().Parent();
  const bool proven = key.Has("not_valid") || key.Has("not_enforced");
  const bool online = !proven && HasClients(renderer, table);
  Sql sql = AddConstraint(key.path());
  sql << Clause(key);
  if (key.Has("not_valid") || online) sql << " NOT VALID";
  v1::Statement& statement = renderer.Add(sql, kShareRowExclusive);
  if (!HasRows(renderer, table)) {
    Lint(Rule::kForeignKeyOfNew, table, statement);
  } else if (!proven && !online) {
    Lint(Rule::kAddForeignKey, table, statement);
  }
  WriteNewConstraintComments(key, renderer);
  if (online) Validate(key, renderer);
}

void Drop(const Object& key, Renderer& renderer) {
  // It goes with the whole's; what stays of it, DETACH takes away.
  if (key.Has("inherited")) return;
  DropConstraint(key, renderer);
  Lint(Rule::kDropForeignKey, key.path(), renderer.statements().back());
}

void Alter(const Difference& difference, Renderer& renderer) {
  const Object& to = *difference.to;
  const Path table = to.path().Parent();
  const bool follows = SteadyOrigin(to, renderer.to(), renderer) != nullptr;
  if (Changed(difference, "deferrable") && !follows) {
    Sql sql = AlterTable(table);
    sql << "ALTER CONSTRAINT " << Identifier{to.name()} << " ";
    if (to.Has("deferrable")) {
      sql << Verbatim{to.Get("deferrable")};
    } else {
      sql << "NOT DEFERRABLE";
    }
    renderer.Add(sql, kAccessExclusive);
  }
  if (Changed(difference, "comment")) {
    WriteComment(to, ConstraintName(to), renderer);
  }
  if (Changed(difference, "not_valid") && !follows) Validate(to, renderer);
}

Object ReadForeignKey(const CatalogRow& row, const Relation& table,
                      const Catalog& catalog) {
  Object key(v1::FOREIGN_KEY, catalog.PathOf(table).Child(row.Text(1)));
  const std::vector<int64_t> columns = ParseNumbers(row.Text(12));
  key.Set("columns", ColumnNames(table, columns));
  DependOnColumns(table, columns, catalog, key);
  const Relation* other = catalog.FindRelation(row.Id(8));
  if (other != nullptr) {
    const std::vector<int64_t> referenced = ParseNumbers(row.Text(13));
    key.Set("references", absl::StrCat(QuotePath(catalog.PathOf(*other)), "(",
                                       ColumnNames(*other, referenced), ")"));
    DependOnColumns(*other, referenced, catalog, key);
    catalog.Depend(key, CatalogKey(kRelationClass, other->oid, 0));
    catalog.Depend(key, CatalogKey(kRelationClass, row.Id(7), 0));
  } else {
    catalog.Depend(key, CatalogKey(kRelationClass, row.Id(8), 0));
  }
  if (row.Letter(11) == 'f') key.Set("match", "FULL");
  key.Set("on_update", ActionWords(row.Letter(9)));
  std::string on_delete(ActionWords(row.Letter(10)));
  const std::vector<int64_t> set = ParseNumbers(row.Text(14));
  if (!set.empty()) {
    absl::StrAppend(&on_delete, " (", ColumnNames(table, set), ")");
  }
  key.Set("on_delete", on_delete);
  key.Set("deferrable", DeferrableWords(row));
  key.Set("period", row.Text(18));
  if (!row.Is(16)) key.Set("not_enforced", "true");
  if (!row.Is(6)) key.Set("not_valid", "true");
  if (row.Id(19) != 0) key.Set("inherited", "true");
  return key;
}

}  // namespace

void ReadForeignKeys(Catalog& catalog) {
  absl::flat_hash_map<Oid, Oid> tables;  // of each foreign key
  ForEachConstraint(catalog, 'f',
                    [&](const CatalogRow& row, const Relation& table) {
                      tables.emplace(row.Id(0), table.oid);
                    });
  ForEachConstraint(
      catalog, 'f', [&](const CatalogRow& row, const Relation& table) {
        // At each partition of the table that it refers to, a key has another
        // one that is the server's own.
        const auto parent = tables.find(row.Id(19));
        if (parent != tables.end() && parent->second == table.oid) return;
        catalog.Add(ConstraintKey(row), ReadForeignKey(row, table, catalog));
      });
}

KindHandler ForeignKeyHandler() {
  KindHandler handler;
  handler.spec.kind = v1::FOREIGN_KEY;
  handler.spec.attributes = kAttributes;
  handler.spec.on_change = OnKeyChanged;
  handler.spec.summary = Summary;
  handler.spec.create_risk = 25;
  handler.spec.drop_risk = 30;
  handler.create = Create;
  handler.drop = Drop;
  handler.alter = Alter;
  handler.rename = RenameConstraint;
  handler.renames_alone = RenamesAlone;
  return handler;
}

}  // namespace fleet::postgres
