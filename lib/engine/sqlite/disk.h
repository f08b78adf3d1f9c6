#ifndef LIB_ENGINE_SQLITE_DISK_H_
#define LIB_ENGINE_SQLITE_DISK_H_

#include <string>

#include "absl/status/status.h"

struct sqlite3;

// The file under a database: whether it may be written safely, and SQL
// functions that say how much room there is. Plans ask for it in their checks.

namespace fleet::sqlite {

// fleetctl_free_bytes(): what an unprivileged process may still write where
// the database is; a large number for one in memory.
// fleetctl_table_bytes(table): the pages of a table and its indexes, also those
// inside of a virtual table; of the whole file where the library cannot tell.
// fleetctl_file_id(): FileId of the file.
// All are refused inside views, triggers and other definitions.
absl::Status AddDiskFunctions(sqlite3* database);

// What tells the file from another of the same name; "" for none.
std::string FileId(const std::string& path);

// True for the f_type of statfs(2) of file systems whose locks SQLite cannot
// rely on.
bool IsNetworkFileSystem(long type);

// FailedPrecondition where `path` is on a network file system: two writers
// would destroy the file there.
absl::Status CheckFileSystem(const std::string& path);

}  // namespace fleet::sqlite

#endif  // LIB_ENGINE_SQLITE_DISK_H_
