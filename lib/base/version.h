#ifndef LIB_BASE_VERSION_H_
#define LIB_BASE_VERSION_H_

#include "absl/strings/string_view.h"

namespace fleet {

// What --version says and agents report; CMakeLists.txt has the same number.
inline constexpr absl::string_view kVersion = "0.1.0";

}  // namespace fleet

#endif  // LIB_BASE_VERSION_H_
