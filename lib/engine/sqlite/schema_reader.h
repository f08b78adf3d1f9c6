#ifndef LIB_ENGINE_SQLITE_SCHEMA_READER_H_
#define LIB_ENGINE_SQLITE_SCHEMA_READER_H_

#include "absl/status/statusor.h"
#include "lib/engine/sqlite/catalog.h"
#include "lib/schema/schema.h"

namespace fleet::sqlite {

// The schema that the rows of a catalog describe. What is not understood to the
// last token becomes an opaque object with its text; the inside of virtual
// tables is left out. Pure.
absl::StatusOr<Schema> ReadSqliteSchema(const SchemaInfo& info,
                                        const Catalog& catalog);

}  // namespace fleet::sqlite

#endif  // LIB_ENGINE_SQLITE_SCHEMA_READER_H_
