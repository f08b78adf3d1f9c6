#ifndef LIB_ENGINE_POSTGRES_ONLINE_H_
#define LIB_ENGINE_POSTGRES_ONLINE_H_

#include <string>

#include "lib/engine/kind_handler.h"
#include "lib/engine/placement.h"

// What the online forms of PostgreSQL's kinds share: for whom they are, and
// the names that exist only while a plan runs.

namespace fleet::postgres {

// `table` (or a materialized view) was there before an online plan and stays:
// clients read and write it meanwhile. Never where tables are part of others
// (IsOfFamily): the server has no online forms for all that is in one, and what
// is done to one table reaches the others; new indexes have BuildsInParts.
bool HasClients(const Renderer& renderer, const Path& table);

// A name for what stands in for `name` while a plan runs: of at most 63 bytes,
// whole characters, and its own for each name.
inline constexpr absl::string_view kNewSuffix = "__fleetctl_new";
inline constexpr absl::string_view kOldSuffix = "__fleetctl_old";
inline constexpr absl::string_view kProofSuffix = "__fleetctl_not_null";
std::string StandInName(absl::string_view name, absl::string_view suffix);
// One of an index of `table` that nothing is called afterwards.
std::string FreeStandIn(const Path& table, absl::string_view name,
                        absl::string_view suffix, const Renderer& renderer);
// Left over from a plan that did not get to its end.
bool IsStandIn(absl::string_view name);

// CREATE INDEX CONCURRENTLY in the build stage, where the renderer then is:
// `index` gives the definition,
// `name` is what it is called at first. Says what a failure leaves behind.
v1::Statement& BuildIndex(const Object& index, absl::string_view name,
                          Renderer& renderer);
// DROP INDEX CONCURRENTLY in the remove stage; the renderer's stays.
v1::Statement& RemoveIndex(const Path& table, absl::string_view name,
                           Renderer& renderer);
// Renames in the current stage.
void RenameIndex(const Path& table, absl::string_view from,
                 absl::string_view to, Renderer& renderer);

// VALIDATE CONSTRAINT, in an online plan in a transaction of its own; the
// renderer's stage stays.
v1::Statement& ValidateConstraint(const Object& constraint, Renderer& renderer);

// An index that goes away may do so at the end: nothing before needs it gone,
// and nobody takes its name.
bool CanLinger(const Object& index, const Renderer& renderer);

// " [INCLUDE (…)] [NULLS NOT DISTINCT] [WITH (…)] [TABLESPACE …]" of an index
// or key.
Sql IndexTail(const Object& index);

}  // namespace fleet::postgres

#endif  // LIB_ENGINE_POSTGRES_ONLINE_H_
