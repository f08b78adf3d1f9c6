#ifndef TESTS_LIB_ENGINE_TABLE_DIALECT_H_
#define TESTS_LIB_ENGINE_TABLE_DIALECT_H_

#include "lib/engine/dialect.h"

namespace fleet::testing {

// The smallest dialect there is, for what the shared code does with any: tables
// with a comment, columns, and indexes that are made outside of transactions.
// It reads no server. Lives for ever.
const Dialect& TableDialect();

}  // namespace fleet::testing

#endif  // TESTS_LIB_ENGINE_TABLE_DIALECT_H_
