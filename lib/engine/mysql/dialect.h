#ifndef LIB_ENGINE_MYSQL_DIALECT_H_
#define LIB_ENGINE_MYSQL_DIALECT_H_

#include "lib/engine/dialect.h"

namespace fleet {

// The one instance; lives for ever, thread-safe.
const Dialect& MysqlDialect();

}  // namespace fleet

#endif  // LIB_ENGINE_MYSQL_DIALECT_H_
