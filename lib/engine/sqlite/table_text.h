#ifndef LIB_ENGINE_SQLITE_TABLE_TEXT_H_
#define LIB_ENGINE_SQLITE_TABLE_TEXT_H_

#include <vector>

#include "absl/strings/string_view.h"
#include "lib/engine/sql.h"
#include "lib/engine/sqlite/tokens.h"
#include "lib/schema/schema.h"

// From the objects of a table back to its CREATE TABLE. Pure.

namespace fleet::sqlite {

// A table and what its CREATE absorbs, in the order it was written.
struct TableParts {
  const Object* table = nullptr;
  std::vector<const Object*> columns;
  std::vector<const Object*> constraints;  // also inline ones
};

// `table` is in `schema`.
TableParts PartsOf(const Object& table, const Schema& schema);
// The same before there is a schema: `objects` holds one table and its parts.
TableParts PartsOf(const std::vector<Object>& objects);

// "email TEXT NOT NULL COLLATE nocase".
Sql ColumnSql(const Object& column);

// CREATE TABLE `name` (…), whatever the table itself is called.
Sql CreateTableSql(const TableParts& parts, absl::string_view name);

// The rank of a column or constraint among its likes: attribute "position".
void SetPosition(int position, Object& object);

// Keeps the written text where it is not the canonical one.
void SetSpelling(absl::string_view written, absl::string_view canonical,
                 Object& object);

}  // namespace fleet::sqlite

#endif  // LIB_ENGINE_SQLITE_TABLE_TEXT_H_
