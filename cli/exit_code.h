#ifndef CLI_EXIT_CODE_H_
#define CLI_EXIT_CODE_H_

#include "absl/status/status.h"

// What fleetctl's exit status means; stable and documented in
// `fleetctl help exit-codes`.

namespace fleet {

enum ExitCode : int {
  kExitOk = 0,
  kExitError = 1,
  kExitDifferences = 2,    // only with --detailed-exitcode
  kExitPolicy = 3,         // hazard, risk limit, rejected
  kExitNotAllowed = 4,     // not signed in, not allowed
  kExitNotSuccessful = 5,  // the rollout ended without success
  kExitStale = 6,          // a schema changed since the plan
  kExitTimedOut = 7,       // stopped waiting; the rollout goes on
  kExitUnreachable = 8,    // coordinator or agents
  kExitUsage = 64,
  kExitConfig = 78,
  kExitDetached = 130,  // by Ctrl-C; the rollout goes on
};

// The code an error of the coordinator's or a library's ends with.
ExitCode ExitCodeOf(const absl::Status& status);

// Marks a status of this process's own so that ExitCodeOf answers `code`.
absl::Status WithExitCode(absl::Status status, ExitCode code);

}  // namespace fleet

#endif  // CLI_EXIT_CODE_H_
