#ifndef CLI_PRINT_ROLLOUT_H_
#define CLI_PRINT_ROLLOUT_H_

#include <string>
#include <vector>

#include "cli/style.h"
#include "proto/rollout.pb.h"

// A rollout for people: as a tree, as a live frame, as the recap at its end.
// Pure: the same rollout and `now` give the same text.

namespace fleet {

// One line per rollout, wave and target; targets that are done fold into one.
std::string PrintRolloutTree(const v1::Rollout& rollout, int64_t now_ms,
                             const Style& style);

// The lines of the live region; at most `height` of them: finished targets and
// waves fold first.
std::vector<std::string> RolloutFrame(const v1::Rollout& rollout,
                                      int64_t now_ms, const Style& style,
                                      int height);

// What a reader wants at the end: counts per wave, and a paragraph for every
// target that did not become healthy, with the commands to go on.
std::string PrintRecap(const v1::Rollout& rollout, const Style& style);

// "running", "succeeded" … lower case, as shown everywhere.
std::string StateName(v1::RolloutState state);
std::string StateName(v1::WaveState state);
std::string StateName(v1::TargetState state);

// "2026-11-21 09:00:05 UTC"; "-" for 0.
std::string PrintTime(int64_t milliseconds);

}  // namespace fleet

#endif  // CLI_PRINT_ROLLOUT_H_
