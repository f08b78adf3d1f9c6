#ifndef LIB_ENGINE_SQLITE_FEATURE_H_
#define LIB_ENGINE_SQLITE_FEATURE_H_

#include "absl/status/status.h"
#include "lib/engine/sqlite/table_text.h"
#include "lib/schema/schema.h"

// What a SQLite library has to be new enough for. An older one cannot even open
// a file with a STRICT table in it. Pure.

namespace fleet::sqlite {

inline constexpr int kHasDropColumn = 3'035'000;
inline constexpr int kHasStrict = 3'037'000;
inline constexpr int kHasGenerated = 3'031'000;

// FailedPrecondition that names what `server` is too old for.
absl::Status CheckFeatures(const TableParts& table, const SchemaInfo& server);
absl::Status CheckFeatures(const Object& column, const SchemaInfo& server);

}  // namespace fleet::sqlite

#endif  // LIB_ENGINE_SQLITE_FEATURE_H_
