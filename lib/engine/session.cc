#include "lib/engine/session.h"

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"

namespace fleet {
namespace {

constexpr char kErrorClassUrl[] = "fleetctl/error_class";

struct ClassName {
  ErrorClass error_class;
  absl::string_view name;
};

constexpr ClassName kClassNames[] = {
    {ErrorClass::kRetryable, "retryable"},
    {ErrorClass::kEnvironmental, "environmental"},
    {ErrorClass::kData, "data"},
    {ErrorClass::kPlan, "plan"},
    {ErrorClass::kUnknown, "unknown"},
};

}  // namespace

ErrorClass ErrorClassOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kErrorClassUrl);
  if (!payload.has_value()) return ErrorClass::kPlan;
  for (const ClassName& row : kClassNames) {
    if (*payload == row.name) return row.error_class;
  }
  return ErrorClass::kPlan;
}

absl::Status ServerError(absl::StatusCode status_code, ErrorClass error_class,
                         absl::string_view code, absl::string_view message) {
  absl::Status status(status_code, code.empty()
                                       ? std::string(message)
                                       : absl::StrCat(code, ": ", message));
  for (const ClassName& row : kClassNames) {
    if (row.error_class == error_class) {
      status.SetPayload(kErrorClassUrl, absl::Cord(row.name));
    }
  }
  return status;
}

}  // namespace fleet
