#ifndef LIB_ENGINE_POSTGRES_SCRIPT_H_
#define LIB_ENGINE_POSTGRES_SCRIPT_H_

#include <vector>

#include "absl/strings/string_view.h"

// psql's rules for where a statement ends: quotes of all kinds, nested
// comments, parentheses, BEGIN ATOMIC … END bodies, backslash commands and the
// data lines below COPY … FROM stdin. It finds boundaries; it does not parse.
// Pure.

namespace fleet {

struct ScriptStatement {
  absl::string_view text;  // without the semicolon; part of the script
  size_t offset = 0;       // of text in the script
};

// The statements to run, in order. Left out: empty ones, backslash commands,
// COPY from stdin and to stdout with its data, and statements that concern
// owners, grants, roles or the whole cluster. What does not end (an open quote)
// is a last statement that the server will refuse.
std::vector<ScriptStatement> SplitPostgresScript(absl::string_view script);

struct ScriptPosition {
  int line = 1;
  int column = 1;  // in characters
};

// Where byte `offset` of `script` is.
ScriptPosition PositionAt(absl::string_view script, size_t offset);

// The byte offset in `text` of its `character`-th character, 1-based.
size_t ByteOffset(absl::string_view text, int character);

}  // namespace fleet

#endif  // LIB_ENGINE_POSTGRES_SCRIPT_H_
