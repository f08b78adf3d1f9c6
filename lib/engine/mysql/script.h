#ifndef LIB_ENGINE_MYSQL_SCRIPT_H_
#define LIB_ENGINE_MYSQL_SCRIPT_H_

#include <vector>

#include "absl/strings/string_view.h"

// The client's rules for where a statement ends: quotes, comments, DELIMITER
// lines. It finds boundaries; it does not parse. Pure.

namespace fleet::mysql {

struct ScriptStatement {
  absl::string_view text;  // without its end; part of the script
  size_t offset = 0;       // of text in the script
};

// The statements to run, in order. Left out: empty ones, and what speaks of
// other databases, accounts or the whole server (USE, CREATE DATABASE, GRANT,
// SET GLOBAL …).
std::vector<ScriptStatement> SplitScript(absl::string_view script);

}  // namespace fleet::mysql

#endif  // LIB_ENGINE_MYSQL_SCRIPT_H_
