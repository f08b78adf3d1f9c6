#ifndef LIB_ENGINE_POSTGRES_TYPE_CHANGE_H_
#define LIB_ENGINE_POSTGRES_TYPE_CHANGE_H_

#include <string>

#include "absl/strings/string_view.h"

// What ALTER COLUMN … TYPE does, told from the two types as printed. Pure.

namespace fleet::postgres {

enum class TypeChange {
  kWidens,  // no value changes, no row is written: varchar(10) → varchar(20)
  kRewrites,  // every row is written anew, and every value fits
  kNarrows,   // written anew; a value that does not fit stops it
};
TypeChange TypeChangeOf(absl::string_view from, absl::string_view to);

// How values get from one type to the other.
enum class Conversion {
  kAssignment,   // by itself
  kCast,         // USING c::type
  kThroughText,  // USING c::text::type
};
Conversion ConversionOf(absl::string_view from, absl::string_view to);

// "numeric(10,2)[]" → "numeric[]": the type without its modifier.
std::string BaseType(absl::string_view type);

}  // namespace fleet::postgres

#endif  // LIB_ENGINE_POSTGRES_TYPE_CHANGE_H_
