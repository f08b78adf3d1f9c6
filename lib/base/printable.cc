#include "lib/base/printable.h"

#include <utf8proc.h>

#include "absl/strings/str_format.h"

namespace fleet {
namespace {

// Explicit direction changes can make a statement read as another one.
bool IsBidiControl(utf8proc_int32_t rune) {
  return rune == 0x061c || (rune >= 0x200e && rune <= 0x200f) ||
         (rune >= 0x202a && rune <= 0x202e) ||
         (rune >= 0x2066 && rune <= 0x2069);
}

bool IsControl(utf8proc_int32_t rune) {
  return rune < 0x20 || (rune >= 0x7f && rune < 0xa0) || rune == 0x2028 ||
         rune == 0x2029;
}

}  // namespace

std::string Printable(absl::string_view text, bool keep_newlines) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    utf8proc_int32_t rune = -1;
    utf8proc_ssize_t size =
        utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                         static_cast<utf8proc_ssize_t>(text.size()), &rune);
    if (size <= 0) {
      absl::StrAppendFormat(&out, "\\x%02x",
                            static_cast<unsigned char>(text[0]));
      size = 1;
    } else if (rune == '\n') {
      out += keep_newlines ? "\n" : "\\n";
    } else if (rune == '\t' && keep_newlines) {
      out += '\t';
    } else if (IsControl(rune) && rune < 0x100) {
      absl::StrAppendFormat(&out, "\\x%02x", rune);
    } else if (IsControl(rune) || IsBidiControl(rune)) {
      absl::StrAppendFormat(&out, "\\u{%04x}", rune);
    } else {
      out.append(text.data(), static_cast<size_t>(size));
    }
    text.remove_prefix(static_cast<size_t>(size));
  }
  return out;
}

}  // namespace fleet
