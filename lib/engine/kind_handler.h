#ifndef LIB_ENGINE_KIND_HANDLER_H_
#define LIB_ENGINE_KIND_HANDLER_H_

#include <set>
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

class Placement;

struct RenderOptions {
  int64_t lock_timeout_ms = 3'000;
  int64_t statement_timeout_ms = 20 * 60 * 1'000;
  // Of what runs while clients go on: an index of a billion rows takes hours.
  int64_t build_timeout_ms = 24 * 60 * 60 * 1'000;
  // Clients read and write meanwhile, where the engine has a way: more
  // statements in more stages. False: the plain forms, in one transaction.
  bool online = true;
  // The plan is not made for one target alone: what is not part of the
  // fingerprint may differ between those that share it.
  bool for_many_targets = false;
};

// Where in a plan a statement runs. What takes long stands between short
// transactions instead of inside one; each stage is over, for the whole plan,
// before the next begins.
enum class Stage {
  kMain,      // the transaction of all that asks for nothing else
  kBuild,     // one at a time, outside of transactions, while clients go on
  kProve,     // rows are checked, one constraint a transaction
  kSwap,      // a short transaction that puts what was built in its place
  kValidate,  // as kProve, for what the swap brought
  kRemove,    // as kBuild, for what nobody needs any more
  kLast,      // a short transaction after all that
};

// One clause of an ALTER that can hold several.
struct AlterClause {
  Sql head;    // "ALTER TABLE `t` "
  Sql clause;  // "DROP COLUMN `a`"
  // What the server has to do for it, and for two clauses together.
  int cost = 0;
  int (*combine)(int a, int b) = nullptr;
  // What follows the clauses of a statement of this cost.
  Sql (*tail)(int cost) = nullptr;
  // Clauses of different numbers never share a statement.
  int batch = 0;
  // Not empty: a statement takes one clause with this mark only.
  std::string once;
  absl::string_view lock;
};

// Given to a handler for one step: where its statements go. The render pass
// fills in op, object, group, timeouts, phase and reversibility where the
// handler leaves them unset, and sets the stage before each step.
class Renderer {
 public:
  // `placement` may be null: everything in the main transaction.
  Renderer(const Schema& from, const Schema& to, const SchemaInfo& server,
           const RenderOptions& options, const Placement* placement)
      : from_(from),
        to_(to),
        server_(server),
        options_(options),
        placement_(placement) {}

  const Schema& from() const { return from_; }
  const Schema& to() const { return to_; }
  const SchemaInfo& server() const { return server_; }  // of the target
  const RenderOptions& options() const { return options_; }
  bool online() const { return options_.online && placement_ != nullptr; }
  // REQUIRES: online().
  const Placement& placement() const { return *placement_; }

  // The stage of the statements that are added from now on.
  Stage stage() const { return stage_; }
  void set_stage(Stage stage) { stage_ = stage; }

  // Appends one statement with `lock` in the engine's words ("ACCESS
  // EXCLUSIVE"), transactional but in kBuild and kRemove. The reference is
  // valid until the next Add.
  v1::Statement& Add(const Sql& sql, absl::string_view lock);

  // Puts the clause into the last statement where that is an ALTER with the
  // same head, else into a new one, alone in its group.
  v1::Statement& AddClause(const AlterClause& clause);
  // Of the statement that AddClause has just returned.
  int clause_cost() const { return open_.cost; }
  const Sql& clauses() const { return open_.clause; }
  // The last statement is an ALTER with this head, which clauses may join.
  bool IsOpen(const Sql& head) const {
    return !open_.clause.empty() && open_.head == head;
  }

  // Index of the first statement that has changed since the last call.
  size_t TakeFirstChanged();

  // Remembers the first failure; the plan is then refused with it.
  void Fail(absl::Status status);

  const absl::Status& status() const { return status_; }
  std::vector<v1::Statement>& statements() { return statements_; }
  // One for each statement.
  const std::vector<Stage>& stages() const { return stages_; }

 private:
  void SetSql(const Sql& sql, v1::Statement& statement);

  const Schema& from_;
  const Schema& to_;
  const SchemaInfo& server_;
  const RenderOptions& options_;
  const Placement* const placement_;
  Stage stage_ = Stage::kMain;
  std::vector<v1::Statement> statements_;
  std::vector<Stage> stages_;
  absl::Status status_;
  // The ALTER that the last statement is; empty clauses: it is none.
  AlterClause open_{Sql(kNoQuoting), Sql(kNoQuoting)};
  std::set<std::string> open_once_;
  size_t first_changed_ = 0;
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
  // Gives `object`, which the renderer's from() has by path or by its parent,
  // the name `name`. nullptr: the engine cannot.
  void (*rename)(const Object& object, absl::string_view name,
                 Renderer& renderer) = nullptr;
  // Gives a label of `object` another name, in its place. nullptr: it has none.
  void (*rename_label)(const Object& object, absl::string_view label,
                       absl::string_view name, Renderer& renderer) = nullptr;
  // Where nothing but the name of `object` differs, it is renamed instead of
  // dropped and made anew. nullptr: never.
  bool (*renames_alone)(const Object& object, const Schema& schema) = nullptr;
  // Only where spec.rebuildable: from and to are the parent; children are read
  // from renderer.from() and renderer.to().
  void (*rebuild)(const Difference& difference, Renderer& renderer) = nullptr;
  // In an online plan: a new `object` is built in stages of its own, after the
  // main transaction (an index over a table with rows). nullptr: never.
  bool (*builds_online)(const Object& object,
                        const Renderer& renderer) = nullptr;
  // Around a re-creation, before the drop and after the create: what that would
  // lose besides the definition. `from` is the old object.
  void (*keep)(const Object& from, Renderer& renderer) = nullptr;
  void (*give_back)(const Object& from, Renderer& renderer) = nullptr;
};

}  // namespace fleet

#endif  // LIB_ENGINE_KIND_HANDLER_H_
