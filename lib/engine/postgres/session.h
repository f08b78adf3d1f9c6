#ifndef LIB_ENGINE_POSTGRES_SESSION_H_
#define LIB_ENGINE_POSTGRES_SESSION_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "lib/engine/open_session.h"
#include "lib/engine/session.h"

namespace fleet {

// A libpq connection with the settings of settings.h pinned and read back:
// one round trip after connecting. Errors as OpenSession.
//
// Outside of a transaction, ExecuteAll is one implicit transaction: when one
// statement fails, none of them happened.
absl::StatusOr<std::unique_ptr<Session>> OpenPostgresSession(
    const std::string& url, const SessionOptions& options);

}  // namespace fleet

#endif  // LIB_ENGINE_POSTGRES_SESSION_H_
