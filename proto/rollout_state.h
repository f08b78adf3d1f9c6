#ifndef PROTO_ROLLOUT_STATE_H_
#define PROTO_ROLLOUT_STATE_H_

#include "proto/rollout.pb.h"

namespace fleet {

// The rollout has ended; only a retry makes it go on.
inline bool IsOver(v1::RolloutState state) {
  switch (state) {
    case v1::ROLLOUT_SUCCEEDED:
    case v1::ROLLOUT_SUCCEEDED_WITH_FAILURES:
    case v1::ROLLOUT_FAILED:
    case v1::ROLLOUT_CANCELLED:
    case v1::ROLLOUT_REVERTED:
    case v1::ROLLOUT_REVERT_FAILED:
    case v1::ROLLOUT_SUPERSEDED:
      return true;
    default:
      return false;
  }
}

}  // namespace fleet

#endif  // PROTO_ROLLOUT_STATE_H_
