#include "lib/engine/dialect.h"

#include "absl/strings/str_cat.h"

namespace fleet {

// A line comment at the statement's end must not swallow the semicolon.
std::string Dialect::ScriptText(absl::string_view statement) const {
  const size_t newline = statement.rfind('\n');
  const absl::string_view last_line =
      newline == statement.npos ? statement : statement.substr(newline + 1);
  const bool may_be_comment = last_line.find("--") != last_line.npos;
  return absl::StrCat(statement, may_be_comment ? "\n;\n" : ";\n");
}

}  // namespace fleet
