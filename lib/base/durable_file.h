#ifndef LIB_BASE_DURABLE_FILE_H_
#define LIB_BASE_DURABLE_FILE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

// Files that must be on disk before something else happens. Functions only.

namespace fleet {

// Makes or overwrites the file; its bytes are on disk when this returns OK, its
// name only after SyncDirectory.
absl::Status WriteSynced(const std::string& path, absl::string_view bytes);

// Names that were made, renamed or removed in `directory` are on disk when this
// returns OK.
absl::Status SyncDirectory(const std::string& directory);

}  // namespace fleet

#endif  // LIB_BASE_DURABLE_FILE_H_
