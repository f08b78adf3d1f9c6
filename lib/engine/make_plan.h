#ifndef LIB_ENGINE_MAKE_PLAN_H_
#define LIB_ENGINE_MAKE_PLAN_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/engine/dialect.h"
#include "lib/engine/rename_plan.h"
#include "lib/schema/schema.h"
#include "proto/plan.pb.h"

// diff → order → render, both ways, in one place: what the coordinator and
// `fleetctl diff` call. Pure.

namespace fleet {

struct PlanOptions {
  RenderOptions render;
  bool with_reverse = true;
  // `from` is what comes of these; the plan begins with them. May be null.
  const Renamed* renamed = nullptr;
};

// Statements that take `from` to `to` (both already scoped; `to` is the
// expected schema). The id is set; `rehearsed` and inner fingerprints are not,
// but the last statement's fingerprint_after is `to`'s. FailedPrecondition
// naming the object when something cannot be done. A reverse that cannot be
// made leaves `reverse` empty and the plan IRREVERSIBLE by hazard.
absl::StatusOr<v1::Plan> MakePlan(const Schema& from, const Schema& to,
                                  const Dialect& dialect,
                                  const SchemaInfo& server,
                                  const PlanOptions& options);

// What a plan leaves as it is, and why: one sentence that names it.
struct LeftOut {
  ObjectKey key;
  std::string reason;
};

struct PartialPlan {
  v1::Plan plan;
  Schema to;  // what the plan leads to
  std::vector<LeftOut> left_out;
};

// As MakePlan, but what cannot be done is left out by name, with what needs it,
// and the rest goes on.
absl::StatusOr<PartialPlan> MakePartialPlan(const Schema& from,
                                            const Schema& to,
                                            const Dialect& dialect,
                                            const SchemaInfo& server,
                                            const PlanOptions& options);

// Hex SHA-256 of the plan with `id` empty. Call after any change to it.
std::string PlanId(const v1::Plan& plan);

// The plan as a script for psql / sqlite3: prologue, transactions where the
// plan has them, hazards as comments, epilogue. Empty plan: empty string.
std::string PlanToScript(const v1::Plan& plan, const Dialect& dialect);

}  // namespace fleet

#endif  // LIB_ENGINE_MAKE_PLAN_H_
