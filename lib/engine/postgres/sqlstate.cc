#include "lib/engine/postgres/sqlstate.h"

#include "absl/strings/match.h"

namespace fleet {
namespace {

constexpr auto kAborted = absl::StatusCode::kAborted;
constexpr auto kDenied = absl::StatusCode::kPermissionDenied;
constexpr auto kExhausted = absl::StatusCode::kResourceExhausted;
constexpr auto kFailed = absl::StatusCode::kFailedPrecondition;
constexpr auto kLost = absl::StatusCode::kUnavailable;

constexpr SqlstateMeaning kMeanings[] = {
    {"", ErrorClass::kPlan, kFailed},
    {"08", ErrorClass::kUnknown, kLost},  // connection exception
    {"22", ErrorClass::kData, kFailed},   // value does not fit or cast
    {"23", ErrorClass::kData, kFailed},   // constraint violated by rows
    {"25006", ErrorClass::kEnvironmental, kFailed},  // server is read-only
    {"25P03", ErrorClass::kUnknown, kLost},          // idle: session ended
    {"28", ErrorClass::kEnvironmental, kDenied},     // authentication
    {"3D000", ErrorClass::kEnvironmental, absl::StatusCode::kNotFound},
    {"40001", ErrorClass::kRetryable, kAborted},  // serialization
    {"40003", ErrorClass::kUnknown, kLost},       // completion unknown
    {"40P01", ErrorClass::kRetryable, kAborted},  // deadlock
    {"42501", ErrorClass::kEnvironmental, kDenied},
    {"53", ErrorClass::kEnvironmental, kExhausted},  // disk, memory, slots
    {"55006", ErrorClass::kRetryable, kAborted},     // object in use
    {"55P03", ErrorClass::kRetryable, kAborted},     // lock timeout
    {"57014", ErrorClass::kEnvironmental, absl::StatusCode::kDeadlineExceeded},
    {"57P01", ErrorClass::kUnknown, kLost},       // server stops
    {"57P02", ErrorClass::kUnknown, kLost},       // server crashed
    {"57P03", ErrorClass::kUnknown, kLost},       // server starts or stops
    {"57P05", ErrorClass::kUnknown, kLost},       // idle: session ended
    {"58", ErrorClass::kEnvironmental, kFailed},  // system error
    {"F0", ErrorClass::kEnvironmental, kFailed},  // configuration file
    {"XX", ErrorClass::kEnvironmental, absl::StatusCode::kDataLoss},
};

}  // namespace

const SqlstateMeaning& MeaningOf(absl::string_view sqlstate) {
  const SqlstateMeaning* best = &kMeanings[0];
  for (const SqlstateMeaning& row : kMeanings) {
    if (absl::StartsWith(sqlstate, row.prefix) &&
        row.prefix.size() > best->prefix.size()) {
      best = &row;
    }
  }
  return *best;
}

absl::Status PostgresError(absl::string_view sqlstate,
                           absl::string_view message) {
  const SqlstateMeaning& meaning = MeaningOf(sqlstate);
  return ServerError(meaning.status_code, meaning.error_class, sqlstate,
                     message);
}

}  // namespace fleet
