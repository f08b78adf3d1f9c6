#include "coordinator/standing.h"

#include <string>
#include <vector>

#include "coordinator/drift.h"

namespace fleet {

v1::TargetStatus StandingOf(const TargetSnapshot& snapshot,
                            const HistoryView& view) {
  v1::TargetStatus status;
  *status.mutable_target() = snapshot.target;
  status.set_connected(snapshot.connected);
  status.set_last_seen_ms(snapshot.last_seen_ms);
  status.set_fingerprint(snapshot.fingerprint);
  status.set_rollout(snapshot.rollout);
  status.set_error(std::string(snapshot.error.message()));
  const std::vector<v1::Version> versions =
      view.Versions(snapshot.target.name());
  if (!versions.empty()) {
    status.set_version(versions.back().number());
    if (status.fingerprint().empty()) {
      status.set_fingerprint(versions.back().fingerprint());
    }
  }
  if (!snapshot.connected) {
    status.set_state(v1::UNREACHABLE);
  } else if (versions.empty() || snapshot.fingerprint.empty()) {
    status.set_state(v1::UNKNOWN);
  } else if (snapshot.fingerprint != versions.back().fingerprint()) {
    // Being recorded; until then nobody knows what it is.
    status.set_state(snapshot.rollout.empty() ? v1::UNKNOWN : v1::CURRENT);
  } else {
    status.set_state(IsDrifted(status.target(), versions) ? v1::DRIFTED
                                                          : v1::CURRENT);
  }
  return status;
}

Standings StandingIn(const Fleet& fleet, const HistoryView& view) {
  return [&fleet, &view](const v1::Target& target) {
    const absl::StatusOr<TargetSnapshot> snapshot = fleet.Find(target.name());
    return snapshot.ok() ? StandingOf(*snapshot, view) : v1::TargetStatus();
  };
}

}  // namespace fleet
