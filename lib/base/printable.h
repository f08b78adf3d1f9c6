#ifndef LIB_BASE_PRINTABLE_H_
#define LIB_BASE_PRINTABLE_H_

#include <string>

#include "absl/strings/string_view.h"

namespace fleet {

// Text from a database, a file or a peer, safe to show on a terminal or in a
// log line: control characters (C0, DEL, C1), invalid UTF-8 and bidirectional
// overrides become \xNN or \u{NNNN}; everything else stays. Newlines become \n
// in escaped form unless `keep_newlines`.
std::string Printable(absl::string_view text, bool keep_newlines = false);

}  // namespace fleet

#endif  // LIB_BASE_PRINTABLE_H_
