#ifndef LIB_BASE_SUGGEST_H_
#define LIB_BASE_SUGGEST_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace fleet {

// The candidate within Damerau-Levenshtein distance 2 of `word` (and closer
// than half its length), nearest first, ties by order; "" if there is none.
std::string Nearest(absl::string_view word,
                    const std::vector<std::string>& candidates);

// `; did you mean "x"?` or "".
std::string DidYouMean(absl::string_view word,
                       const std::vector<std::string>& candidates);

}  // namespace fleet

#endif  // LIB_BASE_SUGGEST_H_
