#include "lib/engine/sqlite/result_code.h"

#include <sqlite3.h>

#include "absl/strings/str_cat.h"
#include "lib/base/printable.h"
#include "lib/engine/session.h"

namespace fleet {
namespace {

struct ResultCode {
  int code;
  absl::string_view name;
  ErrorClass error_class;
  absl::StatusCode status_code;
};

constexpr auto kFailed = absl::StatusCode::kFailedPrecondition;
constexpr auto kPlanError = ErrorClass::kPlan;
constexpr auto kOutside = ErrorClass::kEnvironmental;

constexpr ResultCode kCodes[] = {
    {SQLITE_ERROR, "SQLITE_ERROR", kPlanError, kFailed},
    {SQLITE_INTERNAL, "SQLITE_INTERNAL", kOutside, absl::StatusCode::kInternal},
    {SQLITE_PERM, "SQLITE_PERM", kOutside, absl::StatusCode::kPermissionDenied},
    {SQLITE_ABORT, "SQLITE_ABORT", ErrorClass::kRetryable,
     absl::StatusCode::kAborted},
    {SQLITE_BUSY, "SQLITE_BUSY", ErrorClass::kRetryable,
     absl::StatusCode::kAborted},
    {SQLITE_LOCKED, "SQLITE_LOCKED", ErrorClass::kRetryable,
     absl::StatusCode::kAborted},
    {SQLITE_NOMEM, "SQLITE_NOMEM", kOutside,
     absl::StatusCode::kResourceExhausted},
    {SQLITE_READONLY, "SQLITE_READONLY", kOutside,
     absl::StatusCode::kPermissionDenied},
    // The statement timeout, or Cancel.
    {SQLITE_INTERRUPT, "SQLITE_INTERRUPT", kOutside,
     absl::StatusCode::kDeadlineExceeded},
    {SQLITE_IOERR, "SQLITE_IOERR", kOutside, absl::StatusCode::kUnavailable},
    {SQLITE_CORRUPT, "SQLITE_CORRUPT", kOutside, absl::StatusCode::kDataLoss},
    {SQLITE_FULL, "SQLITE_FULL", kOutside,
     absl::StatusCode::kResourceExhausted},
    {SQLITE_CANTOPEN, "SQLITE_CANTOPEN", kOutside,
     absl::StatusCode::kUnavailable},
    {SQLITE_PROTOCOL, "SQLITE_PROTOCOL", ErrorClass::kRetryable,
     absl::StatusCode::kAborted},
    {SQLITE_SCHEMA, "SQLITE_SCHEMA", ErrorClass::kRetryable,
     absl::StatusCode::kAborted},
    {SQLITE_TOOBIG, "SQLITE_TOOBIG", ErrorClass::kData, kFailed},
    {SQLITE_CONSTRAINT, "SQLITE_CONSTRAINT", ErrorClass::kData, kFailed},
    {SQLITE_MISMATCH, "SQLITE_MISMATCH", ErrorClass::kData, kFailed},
    {SQLITE_MISUSE, "SQLITE_MISUSE", kPlanError, absl::StatusCode::kInternal},
    {SQLITE_NOLFS, "SQLITE_NOLFS", kOutside, kFailed},
    {SQLITE_AUTH, "SQLITE_AUTH", kOutside, absl::StatusCode::kPermissionDenied},
    {SQLITE_RANGE, "SQLITE_RANGE", kPlanError, absl::StatusCode::kInternal},
    {SQLITE_NOTADB, "SQLITE_NOTADB", kOutside, absl::StatusCode::kDataLoss},
};

constexpr int kPrimaryMask = 0xFF;

}  // namespace

absl::Status SqliteError(int code, absl::string_view message) {
  for (const ResultCode& row : kCodes) {
    if (row.code == (code & kPrimaryMask)) {
      return ServerError(row.status_code, row.error_class, row.name,
                         Printable(message));
    }
  }
  return ServerError(kFailed, kPlanError, absl::StrCat("SQLITE_", code),
                     Printable(message));
}

}  // namespace fleet
