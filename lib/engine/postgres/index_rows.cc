#include "lib/engine/postgres/index_rows.h"

#include "absl/strings/str_cat.h"
#include "lib/engine/postgres/ddl.h"

namespace fleet::postgres {
namespace {

constexpr int64_t kDescending = 1;  // INDOPTION_DESC
constexpr int64_t kNullsFirst = 2;  // INDOPTION_NULLS_FIRST

std::string Order(int64_t option) {
  const bool descending = (option & kDescending) != 0;
  const bool nulls_first = (option & kNullsFirst) != 0;
  return absl::StrCat(descending ? " DESC" : "",
                      nulls_first == descending
                          ? ""
                          : (nulls_first ? " NULLS FIRST" : " NULLS LAST"));
}

template <typename T>
T At(const std::vector<T>& values, size_t index) {
  return index < values.size() ? values[index] : T{};
}

}  // namespace

std::string IndexKeys(const CatalogRow& row, const Relation& index,
                      const Relation& table, const Catalog& catalog) {
  if (!row.IsNull(13)) {
    return CanonicalExpression(FirstParenthesized(row.Text(13)));
  }
  const std::vector<int64_t> columns = ParseNumbers(row.Text(8));
  const std::vector<int64_t> opclasses = ParseNumbers(row.Text(9));
  const std::vector<int64_t> collations = ParseNumbers(row.Text(10));
  const std::vector<int64_t> options = ParseNumbers(row.Text(11));
  std::vector<std::string> keys;
  for (size_t i = 0; i < static_cast<size_t>(row.Count(2)); ++i) {
    const ColumnRef* column = table.Column(At(columns, i));
    if (column == nullptr) continue;
    std::string key = QuoteName(column->name);
    const Oid collation = static_cast<Oid>(At(collations, i));
    if (collation != 0 && collation != column->collation) {
      absl::StrAppend(&key, " COLLATE ", catalog.CollationName(collation));
    }
    const Oid opclass = static_cast<Oid>(At(opclasses, i));
    if (catalog.IsNamedOperatorClass(opclass, column->type)) {
      absl::StrAppend(&key, " ", catalog.OperatorClassName(opclass));
    }
    absl::StrAppend(&key, Order(At(options, i)));
    keys.push_back(std::move(key));
  }
  return JoinList(keys);
}

std::string ColumnNames(const Relation& table,
                        const std::vector<int64_t>& numbers) {
  std::vector<std::string> names;
  for (int64_t number : numbers) {
    const ColumnRef* column = table.Column(number);
    if (column != nullptr) names.push_back(QuoteName(column->name));
  }
  return JoinList(names);
}

void DependOnColumns(const Relation& table, const std::vector<int64_t>& numbers,
                     const Catalog& catalog, Object& object) {
  for (int64_t number : numbers) {
    if (number <= 0) continue;
    catalog.Depend(object, CatalogKey(kRelationClass, table.oid,
                                      static_cast<int>(number)));
  }
}

void SetIndexAttributes(const CatalogRow& row, const Relation& index,
                        const Relation& table, Catalog& catalog,
                        Object& object) {
  const CatalogRow relation = catalog.Row(kRelationRows, index.row);
  std::vector<int64_t> columns = ParseNumbers(row.Text(8));
  DependOnColumns(table, columns, catalog, object);
  const auto key_count = static_cast<size_t>(row.Count(2));
  if (columns.size() > key_count) {
    const std::vector<int64_t> included(
        columns.begin() + static_cast<long>(key_count), columns.end());
    object.Set("include", ColumnNames(table, included));
    columns.resize(key_count);
  }
  if (row.IsNull(13)) object.Set("columns", ColumnNames(table, columns));
  if (row.Is(4)) object.Set("clustered", "true");
  if (row.Is(6)) object.Set("replica_identity", "true");
  if (row.Is(7)) object.Set("nulls_not_distinct", "true");
  if (!relation.IsNull(13)) SetOptions(relation.Text(13), "", object);
  object.Set("tablespace", catalog.TablespaceName(relation.Id(8)));
  for (int64_t opclass : ParseNumbers(row.Text(9))) {
    catalog.Depend(object,
                   CatalogKey(kOpclassClass, static_cast<Oid>(opclass), 0));
  }
}

}  // namespace fleet::postgres
