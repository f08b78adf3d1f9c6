#ifndef LIB_ENGINE_SCRATCH_H_
#define LIB_ENGINE_SCRATCH_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "lib/engine/dialect.h"
#include "lib/engine/rename_plan.h"
#include "lib/engine/session.h"
#include "lib/schema/schema.h"
#include "proto/plan.pb.h"

// A throw-away database of one engine: the only way from SQL text into a
// schema, and where plans are rehearsed. Dropped when the object goes. Part of
// engine_sessions. Thread-compatible.
//
//   ASSIGN_OR_RETURN(auto scratch, Scratch::Open(v1::POSTGRES, url));
//   RETURN_IF_ERROR(scratch->session().RunScript(text, "schema.sql"));
//   ASSIGN_OR_RETURN(Schema schema, Introspect(scratch->session(), dialect));

namespace fleet {

class Scratch {
 public:
  virtual ~Scratch() = default;

  // SQLite: in memory, `url` is ignored. PostgreSQL: a database of a random
  // name (fleetctl_scratch_…) on the server of `url`, whose role needs
  // CREATEDB; with `url` empty, a private server in a temporary directory when
  // PostgreSQL's binaries are installed, else FailedPrecondition saying what to
  // pass.
  static absl::StatusOr<std::unique_ptr<Scratch>> Open(v1::Engine engine,
                                                       const std::string& url);

  // An empty database; again empty after Reset.
  virtual Session& session() = 0;
  virtual absl::Status Reset() = 0;
};

// Resets the scratch and makes `schema` in it, by a plan from what an empty
// database has to it. Opaque objects are left out: nothing can make them.
absl::Status BuildSchema(Scratch& scratch, const Dialect& dialect,
                         const Schema& schema);

// Builds `from`, runs the plan group by group, compares with to_fingerprint,
// runs the reverse and compares with from_fingerprint. Returns the plan with
// every group's fingerprint_after, `rehearsed` and a new id. FailedPrecondition
// naming the statement that failed, or, with `expected` (the schema of
// to_fingerprint), the objects that differ. A reverse that does not come back
// is removed and a hazard on the plan, not an error.
//
// Opaque objects of `from` are taken as there and unchanged throughout, so that
// all fingerprints are those of the target.
absl::StatusOr<v1::Plan> Rehearse(Scratch& scratch, const Dialect& dialect,
                                  const Schema& from, v1::Plan plan,
                                  const Schema* expected = nullptr);

// Runs `text` in an empty scratch and reads what came of it.
absl::StatusOr<Schema> SchemaOfSql(Scratch& scratch, const Dialect& dialect,
                                   absl::string_view text,
                                   absl::string_view file_name);

// What the hints make of `from`, tried in the scratch; nullopt where nothing is
// left to rename. Both schemas are in `scope`. Errors: ResolveRenames.
absl::StatusOr<std::optional<Renamed>> RenameOnScratch(
    Scratch& scratch, const Dialect& dialect,
    absl::Span<const std::string> hints, const Schema& from, const Schema& to,
    const v1::Scope& scope, const RenderOptions& options);

}  // namespace fleet

#endif  // LIB_ENGINE_SCRATCH_H_
