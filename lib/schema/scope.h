#ifndef LIB_SCHEMA_SCOPE_H_
#define LIB_SCHEMA_SCOPE_H_

#include "absl/status/statusor.h"
#include "lib/schema/schema.h"
#include "proto/schema.pb.h"

// Which objects take part. One rule for fingerprint, diff and drift. Pure.

namespace fleet {

// The part of `schema` that `scope` names. Tables left out take their children
// with them, and whatever depends on them hard. InvalidArgument: a pattern that
// does not compile.
absl::StatusOr<Schema> ApplyScope(const Schema& schema, const v1::Scope& scope);

struct Expected {
  Schema schema;  // what the target shall look like
  std::vector<std::string>
      kept;  // dotted paths of what only the target has and stays
};

struct KeepOptions {
  bool drop_tables = false;  // --allow-drop-tables
};

// `source` plus what `target` keeps on purpose: its opaque objects always; its
// own tables unless `drop_tables`, with their children and everything these
// depend on. An opaque object of `source` that the target lacks is left out.
absl::StatusOr<Expected> ExpectedSchema(const Schema& source,
                                        const Schema& target,
                                        const KeepOptions& options);

}  // namespace fleet

#endif  // LIB_SCHEMA_SCOPE_H_
