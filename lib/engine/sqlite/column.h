#ifndef LIB_ENGINE_SQLITE_COLUMN_H_
#define LIB_ENGINE_SQLITE_COLUMN_H_

#include <string>

#include "lib/schema/object.h"

namespace fleet::sqlite {

// All that follows a column's name in CREATE TABLE or ADD COLUMN. Pure.
std::string ColumnClauses(const Object& column);

// True when the column computes its value. Pure.
bool IsGenerated(const Object& column);

}  // namespace fleet::sqlite

#endif  // LIB_ENGINE_SQLITE_COLUMN_H_
