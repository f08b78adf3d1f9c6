#ifndef LIB_ENGINE_POSTGRES_INDEX_SETTINGS_H_
#define LIB_ENGINE_POSTGRES_INDEX_SETTINGS_H_

#include "lib/engine/postgres/ddl.h"

// What can be changed of an index in place, its own or a key's: options,
// tablespace, clustering, replica identity.

namespace fleet::postgres {

// After creation: clustered, replica_identity.
void FinishIndex(const Object& index, Renderer& renderer);
void AlterIndexSettings(const Difference& difference, Renderer& renderer);

}  // namespace fleet::postgres

#endif  // LIB_ENGINE_POSTGRES_INDEX_SETTINGS_H_
