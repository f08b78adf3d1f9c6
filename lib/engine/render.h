#ifndef LIB_ENGINE_RENDER_H_
#define LIB_ENGINE_RENDER_H_

#include <vector>

#include "absl/status/statusor.h"
#include "lib/engine/dialect.h"
#include "lib/schema/order.h"
#include "proto/plan.pb.h"

namespace fleet {

// Statements of other makers around those of the steps, within the same
// transaction where that is the main one.
struct Around {
  std::vector<v1::Statement> first;
  std::vector<v1::Statement> last;
};

// Steps → statements: calls the kind handlers, then sets object, op, phase,
// reversibility, timeouts and transaction groups (runs of transactional
// statements share one). Same input, same bytes. Pure.
absl::StatusOr<std::vector<v1::Statement>> Render(
    const Schema& from, const Schema& to, const std::vector<Step>& steps,
    const Dialect& dialect, const SchemaInfo& server,
    const RenderOptions& options, const Around& around = {});

}  // namespace fleet

#endif  // LIB_ENGINE_RENDER_H_
