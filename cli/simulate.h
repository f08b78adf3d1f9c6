#ifndef CLI_SIMULATE_H_
#define CLI_SIMULATE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "cli/style.h"
#include "proto/rollout.pb.h"

namespace fleet {

// What a rollout of a plan would be like, before it is one. Pure.
struct WaveForecast {
  std::string name;
  int targets = 0;
  int max_parallel = 1;
  int tolerance = 0;
  bool waits = false;  // for an approval
  // Of the wave, without waiting for approvals.
  int64_t duration_ms = 0;
  int64_t bake_ms = 0;
  // Targets of this wave and those before it.
  int reached = 0;
  // The most targets on which statements can have failed, over all waves so
  // far, when this one stops the rollout (what is refused before is whole):
  // what is tolerated before, and in this wave one more than is tolerated, with
  // all that run beside it.
  int broken = 0;
};

struct Forecast {
  std::vector<WaveForecast> waves;
  int targets = 0;
  int64_t duration_ms = 0;
  int approvals = 0;
  int broken = 0;            // the most of all waves
  bool stops_never = false;  // on_failure: continue
};

// `target_ms`: how long one target takes.
Forecast Simulate(const v1::FleetPlan& plan, int64_t target_ms);

std::string PrintForecast(const Forecast& forecast, int64_t target_ms,
                          const Style& style);
std::string PrintForecastJson(const Forecast& forecast);

}  // namespace fleet

#endif  // CLI_SIMULATE_H_
