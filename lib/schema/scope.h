#ifndef LIB_SCHEMA_SCOPE_H_
#define LIB_SCHEMA_SCOPE_H_

#include "absl/status/statusor.h"
#include "lib/schema/schema.h"
#include "proto/schema.pb.h"

// Which objects take part. One rule for fingerprint, diff and drift. Pure.

namespace fleet {

// Nothing is left out, renamed or added: a fingerprint in it is the target's.
bool IsWhole(const v1::Scope& scope);

// The part of a target's `schema` that `scope` names, with what it includes:
// owners and privileges become objects of their own. Tables left out take
// their children with them, and whatever depends on them hard. A renamed table
// is known by its target name here, and a pattern that matches nothing is no
// error: targets may lack the table yet. InvalidArgument: a pattern that does
// not compile, a rename that is not SOURCE=TARGET, an inclusion of nothing
// known.
absl::StatusOr<Schema> ApplyScope(const Schema& schema, const v1::Scope& scope);

// The same for a source, whose renamed tables (with children, and dependencies
// on them) get their target names. InvalidArgument too: a table pattern or a
// rename that matches no table of the source.
absl::StatusOr<Schema> ApplySourceScope(const Schema& source,
                                        const v1::Scope& scope);

struct Expected {
  Schema schema;  // what the target shall look like
  // Dotted paths of what only the target has and stays, sorted; children of
  // what is named are not.
  std::vector<std::string> kept;
};

struct KeepOptions {
  bool drop_tables = false;  // --allow-drop-tables
};

// `source` plus what `target` keeps on purpose: its opaque objects always; its
// own tables unless `drop_tables`, with their children and everything these
// depend on. An opaque object of `source` that the target lacks is left out.
// FailedPrecondition: a table that stays where the source has something else of
// that name.
absl::StatusOr<Expected> ExpectedSchema(const Schema& source,
                                        const Schema& target,
                                        const KeepOptions& options);

}  // namespace fleet

#endif  // LIB_SCHEMA_SCOPE_H_
