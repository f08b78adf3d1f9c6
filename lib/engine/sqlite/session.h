#ifndef LIB_ENGINE_SQLITE_SESSION_H_
#define LIB_ENGINE_SQLITE_SESSION_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "lib/engine/open_session.h"
#include "lib/engine/session.h"

namespace fleet {

// One SQLite file, or ":memory:". It cannot attach another file. DataLoss where
// the file is not a database or is damaged; other errors as OpenSession.
//
// The transaction is the fence: Begin is BEGIN IMMEDIATE, which locks the whole
// file against other writers until its end, and a writer's death ends it. So
// TakeFence only waits until no one writes, and holds nothing afterwards.
absl::StatusOr<std::unique_ptr<Session>> OpenSqliteSession(
    const std::string& path, const SessionOptions& options);

}  // namespace fleet

#endif  // LIB_ENGINE_SQLITE_SESSION_H_
