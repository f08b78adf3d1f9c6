#ifndef LIB_ENGINE_MYSQL_TYPE_RANGE_H_
#define LIB_ENGINE_MYSQL_TYPE_RANGE_H_

#include "absl/strings/string_view.h"

// Which types hold every value of which others. Pure.

namespace fleet::mysql {

// Whether no value of type `from` ("int unsigned", "varchar(20)", as attribute
// "type" has it) can fail to fit into `to` or change there. False where that is
// not known. A character takes at most `bytes_per_character`.
bool HoldsEveryValue(absl::string_view from, absl::string_view to,
                     int bytes_per_character);

// The same of character sets, for types with a length in characters.
bool HoldsEveryCharacter(absl::string_view from, absl::string_view to);

}  // namespace fleet::mysql

#endif  // LIB_ENGINE_MYSQL_TYPE_RANGE_H_
