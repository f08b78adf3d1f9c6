#include <algorithm>

#include "absl/strings/str_cat.h"
#include "lib/engine/postgres/ddl.h"
#include "lib/engine/postgres/followers.h"
#include "lib/engine/postgres/kinds.h"
#include "lib/engine/postgres/view_parts.h"

namespace fleet::postgres {
namespace {

constexpr AttributeSpec kAttributes[] = {
    {"attributes", Compare::kExact, OnChange::kAlterDetached, 50},
    {"column_comments", Compare::kExact, OnChange::kAlter, 0},
    {"comment", Compare::kExact, OnChange::kAlter, 0},
};

Sql TypeWord(const Object& type) {
  Sql sql = NewSql();
  sql << "TYPE " << Name(type.path());
  return sql;
}

void Create(const Object& type, Renderer& renderer) {
  Sql sql = NewSql();
  sql << "CREATE " << TypeWord(type) << " AS ("
      << Verbatim{type.Get("attributes")} << ")";
  renderer.Add(sql, kNoLock);
  WriteNewComment(type, TypeWord(type), renderer);
  WriteColumnComments(type, "", type.Get("column_comments"), renderer);
}

void Drop(const Object& type, Renderer& renderer) {
  Sql sql = NewSql();
  sql << "DROP " << TypeWord(type);
  Warn(renderer.Add(sql, kNoLock), v1::BREAKS_CLIENTS,
       "clients that name it will fail without type", type.path());
}

absl::string_view NameOf(absl::string_view attribute) {
  return attribute.substr(0, LeadingNameSize(attribute));
}

// The attribute of the same name, or empty.
absl::string_view FindAttribute(
    const std::vector<absl::string_view>& attributes, absl::string_view name) {
  for (absl::string_view attribute : attributes) {
    if (NameOf(attribute) == name) return attribute;
  }
  return "";
}

// Attributes keep their place: one that stands before others in the wanted list
// cannot be added there.
bool KeepsOrder(const std::vector<absl::string_view>& before,
                const std::vector<absl::string_view>& after) {
  std::vector<absl::string_view> kept;
  std::vector<absl::string_view> wanted;
  for (absl::string_view attribute : before) {
    if (!FindAttribute(after, NameOf(attribute)).empty()) {
      kept.push_back(NameOf(attribute));
    }
  }
  for (absl::string_view attribute : after) wanted.push_back(NameOf(attribute));
  return kept.size() <= wanted.size() &&
         std::equal(kept.begin(), kept.end(), wanted.begin());
}

// Tables OF the type, which are altered with it.
bool HasTables(const Object& type, const Schema& schema) {
  const absl::Span<const Object> tables = schema.OfKind(v1::TABLE);
  return std::any_of(tables.begin(), tables.end(), [&](const Object& table) {
    return table.Has("of_type") && DependsOn(table, type.key);
  });
}

void AlterAttributes(const Object& from, const Object& to, Renderer& renderer) {
  const std::vector<absl::string_view> before =
      SplitList(from.Get("attributes"));
  const std::vector<absl::string_view> after = SplitList(to.Get("attributes"));
  if (!KeepsOrder(before, after)) {
    return renderer.Fail(absl::FailedPreconditionError(
        "attributes can only be added at the end of a type; change it by "
        "hand"));
  }
  const bool cascade = HasTables(from, renderer.from());
  const auto write = [&](Sql action) {
    Sql sql = NewSql();
    sql << "ALTER " << TypeWord(to) << " " << action;
    if (cascade) sql << " CASCADE";
    return &renderer.Add(sql, kAccessExclusive);
  };
  for (absl::string_view attribute : before) {
    const absl::string_view name = NameOf(attribute);
    const absl::string_view wanted = FindAttribute(after, name);
    if (wanted == attribute) continue;
    Sql action = NewSql();
    if (wanted.empty()) {
      action << "DROP ATTRIBUTE " << Verbatim{name};
      Warn(*write(action), v1::DELETES_DATA,
           "this deletes the values of an attribute of type", to.path());
    } else {
      action << "ALTER ATTRIBUTE " << Verbatim{name} << " TYPE"
             << Verbatim{wanted.substr(name.size())};
      write(action)->set_rewrites_table(cascade);
    }
  }
  for (absl::string_view attribute : after) {
    if (!FindAttribute(before, NameOf(attribute)).empty()) continue;
    Sql action = NewSql();
    action << "ADD ATTRIBUTE " << Verbatim{attribute};
    write(action);
  }
}

void Alter(const Difference& difference, Renderer& renderer) {
  const Object& from = *difference.from;
  const Object& to = *difference.to;
  if (Changed(difference, "attributes")) AlterAttributes(from, to, renderer);
  if (Changed(difference, "comment")) {
    WriteComment(to, TypeWord(to), renderer);
  }
  WriteColumnComments(to, from.Get("column_comments"),
                      to.Get("column_comments"), renderer);
}

}  // namespace

void ReadComposites(Catalog& catalog) {
  for (int i = 0; i < catalog.RowCount(kTypeRows); ++i) {
    const CatalogRow row = catalog.Row(kTypeRows, i);
    if (row.Letter(3) != 'c') continue;
    const Relation* relation = catalog.FindRelation(row.Id(5));
    if (relation == nullptr || relation->kind != 'c') continue;
    Object type(v1::COMPOSITE, catalog.PathOf(*relation));
    type.Set("attributes", PrintedColumns(*relation, catalog));
    catalog.DependOnSchema(type);
    const CatalogKey key(kTypeClass, row.Id(0), 0);
    catalog.Add(key, std::move(type));
    catalog.AddAlias(CatalogKey(kRelationClass, relation->oid, 0), key);
  }
}

void DependComposites(Catalog& catalog) {
  for (const Relation* relation : catalog.Relations()) {
    if (relation->kind != 'c') continue;
    Object* type =
        catalog.FindObject(CatalogKey(kRelationClass, relation->oid, 0));
    if (type == nullptr) continue;
    for (const ColumnRef& column : relation->columns) {
      if (!column.name.empty()) catalog.DependOnType(*type, column.type);
    }
  }
}

KindHandler CompositeHandler() {
  KindHandler handler;
  handler.spec.kind = v1::COMPOSITE;
  handler.spec.attributes = kAttributes;
  handler.spec.recreatable = false;
  handler.create = Create;
  handler.drop = Drop;
  handler.alter = Alter;
  handler.rename = RenameOwn;
  return handler;
}

}  // namespace fleet::postgres
