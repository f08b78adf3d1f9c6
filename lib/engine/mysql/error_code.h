#ifndef LIB_ENGINE_MYSQL_ERROR_CODE_H_
#define LIB_ENGINE_MYSQL_ERROR_CODE_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

// What the family's error numbers mean for retrying: one table. Pure.

namespace fleet::mysql {

// "1062: message" with class and code of the table.
absl::Status ServerErrorOf(unsigned code, absl::string_view message);

// Warnings that mean: the rows or the definition are not what was asked for.
bool IsHarmfulWarning(unsigned code);

}  // namespace fleet::mysql

#endif  // LIB_ENGINE_MYSQL_ERROR_CODE_H_
