#ifndef LIB_ENGINE_MYSQL_SESSION_H_
#define LIB_ENGINE_MYSQL_SESSION_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "lib/engine/open_session.h"
#include "lib/engine/session.h"

namespace fleet {

// One connection to a server of the MySQL family (mysql/url.h says what `url`
// is). Pinned and read back: a strict sql_mode, UTC, utf8mb4, foreign keys and
// unique keys checked, a short lock_wait_timeout. A statement that succeeds
// with a warning about lost values or options is an error.
//
// The fence is GET_LOCK, which outlives the commits that DDL implies.
absl::StatusOr<std::unique_ptr<Session>> OpenMysqlSession(
    const std::string& url, const SessionOptions& options);

}  // namespace fleet

#endif  // LIB_ENGINE_MYSQL_SESSION_H_
