#ifndef LIB_ENGINE_SQLITE_RESULT_CODE_H_
#define LIB_ENGINE_SQLITE_RESULT_CODE_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

// What SQLite's result codes mean for retrying: one table. Pure.

namespace fleet {

// "SQLITE_CONSTRAINT: message" with class and code of the table. `code` may be
// an extended one.
absl::Status SqliteError(int code, absl::string_view message);

}  // namespace fleet

#endif  // LIB_ENGINE_SQLITE_RESULT_CODE_H_
