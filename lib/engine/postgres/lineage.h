#ifndef LIB_ENGINE_POSTGRES_LINEAGE_H_
#define LIB_ENGINE_POSTGRES_LINEAGE_H_

#include "lib/engine/kind_handler.h"
#include "lib/engine/postgres/catalog.h"

// What a table is a part of: PARTITION and INHERITANCE objects below it. What
// is done to the parent's columns and constraints the server does to the
// table's, too: these have the attribute "inherited" ("true", or "merged" where
// the table has declared them as well), and say nothing themselves as long as
// the table stays where it belongs.

namespace fleet::postgres {

// The table that a PARTITION or INHERITANCE names.
Path ParentTable(const Object& membership);

bool IsPartition(const Schema& schema, const Path& table);
bool IsPartitioned(const Schema& schema, const Path& table);

// `table` is partitioned, is a part of another table or has parts itself.
bool IsOfFamily(const Schema& schema, const Path& table);

// True where the plan leaves the table a partition of the same table by the
// same bounds.
bool StaysPartition(const Renderer& renderer, const Path& table);

// A table, before and after a plan that does not touch it as a whole, that is
// partitioned and a part as it was.
bool IsSteadyTable(const Renderer& renderer, const Path& table);

// No part, of a part either, comes to `table`.
bool HasSteadyParts(const Renderer& renderer, const Path& table);

// What `object`, an inherited column or constraint of `schema`, comes from: the
// parent's of the same name, of a parent that the table has before and after
// the plan. nullptr where there is none.
const Object* SteadyOrigin(const Object& object, const Schema& schema,
                           const Renderer& renderer);

// Other tables are part of it, before or after.
bool HasParts(const Renderer& renderer, const Path& table);

// ALTER TABLE [ONLY] s.t ALTER COLUMN c: without what is part of the table.
Sql AlterColumnOnly(const Path& column, const Renderer& renderer);

// ALTER TABLE [ONLY] s.t ADD CONSTRAINT c, of a key: parts have their own.
Sql AddConstraintOnly(const Path& constraint, const Renderer& renderer);

// FailedPrecondition where what a table declares itself would have to come by
// inheritance alone.
absl::Status CheckInherited(const Difference& difference,
                            const Renderer& renderer);

// Sets "inherited" by a catalog's (inherited, local) and returns whether it is.
bool SetInherited(bool inherited, bool local, Object& object);

}  // namespace fleet::postgres

#endif  // LIB_ENGINE_POSTGRES_LINEAGE_H_
