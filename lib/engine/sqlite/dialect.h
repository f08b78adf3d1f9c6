#ifndef LIB_ENGINE_SQLITE_DIALECT_H_
#define LIB_ENGINE_SQLITE_DIALECT_H_

#include "lib/engine/dialect.h"

namespace fleet {

// The one instance; lives for ever, thread-safe.
const Dialect& SqliteDialect();

}  // namespace fleet

#endif  // LIB_ENGINE_SQLITE_DIALECT_H_
