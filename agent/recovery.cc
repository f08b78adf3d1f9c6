#include "agent/recovery.h"

#include <vector>

#include "agent/executor.h"
#include "agent/group.h"
#include "lib/base/status.h"
#include "lib/engine/marker.h"

namespace fleet {

Verdict Decide(const Evidence& evidence) {
  // Committed together with the group: exact, whatever happened later.
  if (evidence.transactional && evidence.has_marker) return Verdict::kApplied;
  if (evidence.live_is_after && !evidence.live_is_before) {
    return Verdict::kApplied;
  }
  if (!evidence.live_is_before) return Verdict::kDiverged;
  // A statement outside of a transaction that leaves no trace in the schema:
  // nobody can tell whether it ran.
  if (evidence.live_is_after && !evidence.transactional) {
    return Verdict::kDiverged;
  }
  return Verdict::kNotApplied;
}

absl::StatusOr<Finding> Examine(Session& session, const Dialect& dialect,
                                const v1::Plan& plan, const OrderState& order) {
  const std::vector<Group> groups = GroupsOf(plan);
  if (order.group < 0 || order.group >= static_cast<int>(groups.size())) {
    return absl::InternalError("the journal names a group outside of the plan");
  }
  const Group& group = groups[order.group];
  Evidence evidence;
  evidence.transactional = group.transactional;
  if (group.transactional) {
    ASSIGN_OR_RETURN(
        evidence.has_marker,
        HasMarker(session, dialect, MarkerOf(order.key, plan, group)));
  }
  Finding finding;
  ASSIGN_OR_RETURN(finding.live,
                   ReadFingerprint(session, dialect, plan.scope()));
  evidence.live_is_before = finding.live == order.before;
  evidence.live_is_after = !group.fingerprint_after.empty() &&
                           finding.live == group.fingerprint_after;
  finding.verdict = Decide(evidence);
  return finding;
}

}  // namespace fleet
