#ifndef CLI_HAZARD_FLAGS_H_
#define CLI_HAZARD_FLAGS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/schema/risk.h"

namespace CLI {
class App;
}

namespace fleet {

// --allow-hazards and --max-risk, as several verbs take them.
struct HazardFlags {
  std::vector<std::string> allow;
  int max_risk = 0;

  void AddTo(CLI::App& command);
  // InvalidArgument (exit 64) naming an unknown hazard.
  absl::StatusOr<HazardPolicy> Policy() const;
};

}  // namespace fleet

#endif  // CLI_HAZARD_FLAGS_H_
