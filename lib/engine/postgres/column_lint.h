#ifndef LIB_ENGINE_POSTGRES_COLUMN_LINT_H_
#define LIB_ENGINE_POSTGRES_COLUMN_LINT_H_

#include "lib/engine/kind_handler.h"

// What a statement about a column does to its table's rows.

namespace fleet::postgres {

// Marks the ADD COLUMN of `column`.
void LintNewColumn(const Object& column, const Renderer& renderer,
                   v1::Statement& statement);
// Marks the ALTER … TYPE.
void LintTypeChange(const Object& from, const Object& to,
                    const Renderer& renderer, v1::Statement& statement);

}  // namespace fleet::postgres

#endif  // LIB_ENGINE_POSTGRES_COLUMN_LINT_H_
