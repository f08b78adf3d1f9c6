#ifndef LIB_ENGINE_POSTGRES_FEATURES_H_
#define LIB_ENGINE_POSTGRES_FEATURES_H_

#include "absl/status/status.h"
#include "lib/schema/schema.h"

// What later versions of PostgreSQL brought, each with the major version that
// has it first. Read from the release notes 13 to 18 ("Appendix E").

namespace fleet::postgres {

// FailedPrecondition naming the feature: `object` of `schema` has one that a
// server of `server_version` (150002) does not know.
absl::Status CheckFeatures(const Object& object, const Schema& schema,
                           int server_version);

}  // namespace fleet::postgres

#endif  // LIB_ENGINE_POSTGRES_FEATURES_H_
