#ifndef LIB_ENGINE_POSTGRES_DIALECT_H_
#define LIB_ENGINE_POSTGRES_DIALECT_H_

#include "lib/engine/dialect.h"

namespace fleet {

// The one instance; lives for ever, thread-safe.
const Dialect& PostgresDialect();

}  // namespace fleet

#endif  // LIB_ENGINE_POSTGRES_DIALECT_H_
