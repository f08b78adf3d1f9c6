#ifndef LIB_HISTORY_SCHEMA_STORE_H_
#define LIB_HISTORY_SCHEMA_STORE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "lib/history/log.h"
#include "proto/plan.pb.h"
#include "proto/schema.pb.h"

// Schemas in the content store, split by top-level object (a table with its
// columns and keys is one piece), so that a version with one changed table
// costs one piece, one chunk of the list and the list of chunks. A schema is
// found by its fingerprint. Functions only; as thread-safe as the log.

namespace fleet {

// The alias of a schema's list: "schema/<fingerprint>".
std::string SchemaAlias(absl::string_view fingerprint);

// Adds the pieces, the list and its alias to `batch`; nothing when the log has
// the fingerprint. REQUIRES: objects sorted as in proto/schema.proto. What is
// not part of the fingerprint (server version, dependencies) is kept as it was
// when the fingerprint was first stored.
void AddSchema(const v1::Schema& schema, absl::string_view fingerprint,
               const HistoryLog& log, Batch* batch);

// NotFound when no schema of that fingerprint was stored; DataLoss when a piece
// is missing or damaged. Byte for byte what was stored.
absl::StatusOr<v1::Schema> LoadSchema(const HistoryLog& log,
                                      absl::string_view fingerprint);

// Hashes of all content a replica needs for this fingerprint; the first is the
// list, which has the alias. Errors as LoadSchema.
absl::StatusOr<std::vector<std::string>> SchemaContent(
    const HistoryLog& log, absl::string_view fingerprint);

}  // namespace fleet

#endif  // LIB_HISTORY_SCHEMA_STORE_H_
