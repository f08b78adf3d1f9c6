#ifndef LIB_ENGINE_KIND_HANDLER_H_
#define LIB_ENGINE_KIND_HANDLER_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "lib/engine/sql.h"
#include "lib/schema/diff.h"
#include "lib/schema/kind_spec.h"
#include "lib/schema/order.h"
#include "proto/plan.pb.h"

// How one engine writes one kind. Each kind file of an engine defines one
// KindHandler; shared code never switches on a kind.

namespace fleet {

struct RenderOptions {
  int64_t lock_timeout_ms = 3'000;
  int64_t statement_timeout_ms = 20 * 60 * 1'000;
};

// Given to a handler for one step: where its statements go. The render pass
// fills in op, object, group, timeouts, phase and reversibility where the
// handler leaves them unset.
class Renderer {
 public:
  Renderer(const Schema& from, const Schema& to, const SchemaInfo& server,
           const RenderOptions& options)
      : from_(from), to_(to), server_(server), options_(options) {}

  const Schema& from() const { return from_; }
  const Schema& to() const { return to_; }
  const SchemaInfo& server() const { return server_; }  // of the target
  const RenderOptions& options() const { return options_; }

  // Appends one statement, transactional, with `lock` in the engine's words
  // ("ACCESS EXCLUSIVE"). The reference is valid until the next Add.
  v1::Statement& Add(const Sql& sql, absl::string_view lock);

  // Remembers the first failure; the plan is then refused with it.
  void Fail(absl::Status status);

  const absl::Status& status() const { return status_; }
  std::vector<v1::Statement>& statements() { return statements_; }

 private:
  const Schema& from_;
  const Schema& to_;
  const SchemaInfo& server_;
  const RenderOptions& options_;
  std::vector<v1::Statement> statements_;
  absl::Status status_;
};

// Adds a hazard to a statement; `message` is one sentence naming the object.
void AddHazard(v1::Statement& statement, v1::HazardType type,
               absl::string_view message);

struct KindHandler {
  KindSpec spec;
  void (*create)(const Object& object, Renderer& renderer) = nullptr;
  void (*drop)(const Object& object, Renderer& renderer) = nullptr;
  // `difference.changed` names what to change.
  void (*alter)(const Difference& difference, Renderer& renderer) = nullptr;
  // Only where spec.rebuildable: from and to are the parent; children are read
  // from renderer.from() and renderer.to().
  void (*rebuild)(const Difference& difference, Renderer& renderer) = nullptr;
};

}  // namespace fleet

#endif  // LIB_ENGINE_KIND_HANDLER_H_
