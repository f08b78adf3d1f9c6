#ifndef LIB_BASE_STATUS_H_
#define LIB_BASE_STATUS_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

// The one error channel. Text is lower case, names the object, says have/want,
// then the remedy, and grows to the left on its way up:
//
//   ASSIGN_OR_RETURN(Schema schema, Introspect(session));
//   RETURN_IF_ERROR(log.Append(batch));
//   return Annotate(status, "planning prod-eu-3");   // "planning …: <old
//   text>"

namespace fleet {

// `status` with "context: " before its message; the code and payloads stay. OK
// stays OK.
absl::Status Annotate(const absl::Status& status, absl::string_view context);

// Writes to stderr and aborts; for programmer errors only.
[[noreturn]] void CheckFailed(const char* file, int line, const char* what);

}  // namespace fleet

#define FLEET_CONCAT_INNER(a, b) a##b
#define FLEET_CONCAT(a, b) FLEET_CONCAT_INNER(a, b)

#define RETURN_IF_ERROR(expr)                                         \
  do {                                                                \
    if (absl::Status status_ = (expr); !status_.ok()) return status_; \
  } while (false)

#define ASSIGN_OR_RETURN(lhs, expr) \
  FLEET_ASSIGN_OR_RETURN(FLEET_CONCAT(result_, __LINE__), lhs, expr)
#define FLEET_ASSIGN_OR_RETURN(result, lhs, expr) \
  auto result = (expr);                           \
  if (!result.ok()) return result.status();       \
  lhs = *std::move(result)

// Crashes when `condition` is false, in every build.
#define CHECK(condition) \
  ((condition) ? (void)0 : ::fleet::CheckFailed(__FILE__, __LINE__, #condition))

#endif  // LIB_BASE_STATUS_H_
