#include "lib/engine/mysql/error_code.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "lib/base/printable.h"
#include "lib/engine/session.h"

namespace fleet::mysql {
namespace {

struct Meaning {
  unsigned code;
  ErrorClass error_class;
  absl::StatusCode status_code;
};

constexpr auto kAborted = absl::StatusCode::kAborted;
constexpr auto kDenied = absl::StatusCode::kPermissionDenied;
constexpr auto kExhausted = absl::StatusCode::kResourceExhausted;
constexpr auto kFailed = absl::StatusCode::kFailedPrecondition;
constexpr auto kLost = absl::StatusCode::kUnavailable;
constexpr auto kNotFound = absl::StatusCode::kNotFound;

// Sorted by code; what is not here is a fault of the plan.
constexpr Meaning kMeanings[] = {
    {1021, ErrorClass::kEnvironmental, kExhausted},  // disk full
    {1022, ErrorClass::kData, kFailed},              // duplicate key
    {1037, ErrorClass::kEnvironmental, kExhausted},  // out of memory
    {1040, ErrorClass::kEnvironmental, kExhausted},  // too many connections
    {1044, ErrorClass::kEnvironmental, kDenied},     // database denied
    {1045, ErrorClass::kEnvironmental, kDenied},     // user denied
    {1048, ErrorClass::kData, kFailed},              // cannot be NULL
    {1049, ErrorClass::kEnvironmental, kNotFound},   // no such database
    {1053, ErrorClass::kUnknown, kLost},             // server shuts down
    {1062, ErrorClass::kData, kFailed},              // duplicate entry
    {1114, ErrorClass::kEnvironmental, kExhausted},  // table is full
    {1130, ErrorClass::kEnvironmental, kDenied},     // host not allowed
    {1138, ErrorClass::kData, kFailed},              // NULL where it may not be
    {1142, ErrorClass::kEnvironmental, kDenied},     // command denied
    {1143, ErrorClass::kEnvironmental, kDenied},     // column denied
    {1152, ErrorClass::kUnknown, kLost},             // connection aborted
    {1184, ErrorClass::kUnknown, kLost},             // connection aborted
    {1205, ErrorClass::kRetryable, kAborted},        // lock wait timeout
    {1206, ErrorClass::kEnvironmental, kExhausted},  // lock table full
    {1213, ErrorClass::kRetryable, kAborted},        // deadlock
    {1216, ErrorClass::kData, kFailed},              // no parent row
    {1227, ErrorClass::kEnvironmental, kDenied},     // a privilege is needed
    {1264, ErrorClass::kData, kFailed},              // out of range
    {1265, ErrorClass::kData, kFailed},              // data truncated
    {1290, ErrorClass::kEnvironmental, kFailed},     // read-only server
    {1292, ErrorClass::kData, kFailed},              // incorrect value
    {1317, ErrorClass::kEnvironmental,
     absl::StatusCode::kDeadlineExceeded},        // interrupted
    {1366, ErrorClass::kData, kFailed},           // incorrect value
    {1370, ErrorClass::kEnvironmental, kDenied},  // routine denied
    {1406, ErrorClass::kData, kFailed},           // too long
    {1411, ErrorClass::kData, kFailed},           // incorrect value
    {1419, ErrorClass::kEnvironmental, kDenied},  // SUPER, binary log on
    {1451, ErrorClass::kData, kFailed},           // row is referred to
    {1452, ErrorClass::kData, kFailed},           // no parent row
    {1526, ErrorClass::kData, kFailed},           // no partition for it
    {1690, ErrorClass::kData, kFailed},           // out of range
    {1799, ErrorClass::kRetryable, kAborted},     // online log too big
    {1836, ErrorClass::kEnvironmental, kFailed},  // read-only mode
    {1927, ErrorClass::kUnknown, kLost},          // connection killed
    {1969, ErrorClass::kEnvironmental,
     absl::StatusCode::kDeadlineExceeded},        // max_statement_time
    {2002, ErrorClass::kUnknown, kLost},          // no socket
    {2003, ErrorClass::kUnknown, kLost},          // no server
    {2005, ErrorClass::kUnknown, kLost},          // unknown host
    {2006, ErrorClass::kUnknown, kLost},          // gone away
    {2012, ErrorClass::kUnknown, kLost},          // handshake
    {2013, ErrorClass::kUnknown, kLost},          // lost during query
    {2026, ErrorClass::kEnvironmental, kFailed},  // TLS
    {2055, ErrorClass::kUnknown, kLost},          // lost during query
    {3024, ErrorClass::kEnvironmental,
     absl::StatusCode::kDeadlineExceeded},     // max_execution_time
    {3572, ErrorClass::kRetryable, kAborted},  // NOWAIT
    {3819, ErrorClass::kData, kFailed},        // check violated
    {4025, ErrorClass::kData, kFailed},        // check violated
};

constexpr unsigned kHarmful[] = {
    1071,  // a key was cut
    1264,  // out of range
    1265,  // data truncated
    1266,  // another engine was used
    1286,  // unknown engine
    1292,  // incorrect value
    1366,  // incorrect value
    1411,  // incorrect value
    1478,  // the engine does not support an option
};

}  // namespace

absl::Status ServerErrorOf(unsigned code, absl::string_view message) {
  const Meaning* end = std::end(kMeanings);
  const Meaning* found = std::lower_bound(
      std::begin(kMeanings), end, code,
      [](const Meaning& row, unsigned wanted) { return row.code < wanted; });
  const Meaning meaning = found != end && found->code == code
                              ? *found
                              : Meaning{code, ErrorClass::kPlan, kFailed};
  return ServerError(meaning.status_code, meaning.error_class,
                     absl::StrCat(code), Printable(message));
}

bool IsHarmfulWarning(unsigned code) {
  return std::binary_search(std::begin(kHarmful), std::end(kHarmful), code);
}

}  // namespace fleet::mysql
