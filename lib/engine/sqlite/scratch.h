#ifndef LIB_ENGINE_SQLITE_SCRATCH_H_
#define LIB_ENGINE_SQLITE_SCRATCH_H_

#include <memory>

#include "absl/status/statusor.h"
#include "lib/engine/scratch.h"

namespace fleet {

// A database in memory.
absl::StatusOr<std::unique_ptr<Scratch>> OpenSqliteScratch();

}  // namespace fleet

#endif  // LIB_ENGINE_SQLITE_SCRATCH_H_
