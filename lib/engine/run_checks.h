#ifndef LIB_ENGINE_RUN_CHECKS_H_
#define LIB_ENGINE_RUN_CHECKS_H_

#include <vector>

#include "absl/status/statusor.h"
#include "lib/engine/session.h"
#include "proto/plan.pb.h"

namespace fleet {

// What the checks of a plan's statements find in a session's database, those
// that stop first. Reads only; all in one snapshot where that is quick and
// none fails, else each in its own. A check that
// cannot be asked (it takes too long, or the role may not read) is a warning
// that says so. An error: the connection. Leaves the session's timeouts
// changed.
absl::StatusOr<std::vector<v1::Finding>> RunChecks(Session& session,
                                                   const v1::Plan& plan);

bool HasChecks(const v1::Plan& plan);

}  // namespace fleet

#endif  // LIB_ENGINE_RUN_CHECKS_H_
