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
// costs one piece and a list. A schema is found by its fingerprint.

namespace fleet {

// The pieces to put into a Batch, and the key under which the list is found.
// `fingerprint` is the schema's own; the list piece maps it to the pieces.
void AddSchema(const v1::Schema& schema, absl::string_view fingerprint,
               const HistoryLog& log, Batch* batch);

// NotFound when no schema of that fingerprint was stored.
absl::StatusOr<v1::Schema> LoadSchema(const HistoryLog& log,
                                      absl::string_view fingerprint);

// Hashes of all content a replica needs for this fingerprint.
absl::StatusOr<std::vector<std::string>> SchemaContent(
    const HistoryLog& log, absl::string_view fingerprint);

}  // namespace fleet

#endif  // LIB_HISTORY_SCHEMA_STORE_H_
