#ifndef LIB_ENGINE_POSTGRES_SQLSTATE_H_
#define LIB_ENGINE_POSTGRES_SQLSTATE_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "lib/engine/session.h"

// What PostgreSQL's five-letter codes mean for retrying: one table of codes and
// classes of codes. Pure.

namespace fleet {

struct SqlstateMeaning {
  absl::string_view prefix;  // a code, or the first letters of a class of codes
  ErrorClass error_class;
  absl::StatusCode status_code;
};

// The row with the longest prefix of `sqlstate`; a plan error where none fits.
const SqlstateMeaning& MeaningOf(absl::string_view sqlstate);

// "23505: message" with class and code of the table.
absl::Status PostgresError(absl::string_view sqlstate,
                           absl::string_view message);

}  // namespace fleet

#endif  // LIB_ENGINE_POSTGRES_SQLSTATE_H_
