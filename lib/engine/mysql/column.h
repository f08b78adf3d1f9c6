#ifndef LIB_ENGINE_MYSQL_COLUMN_H_
#define LIB_ENGINE_MYSQL_COLUMN_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "lib/engine/kind_handler.h"
#include "lib/engine/mysql/alter.h"
#include "lib/engine/mysql/flavour.h"

// Columns: their text, and what changing them costs. Pure.

namespace fleet::mysql {

// "latin1_swedish_ci" → "latin1".
std::string CharsetOf(absl::string_view collation);

// "`a` varchar(20) NOT NULL DEFAULT 'x'". Character set and collation are
// named unless they are the default of `table` and `other`; null: as if so.
Sql ColumnSql(const Object& column, const Object* table, const Object* other);
// The same for an ALTER of a table that is in both schemas.
Sql ColumnSql(const Object& column, const Renderer& renderer);

// What MODIFY costs. `is_indexed`: a key holds the column.
Cost CostOfChange(const Object& from, const Object& to,
                  absl::Span<const absl::string_view> changed,
                  const Flavour& flavour, bool is_indexed);

// Adds the dangers of the change, its rules and what to ask the rows.
void NoteChange(const Object& from, const Object& to, const Renderer& renderer,
                v1::Statement& statement);

// A column that may be NULL and yet has no default: takes it away.
void DropDefault(const Object& column, Renderer& renderer);

// Gives the columns of a table the order that they shall have.
void MoveColumns(const Path& table, Renderer& renderer);

// Drops the column and adds the new one in one ALTER, with the keys that hold
// it. Only for columns that compute their value.
void ReplaceColumn(const Object& from, const Object& to, Renderer& renderer);

}  // namespace fleet::mysql

#endif  // LIB_ENGINE_MYSQL_COLUMN_H_
