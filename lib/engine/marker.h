#ifndef LIB_ENGINE_MARKER_H_
#define LIB_ENGINE_MARKER_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/engine/dialect.h"
#include "lib/engine/session.h"

// fleetctl's own rows inside a target: the highest coordinator epoch that has
// acted on it, and which groups of which plans were applied. Written in the
// same transaction as the DDL, so that they tell the truth after any crash.

namespace fleet {

struct AppliedMarker {
  std::string plan_id;
  int group = 0;
  std::string rollout;
  int attempt = 0;
  std::string fingerprint_before;
  std::string fingerprint_after;
};

// Creates the place if it is not there: one query when it is. Outside a
// transaction.
absl::Status EnsureMarkers(Session& session, const Dialect& dialect);

// The highest epoch that has acted here; 0 where none has.
absl::StatusOr<uint64_t> ReadEpoch(Session& session, const Dialect& dialect);

// Inside the transaction: FailedPrecondition when a higher epoch has acted.
absl::Status ClaimEpoch(Session& session, const Dialect& dialect,
                        uint64_t epoch);
absl::Status WriteMarker(Session& session, const Dialect& dialect,
                         uint64_t epoch, const AppliedMarker& marker);

// The texts of the two above, to be sent along with other statements in one
// round trip. Zero rows from the claim: a higher epoch has acted.
absl::StatusOr<std::string> ClaimEpochSql(const Dialect& dialect,
                                          uint64_t epoch);
absl::StatusOr<std::string> WriteMarkerSql(const Dialect& dialect,
                                           uint64_t epoch,
                                           const AppliedMarker& marker);

// True when the marker of (rollout, attempt, plan, group) is committed.
absl::StatusOr<bool> HasMarker(Session& session, const Dialect& dialect,
                               const AppliedMarker& marker);

}  // namespace fleet

#endif  // LIB_ENGINE_MARKER_H_
