#ifndef COORDINATOR_ROLLOUT_NARRATOR_H_
#define COORDINATOR_ROLLOUT_NARRATOR_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "proto/fleet.pb.h"
#include "proto/history.pb.h"
#include "proto/plan.pb.h"
#include "proto/rollout.pb.h"

namespace fleet {

// Says in one line each what has changed in a rollout since it was asked last:
//
//   wave 1/4 canary start targets=1
//   saas-eu-01 1/3 ok 0.04s ALTER TABLE public.users ADD COLUMN …
//   saas-eu-01 done verified=3f9c1e2a
//   wave 1/4 canary done, bake 30m
//
// Events carry no rollout. Pure; thread-compatible.
class RolloutNarrator {
 public:
  // What `rollout` is now needs no telling.
  explicit RolloutNarrator(const v1::Rollout& rollout);

  // `changed` are the indices of the targets that may have changed.
  std::vector<v1::RolloutEvent> Tell(const v1::Rollout& now,
                                     const std::vector<int>& changed,
                                     int64_t now_ms);

  static v1::RolloutEvent TellStatement(const v1::StatementResult& result,
                                        const v1::Plan& plan, int64_t now_ms);

 private:
  v1::RolloutState state_;
  std::string reason_;
  std::vector<v1::WaveState> waves_;
  std::map<std::string, std::pair<v1::TargetState, int>> targets_;
};

// "0.04s", "10s", "2m10s".
std::string FormatDuration(int64_t ms);

}  // namespace fleet

#endif  // COORDINATOR_ROLLOUT_NARRATOR_H_
