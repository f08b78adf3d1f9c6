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
  if (evidence.live_is_leftover && !evidence.transactional) {
    return Verdict::kNotApplied;
  }
  if (!evidence.live_is_before) return Verdict::kDiverged;
  // A statement outside of a transaction that leaves no trace in the schema:
  // nobody can tell whether it ran.
  if (evidence.live_is_after && !evidence.transactional) {
    return Verdict::kDiverged;
  }
  return Verdict::kNotApplied;
}

// Groups are done in order, so a marker vouches for all before it, and what the
// schema is tells the place from there on.
int NextGroup(const Trace& trace) {
  const int count = static_cast<int>(trace.groups.size());
  int first = 0;
  for (int i = 0; i < count; ++i) {
    const Trace::Step& step = trace.groups[i];
    if (step.transactional && step.has_marker) first = i + 1;
  }
  std::vector<int> places;
  for (int place = first; place <= count; ++place) {
    const std::string& want =
        place == 0 ? trace.from : trace.groups[place - 1].after;
    if (!want.empty() && want == trace.live) places.push_back(place);
  }
  if (places.empty()) {
    // The marker is exact, whatever was changed by hand later; but the next
    // statement, where it stands alone, may have run.
    const bool exact =
        first > 0 && (first == count || trace.groups[first].transactional);
    return exact ? first : -1;
  }
  // The schema is the same at several places: a transaction without its marker
  // was not applied, of a statement alone nobody can tell.
  for (int i = places.front(); i < places.back(); ++i) {
    if (!trace.groups[i].transactional) return -1;
  }
  return places.front();
}

namespace {

absl::StatusOr<bool> IsMarked(Session& session, const Dialect& dialect,
                              const v1::Plan& plan, const OrderKey& key,
                              const Group& group) {
  if (!group.transactional) return false;
  return HasMarker(session, dialect, MarkerOf(key, plan, group));
}

absl::StatusOr<Finding> ExamineAll(Session& session, const Dialect& dialect,
                                   const v1::Plan& plan, const OrderKey& key) {
  Trace trace;
  trace.from = plan.from_fingerprint();
  for (const Group& group : GroupsOf(plan)) {
    Trace::Step& step = trace.groups.emplace_back();
    step.transactional = group.transactional;
    step.after = group.fingerprint_after;
    ASSIGN_OR_RETURN(step.has_marker,
                     IsMarked(session, dialect, plan, key, group));
  }
  ASSIGN_OR_RETURN(trace.live, ReadFingerprint(session, dialect, plan.scope()));
  Finding finding;
  finding.next_group = NextGroup(trace);
  finding.live = trace.live;
  finding.before = finding.next_group > 0
                       ? trace.groups[finding.next_group - 1].after
                       : trace.from;
  if (finding.before.empty()) finding.before = trace.live;
  return finding;
}

}  // namespace

absl::StatusOr<Finding> Examine(Session& session, const Dialect& dialect,
                                const v1::Plan& plan, const OrderState& order) {
  if (order.IsForgotten()) {
    return ExamineAll(session, dialect, plan, order.key);
  }
  const std::vector<Group> groups = GroupsOf(plan);
  if (order.group < 0 || order.group >= static_cast<int>(groups.size())) {
    return absl::InternalError("the journal names a group outside of the plan");
  }
  const Group& group = groups[order.group];
  Evidence evidence;
  evidence.transactional = group.transactional;
  ASSIGN_OR_RETURN(evidence.has_marker,
                   IsMarked(session, dialect, plan, order.key, group));
  Finding finding;
  ASSIGN_OR_RETURN(finding.live,
                   ReadFingerprint(session, dialect, plan.scope()));
  evidence.live_is_before = finding.live == order.before;
  evidence.live_is_after = !group.fingerprint_after.empty() &&
                           finding.live == group.fingerprint_after;
  evidence.live_is_leftover = !group.fingerprint_failed.empty() &&
                              finding.live == group.fingerprint_failed;
  finding.before = order.before;
  switch (Decide(evidence)) {
    case Verdict::kNotApplied:
      finding.next_group = order.group;
      break;
    case Verdict::kApplied:
      finding.next_group = order.group + 1;
      finding.before = group.fingerprint_after.empty()
                           ? finding.live
                           : group.fingerprint_after;
      break;
    case Verdict::kDiverged:
      break;
  }
  return finding;
}

}  // namespace fleet
