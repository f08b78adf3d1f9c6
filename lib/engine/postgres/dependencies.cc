#include "lib/engine/postgres/dependencies.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "lib/engine/postgres/quoting.h"

namespace fleet::postgres {
namespace {

// The enum of the column that is used, where it is one.
void DependOnEnum(const Catalog& catalog, const CatalogKey& column,
                  Object& object) {
  const auto& [class_id, oid, number] = column;
  if (class_id != kRelationClass || number == 0) return;
  const Relation* relation = catalog.FindRelation(oid);
  const ColumnRef* used =
      relation == nullptr ? nullptr : relation->Column(number);
  if (used == nullptr || object.kind() == v1::COLUMN) return;
  const ObjectKey type = catalog.Resolve(CatalogKey(kTypeClass, used->type, 0));
  if (type.kind == v1::ENUM) object.depends_on.push_back({type, false});
}

// What uses a generated column has to be away, too, while one is altered that
// it is computed from.
void DependOnSources(Catalog& catalog, const CatalogKey& column,
                     const CatalogKey& user) {
  const Relation* relation = catalog.FindRelation(std::get<1>(column));
  const ColumnRef* used =
      relation == nullptr ? nullptr : relation->Column(std::get<2>(column));
  if (used == nullptr || !used->generated) return;
  const Object* generated = catalog.FindObject(column);
  Object* object = catalog.FindObject(user);
  if (generated == nullptr || object == nullptr || generated == object) return;
  for (const Dependency& dependency : generated->depends_on) {
    if (dependency.on.kind == v1::COLUMN) {
      object->depends_on.push_back(dependency);
    }
  }
}

// What uses an inherited column has to be away, too, while the parent table's
// is altered.
void DependOnOrigins(Catalog& catalog, Oid relation_oid,
                     absl::string_view column, Object& object) {
  const Relation* relation = catalog.FindRelation(relation_oid);
  if (relation == nullptr) return;
  for (Oid oid : relation->parents) {
    const Relation* parent = catalog.FindRelation(oid);
    if (parent == nullptr) continue;
    object.DependsOn(v1::COLUMN, catalog.PathOf(*parent).Child(column));
    DependOnOrigins(catalog, oid, column, object);
  }
}

bool IsListed(const Object& object) {
  return object.kind() == v1::VIEW || object.kind() == v1::MATERIALIZED_VIEW ||
         object.kind() == v1::COMPOSITE;
}

// "c IS 'text'" at the end of column_comments.
void AddColumnComment(const Catalog& catalog, Oid relation_oid, int number,
                      absl::string_view text, Object& object) {
  const Relation* relation = catalog.FindRelation(relation_oid);
  const ColumnRef* column =
      relation == nullptr ? nullptr : relation->Column(number);
  if (column == nullptr) return;
  const absl::string_view before = object.Get("column_comments");
  object.Set("column_comments",
             absl::StrCat(before, before.empty() ? "" : ", ",
                          QuoteName(column->name), " IS ", QuoteLiteral(text)));
}

}  // namespace

void ReadDependencies(Catalog& catalog) {
  for (int i = 0; i < catalog.RowCount(kDependencyRows); ++i) {
    const CatalogRow row = catalog.Row(kDependencyRows, i);
    const char sort = row.Letter(6);
    if (sort != 'n' && sort != 'a') continue;
    const CatalogKey from(row.Id(0), row.Id(1), static_cast<int>(row.Count(2)));
    const CatalogKey on(row.Id(3), row.Id(4), static_cast<int>(row.Count(5)));
    Object* object = catalog.FindObject(from);
    // Sequences owned by a column have an object of their own for that.
    if (object == nullptr || object->kind() == v1::SEQUENCE) continue;
    const bool statistics = std::get<0>(from) == kStatisticsClass;
    if (object->kind() == v1::OPAQUE && sort == 'a' && !statistics) continue;
    catalog.Depend(*object, on);
    DependOnEnum(catalog, on, *object);
  }
  for (int i = 0; i < catalog.RowCount(kDependencyRows); ++i) {
    const CatalogRow row = catalog.Row(kDependencyRows, i);
    if (row.Letter(6) != 'n' || row.Id(3) != kRelationClass) continue;
    const CatalogKey user(row.Id(0), row.Id(1), static_cast<int>(row.Count(2)));
    DependOnSources(
        catalog,
        CatalogKey(row.Id(3), row.Id(4), static_cast<int>(row.Count(5))), user);
    const Relation* relation = catalog.FindRelation(row.Id(4));
    if (relation == nullptr || relation->parents.empty()) continue;
    const ColumnRef* column = relation->Column(row.Count(5));
    Object* object = catalog.FindObject(user);
    if (column != nullptr && object != nullptr) {
      DependOnOrigins(catalog, relation->oid, column->name, *object);
    }
  }
}

void ReadComments(Catalog& catalog) {
  std::vector<int> rows(static_cast<size_t>(catalog.RowCount(kCommentRows)));
  for (size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<int>(i);
  std::sort(rows.begin(), rows.end(), [&](int a, int b) {
    return catalog.Row(kCommentRows, a).Count(2) <
           catalog.Row(kCommentRows, b).Count(2);
  });
  for (int index : rows) {
    const CatalogRow row = catalog.Row(kCommentRows, index);
    const Oid class_id = row.Id(0);
    const int column = static_cast<int>(row.Count(2));
    const CatalogKey key(class_id, row.Id(1), column);
    const CatalogKey whole(class_id, row.Id(1), 0);
    Object* object = catalog.FindObject(key);
    if (object != nullptr && object->kind() != v1::OPAQUE) {
      // A comment on the index of a key is not one on the key.
      const bool key_index =
          class_id == kRelationClass && column == 0 &&
          (object->kind() == v1::PRIMARY_KEY ||
           object->kind() == v1::UNIQUE_KEY || object->kind() == v1::EXCLUSION);
      object->Set(key_index ? "index_comment" : "comment", row.Text(3));
      continue;
    }
    object = catalog.FindObject(whole);
    if (object == nullptr) continue;
    if (object->kind() == v1::OPAQUE) {
      catalog.AddOpaquePart(
          whole, absl::StrCat("comment ", row.Text(2), " ", row.Text(3)));
    } else if (column != 0 && IsListed(*object)) {
      AddColumnComment(catalog, row.Id(1), column, row.Text(3), *object);
    }
  }
}

}  // namespace fleet::postgres
