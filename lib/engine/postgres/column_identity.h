#ifndef LIB_ENGINE_POSTGRES_COLUMN_IDENTITY_H_
#define LIB_ENGINE_POSTGRES_COLUMN_IDENTITY_H_

#include "lib/engine/kind_handler.h"

// Columns with a sequence of their own.

namespace fleet::postgres {

// GENERATED ALWAYS AS IDENTITY (START WITH …)
void AppendIdentity(const Object& column, Sql& sql);
void DropIdentity(const Object& column, Renderer& renderer);
void AddIdentity(const Object& column, Renderer& renderer);
// Of a column that has one before and after.
void AlterIdentity(const Difference& difference, Renderer& renderer);

}  // namespace fleet::postgres

#endif  // LIB_ENGINE_POSTGRES_COLUMN_IDENTITY_H_
