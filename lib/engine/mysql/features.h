#ifndef LIB_ENGINE_MYSQL_FEATURES_H_
#define LIB_ENGINE_MYSQL_FEATURES_H_

#include "absl/status/status.h"
#include "lib/engine/mysql/flavour.h"
#include "lib/schema/object.h"

// What only one side of the family has, or has only since a version. Read from
// MySQL's reference manuals 8.0 to 9.x ("What Is New") and MariaDB's release
// notes 10.2 to 11.8. Pure.

namespace fleet::mysql {

// FailedPrecondition naming the feature that `object` has and the server lacks.
absl::Status CheckFeatures(const Object& object, const Flavour& flavour);

}  // namespace fleet::mysql

#endif  // LIB_ENGINE_MYSQL_FEATURES_H_
