#ifndef LIB_ENGINE_SQLITE_SCRIPT_H_
#define LIB_ENGINE_SQLITE_SCRIPT_H_

#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

// Files of SQL as the sqlite3 shell takes them. Pure.

namespace fleet::sqlite {

// "file:line:column: message" for byte `offset` of the script.
absl::Status ErrorAt(absl::string_view script, size_t offset,
                     absl::string_view file_name, const absl::Status& status);

// How many bytes of `script` are blanks, comments and dot commands before the
// next statement.
size_t BlankPrefix(absl::string_view script);

}  // namespace fleet::sqlite

#endif  // LIB_ENGINE_SQLITE_SCRIPT_H_
