#ifndef LIB_ENGINE_POSTGRES_DEPENDENCIES_H_
#define LIB_ENGINE_POSTGRES_DEPENDENCIES_H_

#include "lib/engine/postgres/catalog.h"

// What concerns objects of all kinds, once all are there.

namespace fleet::postgres {

// pg_depend as hard dependencies. An object that uses a column also depends on
// the enum that the column is of: it has to be away while that is replaced.
void ReadDependencies(Catalog& catalog);

// pg_description as "comment" and, of columns of views and composite types,
// "column_comments".
void ReadComments(Catalog& catalog);

}  // namespace fleet::postgres

#endif  // LIB_ENGINE_POSTGRES_DEPENDENCIES_H_
