#ifndef LIB_ENGINE_RENAME_PLAN_H_
#define LIB_ENGINE_RENAME_PLAN_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/engine/dialect.h"
#include "lib/schema/rename.h"

// Renames as statements before all others of a plan. What views, keys and
// expressions read afterwards only a server knows: `from` is made and renamed
// in a scratch database, and the plan goes on from what that reads as.
//
//   ASSIGN_OR_RETURN(auto renames, ResolveRenames(hints, from, to));
//   ASSIGN_OR_RETURN(std::string sql,
//                    RenameScript(renames, empty, from, dialect, server));
//   Schema scratch = …;  // of `sql`
//   ASSIGN_OR_RETURN(Renamed renamed,
//                    AfterRenames(renames, from, scratch, dialect, server));
//   options.renamed = &renamed;
//   MakePlan(renamed.schema, to, dialect, server, options);
//
// Pure.

namespace fleet {

struct Renamed {
  Schema schema;                 // `from` afterwards
  std::string from_fingerprint;  // before
  std::vector<v1::Statement> statements;
  std::vector<v1::Statement> reverse;
  std::vector<v1::Change> changes;
  std::vector<std::string> names;  // that only the renamed schema has
};

// SQL text that makes `from`, without opaque objects, in a scratch database
// that reads as `empty`, and renames. FailedPrecondition naming what the engine
// cannot rename.
absl::StatusOr<std::string> RenameScript(const std::vector<Rename>& renames,
                                         const Schema& empty,
                                         const Schema& from,
                                         const Dialect& dialect,
                                         const SchemaInfo& server);

// `scratch` is what came of the script, in the scope of `from`.
absl::StatusOr<Renamed> AfterRenames(const std::vector<Rename>& renames,
                                     const Schema& from, const Schema& scratch,
                                     const Dialect& dialect,
                                     const SchemaInfo& server,
                                     const RenderOptions& options);

// What differs in nothing but its name, where the engine renames that
// (KindHandler::renames_alone): no server has to be asked, since no text says
// it. nullopt: nothing.
absl::StatusOr<std::optional<Renamed>> RenamesAlone(
    const Schema& from, const Schema& to, const Dialect& dialect,
    const SchemaInfo& server, const RenderOptions& options);

// Checks are asked before a plan begins: takes away those that say a name which
// is not there yet. The statements find out themselves.
void DropChecksOf(const Renamed& renamed,
                  std::vector<v1::Statement>& statements);

}  // namespace fleet

#endif  // LIB_ENGINE_RENAME_PLAN_H_
