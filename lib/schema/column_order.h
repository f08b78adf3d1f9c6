#ifndef LIB_SCHEMA_COLUMN_ORDER_H_
#define LIB_SCHEMA_COLUMN_ORDER_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "lib/schema/schema.h"

// The order of a table's columns, for engines where people look at it: a column
// says which one it stands after (attribute "after"; none: the first). It is
// not compared unless a scope says so; then the table has it as an attribute
// "column_order". Pure.

namespace fleet {

// The columns of `table` as they stand. Those that follow one that is not there
// come last.
std::vector<const Object*> ColumnsInOrder(const Path& table,
                                          const Schema& schema);

// `schema` with the order of columns as something that tables are compared by.
// Tables whose columns do not say where they stand stay as they are.
absl::StatusOr<Schema> WithColumnOrder(const Schema& schema);

// The smallest set of `want`'s names that must move so that `have` becomes
// `want`; ordered as in `want`. REQUIRES: the two have the same names, each
// once.
std::vector<std::string> NamesToMove(absl::Span<const std::string> have,
                                     absl::Span<const std::string> want);

}  // namespace fleet

#endif  // LIB_SCHEMA_COLUMN_ORDER_H_
