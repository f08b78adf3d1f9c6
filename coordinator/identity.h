#ifndef COORDINATOR_IDENTITY_H_
#define COORDINATOR_IDENTITY_H_

#include <string>

#include "absl/status/statusor.h"

namespace fleet {

// The coordinator's own id, "c-" and 16 hex digits, from the file `coordinator`
// in its state directory; made on the first start.
absl::StatusOr<std::string> ReadOrMakeIdentity(const std::string& state_dir);

}  // namespace fleet

#endif  // COORDINATOR_IDENTITY_H_
