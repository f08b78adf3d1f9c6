#ifndef CLI_SCHEMA_SOURCE_H_
#define CLI_SCHEMA_SOURCE_H_

#include <string>

#include "absl/status/statusor.h"
#include "cli/command.h"
#include "lib/engine/dialect.h"
#include "lib/schema/schema.h"

// One side of `fleetctl diff`: a database URL, an SQL file, or a name that the
// coordinator knows ("prod-eu@17").

namespace fleet {

struct SourceOptions {
  std::string scratch;  // --scratch, for SQL files
  std::string dialect;  // --dialect, where neither side says the engine
};

// The engine a side speaks of; ENGINE_UNSPECIFIED for SQL files and names.
v1::Engine EngineOfSide(const std::string& side);

// True when `side` is an existing file, ends in .sql or is "-".
bool IsSqlFile(const std::string& side);

// `dialect` is the engine of the comparison (null: only allowed for names,
// whose schema says it).
absl::StatusOr<Schema> ReadSide(const std::string& side, const Dialect* dialect,
                                const SourceOptions& options,
                                const Globals& globals);

// The whole of a file, or of standard input for "-".
absl::StatusOr<std::string> ReadFileOrStdin(const std::string& path);

}  // namespace fleet

#endif  // CLI_SCHEMA_SOURCE_H_
