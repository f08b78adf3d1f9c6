#ifndef LIB_ENGINE_POSTGRES_COLUMN_ROWS_H_
#define LIB_ENGINE_POSTGRES_COLUMN_ROWS_H_

#include <string>

#include "lib/schema/object.h"
#include "lib/schema/schema.h"

namespace fleet::postgres {

// pg_attribute.attstorage as ALTER COLUMN … SET STORAGE has it.
absl::string_view StorageWord(char storage);

// What the sequence of an identity column is called: its attribute, else what
// the server would choose.
std::string IdentitySequenceName(const Object& column);

// The identity column whose sequence has the path; nullptr when there is none.
// A serial that becomes an identity, and the other way round, hands its
// sequence's name over: one of them has a name of the moment in between.
const Object* FindIdentity(const Schema& schema, const Path& sequence);
std::string MomentName(absl::string_view name);

}  // namespace fleet::postgres

#endif  // LIB_ENGINE_POSTGRES_COLUMN_ROWS_H_
