#ifndef LIB_HISTORY_HEAD_FILE_H_
#define LIB_HISTORY_HEAD_FILE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/history.pb.h"

// The file beside a log that says what the log must at least hold. RocksDB
// does not notice when its write-ahead log is cut or deleted; this does.
//
//   32 bytes SHA-256 of the rest | serialized v1::Head
//
// Written to a temporary file, synced, renamed, and the directory synced: there
// is always one whole HEAD. Functions only; one writer at a time.

namespace fleet {

// NotFound when there is none; DataLoss when it is damaged.
absl::StatusOr<v1::Head> ReadHeadFile(const std::string& directory);

// Durable when it returns OK; costs two syncs.
absl::Status WriteHeadFile(const std::string& directory, const v1::Head& head);

// Creates `directory` and those above it.
absl::Status MakeDirectories(const std::string& directory);

}  // namespace fleet

#endif  // LIB_HISTORY_HEAD_FILE_H_
