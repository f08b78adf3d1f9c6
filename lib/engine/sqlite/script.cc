#include "lib/engine/sqlite/script.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "lib/base/printable.h"
#include "lib/engine/session.h"

namespace fleet::sqlite {

absl::Status ErrorAt(absl::string_view script, size_t offset,
                     absl::string_view file_name, const absl::Status& status) {
  int line = 1;
  int column = 1;
  for (char c : script.substr(0, offset)) {
    if (c == '\n') {
      ++line;
      column = 1;
    } else if ((c & 0xC0) != 0x80) {
      ++column;
    }
  }
  return ServerError(absl::StatusCode::kInvalidArgument, ErrorClassOf(status),
                     "",
                     absl::StrCat(Printable(file_name), ":", line, ":", column,
                                  ": ", status.message()));
}

size_t BlankPrefix(absl::string_view script) {
  size_t at = 0;
  bool line_start = true;
  while (at < script.size()) {
    const absl::string_view rest = script.substr(at);
    const auto c = static_cast<unsigned char>(rest[0]);
    if (absl::ascii_isspace(c) || c == ';') {
      line_start = c == '\n' || (line_start && c != ';');
      ++at;
    } else if (rest.substr(0, 2) == "--" || (c == '.' && line_start)) {
      at = std::min(script.find('\n', at), script.size());
    } else if (rest.substr(0, 2) == "/*") {
      const size_t close = script.find("*/", at + 2);
      at = close == script.npos ? script.size() : close + 2;
    } else {
      break;
    }
  }
  return at;
}

}  // namespace fleet::sqlite
