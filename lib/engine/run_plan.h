#ifndef LIB_ENGINE_RUN_PLAN_H_
#define LIB_ENGINE_RUN_PLAN_H_

#include <functional>

#include "absl/status/status.h"
#include "lib/engine/dialect.h"
#include "lib/engine/session.h"
#include "proto/plan.pb.h"

// A plan's statements, run as they stand: for a database that nobody else
// writes to. No fence, no marker, no retry; those are the agent's.

namespace fleet {

enum class PlanDirection { kForward, kReverse };

// Gets the last statement of the group that has just been committed; an error
// ends the run.
using AfterGroup = std::function<absl::Status(v1::Statement& last)>;

// Prologue, groups with their transactions and checks, epilogue. The first
// failure is FailedPrecondition naming the statement; its group is rolled back.
// `after_group` may be null.
absl::Status RunPlan(Session& session, const Dialect& dialect, v1::Plan& plan,
                     PlanDirection direction, const AfterGroup& after_group);

}  // namespace fleet

#endif  // LIB_ENGINE_RUN_PLAN_H_
