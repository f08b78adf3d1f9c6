#ifndef LIB_ENGINE_POSTGRES_COLUMN_ROWS_H_
#define LIB_ENGINE_POSTGRES_COLUMN_ROWS_H_

#include <string>

#include "lib/schema/object.h"

namespace fleet::postgres {

// What the sequence of an identity column is called: its attribute, else what
// the server would choose.
std::string IdentitySequenceName(const Object& column);

}  // namespace fleet::postgres

#endif  // LIB_ENGINE_POSTGRES_COLUMN_ROWS_H_
