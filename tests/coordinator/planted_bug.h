#ifndef TESTS_COORDINATOR_PLANTED_BUG_H_
#define TESTS_COORDINATOR_PLANTED_BUG_H_

#include <functional>
#include <vector>

#include "coordinator/rollout.h"
#include "proto/rollout.pb.h"

namespace fleet {

// A mistake that a state machine of rollouts could have, put between it and the
// world: a simulation that does not find it is worth nothing. Functions that
// are not set do nothing.
struct PlantedBug {
  const char* name;
  // What it believes the rollout to be.
  std::function<void(v1::Rollout&)> believe;
  // What it hears.
  std::function<void(Event&)> hear;
  // What it says.
  std::function<void(const Event&, Transition&)> say;
  // What it remembers afterwards; true where it is not what it was.
  std::function<bool(const Event&, v1::Rollout&)> remember;
};

std::vector<PlantedBug> PlantedBugs();

}  // namespace fleet

#endif  // TESTS_COORDINATOR_PLANTED_BUG_H_
