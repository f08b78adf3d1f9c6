#include "cli/exit_code.h"

#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace fleet {
namespace {

constexpr absl::string_view kPayload = "fleetctl/exit-code";

}  // namespace

ExitCode ExitCodeOf(const absl::Status& status) {
  if (status.ok()) return kExitOk;
  if (const auto payload = status.GetPayload(kPayload)) {
    int code = kExitError;
    if (absl::SimpleAtoi(std::string(*payload), &code)) {
      return static_cast<ExitCode>(code);
    }
  }
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
      return kExitUnreachable;
    case absl::StatusCode::kDeadlineExceeded:
      return kExitTimedOut;
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated:
      return kExitNotAllowed;
    case absl::StatusCode::kFailedPrecondition:
      if (absl::StrContains(status.message(), "stopped by policy")) {
        return kExitPolicy;
      }
      if (absl::StrContains(status.message(), "is stale")) return kExitStale;
      return kExitError;
    default:
      return kExitError;
  }
}

absl::Status WithExitCode(absl::Status status, ExitCode code) {
  if (!status.ok()) {
    status.SetPayload(kPayload,
                      absl::Cord(absl::StrCat(static_cast<int>(code))));
  }
  return status;
}

}  // namespace fleet
