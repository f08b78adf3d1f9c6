#include "lib/engine/sqlite/table_text.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lib/engine/sqlite/column.h"
#include "lib/engine/sqlite/quoting.h"

namespace fleet::sqlite {
namespace {

constexpr v1::ObjectKind kConstraintKinds[] = {v1::PRIMARY_KEY, v1::UNIQUE_KEY,
                                               v1::CHECK, v1::FOREIGN_KEY};

// Columns that were added since stand behind; so do those of another table.
void SortByPosition(std::vector<const Object*>& objects) {
  std::stable_sort(objects.begin(), objects.end(),
                   [](const Object* a, const Object* b) {
                     return a->Get("position") < b->Get("position");
                   });
}

void AddConstraint(const Object& constraint, Sql& sql) {
  const absl::string_view name = constraint.Get("constraint");
  if (!name.empty()) sql << "CONSTRAINT " << Identifier{name} << " ";
  sql << Verbatim{constraint.Has("spelling") ? constraint.Get("spelling")
                                             : constraint.Get("definition")};
}

}  // namespace

TableParts PartsOf(const Object& table, const Schema& schema) {
  TableParts parts;
  parts.table = &table;
  for (const Object& column : schema.ChildrenOf(table.path(), v1::COLUMN)) {
    parts.columns.push_back(&column);
  }
  for (v1::ObjectKind kind : kConstraintKinds) {
    for (const Object& object : schema.ChildrenOf(table.path(), kind)) {
      parts.constraints.push_back(&object);
    }
  }
  SortByPosition(parts.columns);
  SortByPosition(parts.constraints);
  return parts;
}

TableParts PartsOf(const std::vector<Object>& objects) {
  TableParts parts;
  for (const Object& object : objects) {
    if (object.kind() == v1::TABLE) {
      parts.table = &object;
    } else if (object.kind() == v1::COLUMN) {
      parts.columns.push_back(&object);
    } else {
      parts.constraints.push_back(&object);
    }
  }
  SortByPosition(parts.columns);
  SortByPosition(parts.constraints);
  return parts;
}

Sql ColumnSql(const Object& column) {
  Sql sql(kSqliteQuoting);
  if (column.Has("name_form")) {
    sql << Literal{WrittenName(column)};
  } else {
    sql << Identifier{WrittenName(column)};
  }
  const std::string clauses = ColumnClauses(column);
  if (!clauses.empty()) sql << " " << Verbatim{clauses};
  return sql;
}

Sql CreateTableSql(const TableParts& parts, absl::string_view name) {
  Sql sql(kSqliteQuoting);
  sql << "CREATE TABLE " << Identifier{name} << " (";
  bool first = true;
  for (const Object* column : parts.columns) {
    if (!first) sql << ",";
    first = false;
    sql << "\n  " << ColumnSql(*column);
  }
  for (const Object* constraint : parts.constraints) {
    if (constraint->Has("inline")) continue;
    sql << ",\n  ";
    AddConstraint(*constraint, sql);
  }
  sql << "\n)";
  const bool strict = parts.table->Has("strict");
  if (strict) sql << " STRICT";
  if (parts.table->Has("without_rowid")) {
    if (strict) sql << ",";
    sql << " WITHOUT ROWID";
  }
  return sql;
}

void SetPosition(int position, Object& object) {
  // Sorts as text; SQLite's limit is 32,767 columns.
  object.Set("position", absl::StrCat(absl::Dec(position, absl::kZeroPad5)));
}

void SetSpelling(absl::string_view written, absl::string_view canonical,
                 Object& object) {
  object.Set("spelling", written == canonical ? "" : written);
}

}  // namespace fleet::sqlite
