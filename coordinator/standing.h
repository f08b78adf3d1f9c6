#ifndef COORDINATOR_STANDING_H_
#define COORDINATOR_STANDING_H_

#include "coordinator/fleet.h"
#include "coordinator/selector.h"
#include "lib/history/view.h"
#include "proto/fleet.pb.h"

namespace fleet {

// How a target stands now: what it last said, held against its recorded
// versions.
v1::TargetStatus StandingOf(const TargetSnapshot& snapshot,
                            const HistoryView& view);

// The same for selectors; both must outlive it.
Standings StandingIn(const Fleet& fleet, const HistoryView& view);

}  // namespace fleet

#endif  // COORDINATOR_STANDING_H_
