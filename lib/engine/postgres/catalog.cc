#include "lib/engine/postgres/catalog.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "lib/engine/postgres/quoting.h"

namespace fleet::postgres {
namespace {

constexpr absl::string_view kSystemSchema = "pg_catalog";

bool IsUserSchemaName(absl::string_view name) {
  return !absl::StartsWith(name, "pg_") && name != "information_schema" &&
         name != "fleetctl_meta";
}

}  // namespace

Catalog::Catalog(absl::Span<const std::unique_ptr<RowSet>> results)
    : results_(results) {
  // Growing would need half as much again.
  objects_.reserve(
      static_cast<size_t>(RowCount(kRelationRows) + RowCount(kColumnRows) +
                          RowCount(kConstraintRows) + RowCount(kFunctionRows)));
  IndexRareRows();
  ReadSchemas();
  ReadNames();
  ReadTypes();
  ReadExtensions();
  ReadRelations();
  ReadColumns();
}

void Catalog::IndexRareRows() {
  for (int i = 0; i < RowCount(kRareRows); ++i) {
    rare_rows_[Row(kRareRows, i).Text(0)].push_back(i);
  }
}

std::vector<RareRow> Catalog::RareRows(absl::string_view sort) const {
  std::vector<RareRow> rows;
  const auto found = rare_rows_.find(sort);
  if (found == rare_rows_.end()) return rows;
  for (int index : found->second) {
    const CatalogRow row = Row(kRareRows, index);
    const Oid schema = row.Id(4);
    if (schema != 0 && !IsUserSchema(schema)) continue;
    if (IsExtensionMember(row.Id(1), row.Id(2))) continue;
    rows.emplace_back(row.Id(1), row.Id(2), row.Text(3), schema, row.Id(5),
                      row.Text(6));
  }
  return rows;
}

void Catalog::ReadSchemas() {
  for (int i = 0; i < RowCount(kSchemaRows); ++i) {
    const CatalogRow row = Row(kSchemaRows, i);
    schemas_.emplace(
        row.Id(0), std::make_pair(row.Text(1), IsUserSchemaName(row.Text(1))));
  }
}

void Catalog::ReadNames() {
  for (int i = 0; i < RowCount(kNameRows); ++i) {
    const CatalogRow row = Row(kNameRows, i);
    if (row.Letter(0) == 'i') continue;
    NameRow name;
    name.name = row.Text(2);
    name.schema = row.Id(3);
    name.method = row.Id(4);
    name.input = row.Id(5);
    name.is_default = row.Is(6);
    if (row.Letter(0) == 'o' && name.is_default) {
      default_opclasses_.emplace(std::make_pair(name.method, name.input),
                                 row.Id(1));
    }
    names_.emplace(std::make_pair(row.Letter(0), row.Id(1)), name);
  }
}

void Catalog::ReadTypes() {
  for (int i = 0; i < RowCount(kTypeRows); ++i) {
    const CatalogRow row = Row(kTypeRows, i);
    TypeRow type;
    type.oid = row.Id(0);
    type.name = std::string(row.Text(1));
    type.schema = row.Id(2);
    type.sort = row.Letter(3);
    type.element = row.Id(4);
    type.relation = row.Id(5);
    type.collation = row.Id(6);
    type.storage = row.Letter(7);
    const absl::string_view schema = SchemaName(type.schema);
    types_.Add(std::move(type),
               schema == kSystemSchema ? "" : QuoteName(schema));
  }
}

void Catalog::ReadExtensions() {
  for (int i = 0; i < RowCount(kExtensionRows); ++i) {
    const CatalogRow row = Row(kExtensionRows, i);
    extensions_.emplace(row.Id(0), row.Text(1));
  }
  for (int i = 0; i < RowCount(kDependencyRows); ++i) {
    const CatalogRow row = Row(kDependencyRows, i);
    if (row.Letter(6) != 'e') continue;
    members_.emplace(std::make_pair(row.Id(0), row.Id(1)), row.Id(4));
  }
}

void Catalog::ReadRelations() {
  for (int i = 0; i < RowCount(kRelationRows); ++i) {
    const CatalogRow row = Row(kRelationRows, i);
    const Oid oid = row.Id(0);
    if (!IsUserSchema(row.Id(2)) || IsExtensionMember(kRelationClass, oid)) {
      continue;
    }
    auto relation = std::make_unique<Relation>();
    relation->oid = oid;
    relation->name = row.Text(1);
    relation->schema = row.Id(2);
    relation->kind = row.Letter(3);
    relation->row = i;
    relation->is_partition = row.Is(9);
    relations_.emplace(oid, relation.get());
    ordered_relations_.emplace(oid, std::move(relation));
  }
  for (int i = 0; i < RowCount(kNameRows); ++i) {
    const CatalogRow row = Row(kNameRows, i);
    if (row.Letter(0) != 'i') continue;
    Relation* child = FindRelation(row.Id(1));
    Relation* parent = FindRelation(row.Id(4));
    if (child == nullptr || parent == nullptr) continue;
    const auto place = static_cast<size_t>(row.Count(5));
    if (child->parents.size() < place) child->parents.resize(place);
    if (place > 0) child->parents[place - 1] = parent->oid;
    parent->has_children = true;
  }
}

void Catalog::ReadColumns() {
  for (int i = 0; i < RowCount(kColumnRows); ++i) {
    const CatalogRow row = Row(kColumnRows, i);
    Relation* relation = FindRelation(row.Id(0));
    if (relation == nullptr) continue;
    const auto number = static_cast<size_t>(row.Count(1));
    if (relation->columns.size() < number) relation->columns.resize(number);
    ColumnRef& column = relation->columns[number - 1];
    column.name = row.Text(2);
    column.type = row.Id(3);
    column.generated = !row.Text(7).empty();
    column.collation = row.Id(8);
    relation->column_rows.push_back(i);
  }
  for (auto& [oid, relation] : ordered_relations_) {
    std::sort(relation->column_rows.begin(), relation->column_rows.end(),
              [this](int a, int b) {
                return Row(kColumnRows, a).Count(1) <
                       Row(kColumnRows, b).Count(1);
              });
  }
}

bool Catalog::IsUserSchema(Oid schema) const {
  const auto found = schemas_.find(schema);
  return found != schemas_.end() && found->second.second;
}

absl::string_view Catalog::SchemaName(Oid schema) const {
  const auto found = schemas_.find(schema);
  return found == schemas_.end() ? "" : found->second.first;
}

std::string Catalog::QualifiedName(Oid schema, absl::string_view name) const {
  const absl::string_view schema_name = SchemaName(schema);
  if (schema_name == kSystemSchema) return QuoteName(name);
  return absl::StrCat(QuoteName(schema_name), ".", QuoteName(name));
}

const Catalog::NameRow* Catalog::FindName(char sort, Oid oid) const {
  const auto found = names_.find(std::make_pair(sort, oid));
  return found == names_.end() ? nullptr : &found->second;
}

std::string Catalog::CollationName(Oid collation) const {
  const NameRow* row = FindName('c', collation);
  return row == nullptr ? "" : QualifiedName(row->schema, row->name);
}

std::string Catalog::OperatorClassName(Oid opclass) const {
  const NameRow* row = FindName('o', opclass);
  return row == nullptr ? "" : QualifiedName(row->schema, row->name);
}

bool Catalog::IsNamedOperatorClass(Oid opclass, Oid type) const {
  const NameRow* row = FindName('o', opclass);
  if (row == nullptr || !row->is_default) return true;
  const auto exact = default_opclasses_.find(std::make_pair(row->method, type));
  return exact != default_opclasses_.end() && exact->second != opclass;
}

absl::string_view Catalog::AccessMethodName(Oid method) const {
  const NameRow* row = FindName('a', method);
  return row == nullptr ? "" : row->name;
}

absl::string_view Catalog::TablespaceName(Oid tablespace) const {
  const NameRow* row = FindName('s', tablespace);
  return row == nullptr ? "" : row->name;
}

bool Catalog::IsExtensionMember(Oid class_id, Oid object) const {
  return members_.contains(std::make_pair(class_id, object));
}

Relation* Catalog::FindRelation(Oid oid) {
  const auto found = relations_.find(oid);
  return found == relations_.end() ? nullptr : found->second;
}

const Relation* Catalog::FindRelation(Oid oid) const {
  const auto found = relations_.find(oid);
  return found == relations_.end() ? nullptr : found->second;
}

std::vector<Relation*> Catalog::Relations() {
  std::vector<Relation*> relations;
  relations.reserve(ordered_relations_.size());
  for (auto& [oid, relation] : ordered_relations_) {
    relations.push_back(relation.get());
  }
  return relations;
}

void Catalog::Add(CatalogKey key, Object object) {
  index_.emplace(key, static_cast<int>(objects_.size()));
  objects_.push_back(std::move(object));
}

void Catalog::AddRare(const RareRow& row, Object object) {
  Add(CatalogKey(row.class_id(), row.oid(), 0), std::move(object));
}

void Catalog::AddAlias(CatalogKey alias, CatalogKey key) {
  const int index = IndexOf(key);
  if (index >= 0) index_.emplace(alias, index);
}

int Catalog::IndexOf(const CatalogKey& key) const {
  const auto found = index_.find(key);
  return found == index_.end() ? -1 : found->second;
}

Object* Catalog::FindObject(const CatalogKey& key) {
  const int index = IndexOf(key);
  return index < 0 ? nullptr : &objects_[static_cast<size_t>(index)];
}

ObjectKey Catalog::Resolve(const CatalogKey& key) const {
  const auto& [class_id, oid, column] = key;
  int index = IndexOf(key);
  if (index < 0 && column != 0) {
    index = IndexOf(CatalogKey(class_id, oid, 0));
  }
  if (index >= 0) return objects_[static_cast<size_t>(index)].key;
  if (class_id == kTypeClass) {
    const TypeRow* type = types_.Find(oid);
    if (type != nullptr && type->element != 0) {
      return Resolve(CatalogKey(kTypeClass, type->element, 0));
    }
    if (type != nullptr && type->relation != 0) {
      return Resolve(CatalogKey(kRelationClass, type->relation, 0));
    }
  }
  const auto member = members_.find(std::make_pair(class_id, oid));
  if (member == members_.end()) return ObjectKey{};
  const auto extension = extensions_.find(member->second);
  if (extension == extensions_.end()) return ObjectKey{};
  return ObjectKey{v1::EXTENSION, Path{extension->second}};
}

void Catalog::AddOpaquePart(const CatalogKey& key, std::string part) {
  const int index = IndexOf(key);
  if (index >= 0) opaque_parts_[index].push_back(std::move(part));
}

void Catalog::Depend(Object& object, const CatalogKey& on) const {
  ObjectKey key = Resolve(on);
  if (key.path.empty() || key == object.key) return;
  object.depends_on.push_back({std::move(key), false});
}

void Catalog::DependOnType(Object& object, Oid type) const {
  Depend(object, CatalogKey(kTypeClass, type, 0));
}

void Catalog::DependOnCollation(Object& object, Oid collation) const {
  if (collation != 0) {
    Depend(object, CatalogKey(kCollationClass, collation, 0));
  }
}

void Catalog::DependOnSchema(Object& object) const {
  object.DependsOn(v1::SCHEMA, Path{object.path().first()});
}

std::vector<Object> Catalog::TakeObjects() {
  for (auto& [index, parts] : opaque_parts_) {
    Object& object = objects_[static_cast<size_t>(index)];
    std::sort(parts.begin(), parts.end());
    object.Set("definition", absl::StrCat(object.Get("definition"), "\n",
                                          absl::StrJoin(parts, "\n")));
  }
  index_.clear();
  opaque_parts_.clear();
  return std::move(objects_);
}

}  // namespace fleet::postgres
