#ifndef LIB_ENGINE_INTROSPECT_H_
#define LIB_ENGINE_INTROSPECT_H_

#include <string>

#include "absl/status/statusor.h"
#include "lib/engine/dialect.h"
#include "lib/engine/session.h"
#include "lib/schema/schema.h"

namespace fleet {

// The whole schema of the session's database, in one snapshot. Inside a
// transaction of the caller's it sees that transaction's uncommitted changes.
absl::StatusOr<Schema> Introspect(Session& session, const Dialect& dialect);

// Equal tokens of one database mean: nothing changed in between.
absl::StatusOr<std::string> ReadChangeToken(Session& session,
                                            const Dialect& dialect);

}  // namespace fleet

#endif  // LIB_ENGINE_INTROSPECT_H_
