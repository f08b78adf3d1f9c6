#include "cli/target_state.h"

#include "absl/strings/str_cat.h"

namespace fleet {

std::string TargetState(const v1::TargetStatus& status, const Style& style) {
  if (!status.rollout().empty()) {
    return style.Paint(Colour::kBlue,
                       absl::StrCat(status.rollout(), " is running"));
  }
  if (!status.error().empty() && status.connected()) {
    return style.Paint(Colour::kRed, "error");
  }
  switch (status.state()) {
    case v1::CURRENT:
      return style.Paint(Colour::kGreen, "current");
    case v1::DRIFTED:
      return style.Paint(Colour::kYellow, "drifted");
    case v1::UNREACHABLE:
      return style.Paint(Colour::kRed, "unreachable");
    default:
      return style.Paint(Colour::kDim, "unknown");
  }
}

std::string ServerVersion(const v1::Target& target) {
  const int version = target.server_version();
  if (version == 0) return "";
  if (target.engine() == v1::POSTGRES) {
    return absl::StrCat(version / 10000, ".", version % 10000);
  }
  const int unit = target.engine() == v1::SQLITE ? 1000 : 100;
  return absl::StrCat(version / (unit * unit), ".", version / unit % unit, ".",
                      version % unit);
}

}  // namespace fleet
