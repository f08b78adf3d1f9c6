#ifndef LIB_ENGINE_POSTGRES_COLUMN_NOT_NULL_H_
#define LIB_ENGINE_POSTGRES_COLUMN_NOT_NULL_H_

#include "lib/engine/kind_handler.h"

// Columns that take no NULL.

namespace fleet::postgres {

// SET or DROP NOT NULL, as the column has it.
void WriteNotNull(const Object& column, Renderer& renderer);
// The same, with what it does to the parts of a table put right.
void AlterNotNull(const Object& column, Renderer& renderer);
// True where the statement of the parent table's column has changed that of
// this one, too.
bool NullFollows(const Object& column, const Renderer& renderer);

}  // namespace fleet::postgres

#endif  // LIB_ENGINE_POSTGRES_COLUMN_NOT_NULL_H_
