#ifndef LIB_ENGINE_DIALECT_H_
#define LIB_ENGINE_DIALECT_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "lib/engine/kind_handler.h"
#include "lib/engine/lint.h"
#include "lib/engine/online_change.h"
#include "lib/engine/row_set.h"
#include "lib/engine/sql.h"
#include "lib/schema/kind_spec.h"
#include "lib/schema/schema.h"

// One engine without its driver: what to ask a server, how to read the answer,
// how to write changes. The coordinator links dialects only. All const and
// thread-safe; one instance per engine lives for ever (registry.h).

namespace fleet {

// Statements that keep fleetctl's own state inside a target, in a place that
// no introspection shows (PostgreSQL: schema fleetctl_meta; SQLite: tables
// named fleetctl_meta_…). marker.h replaces {epoch} {group} {attempt} by
// numbers and {plan} {rollout} {before} {after} by quoted literals.
struct MarkerSql {
  std::vector<std::string> create;  // idempotent; also the epoch's one row, 0
  // UPDATE … WHERE epoch <= {epoch} RETURNING epoch; must hit one row.
  absl::string_view claim_epoch;
  absl::string_view read_epoch;  // one value
  // A plain INSERT: the same key again fails, so nothing is applied twice.
  absl::string_view insert_applied;
  // A row where (rollout, attempt, plan, group) is there.
  absl::string_view read_applied;
};

class Dialect {
 public:
  virtual ~Dialect() = default;

  virtual v1::Engine engine() const = 0;
  virtual absl::string_view name() const = 0;  // "postgres"
  virtual const Quoting& quoting() const = 0;

  // The name as SQL writes it; paths may have it folded.
  virtual absl::string_view WrittenName(const Object& object) const {
    return object.name();
  }

  // Indexed by ObjectKind; a missing kind has spec.kind KIND_UNSPECIFIED.
  virtual absl::Span<const KindHandler> handlers() const = 0;
  virtual KindSpecs specs() const = 0;

  // 150002 → 15; 3040001 → 3.
  virtual int Major(int server_version) const = 0;

  // A fixed number of queries, whatever the size of the database; at most 18
  // with the follow-ups.
  virtual std::vector<std::string> IntrospectionQueries(
      int server_version) const = 0;
  // What else to ask in the same snapshot, now that the first of these is
  // answered: about what only some databases have.
  virtual std::vector<std::string> FollowUpQueries(int server_version,
                                                   const RowSet& first) const {
    return {};
  }
  // Asked after the answers to those, about what they name (MySQL: one SHOW
  // CREATE per table). None for engines whose catalogs say all.
  virtual std::vector<std::string> DetailQueries(
      absl::Span<const std::unique_ptr<RowSet>> results) const {
    return {};
  }
  // `results` are the answers to all of them, in the same order; they are given
  // back before the schema is sorted. PermissionDenied where the role does not
  // see everything: never a smaller schema.
  virtual absl::StatusOr<Schema> ReadSchema(
      const SchemaInfo& info,
      std::vector<std::unique_ptr<RowSet>> results) const = 0;

  // One query, one value: equal to an earlier answer of the same database only
  // if its schema has not changed since. Cheap.
  virtual std::string ChangeTokenQuery(int server_version) const = 0;

  // FailedPrecondition saying what `object` of `schema` has that `server` does
  // not know.
  virtual absl::Status CheckSupport(const Object& object, const Schema& schema,
                                    const SchemaInfo& server) const {
    return absl::OkStatus();
  }

  // Run before a plan's transactions on a session, and at the head of a script:
  // what makes the plan mean the same everywhere.
  virtual std::vector<std::string> PlanPrologue(const v1::Plan& plan) const = 0;
  virtual std::vector<std::string> PlanEpilogue(const v1::Plan& plan) const = 0;
  // Run inside a transaction before COMMIT; a row in the answer is a failure
  // whose first column says why (SQLite: PRAGMA foreign_key_check).
  virtual std::vector<std::string> CommitChecks(const v1::Plan& plan) const = 0;

  // The first lines of a script, where the engine's own shell would go on after
  // an error, and the checks above as statements that fail.
  virtual absl::string_view ScriptHead() const { return ""; }
  virtual std::vector<std::string> ScriptChecks(const v1::Plan& plan) const {
    return CommitChecks(plan);
  }

  // The last word on a plan's statements, in their order: what only all of them
  // together show, and what must hold on a target before they run
  // (Statement.checks, each query once).
  virtual void Review(const Schema& from, const Schema& to,
                      std::vector<v1::Statement>& statements) const {}

  // What Statement.rules are about, sorted by id.
  virtual absl::Span<const LintRule> lint_rules() const { return {}; }

  // A script's statements that set the time limits of a group, of which
  // `first` is the first statement. Sessions have SetTimeouts for it.
  virtual std::vector<std::string> Timeouts(const v1::Statement& first) const {
    return {};
  }

  // One statement as a client of this engine reads it from a script: with its
  // end, and a newline.
  virtual std::string ScriptText(absl::string_view statement) const;

  virtual const MarkerSql& marker() const = 0;

  // nullptr where the engine needs no tools, or has none.
  virtual const OnlineChanges* online_changes() const { return nullptr; }
};

// nullptr where the engine does not write the kind.
inline const KindHandler* HandlerOf(const Dialect& dialect,
                                    v1::ObjectKind kind) {
  const absl::Span<const KindHandler> handlers = dialect.handlers();
  const auto index = static_cast<size_t>(kind);
  const bool has = index < handlers.size() && handlers[index].spec.kind == kind;
  return has ? &handlers[index] : nullptr;
}

}  // namespace fleet

#endif  // LIB_ENGINE_DIALECT_H_
