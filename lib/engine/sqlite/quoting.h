#ifndef LIB_ENGINE_SQLITE_QUOTING_H_
#define LIB_ENGINE_SQLITE_QUOTING_H_

#include <string>

#include "absl/strings/string_view.h"
#include "lib/engine/sql.h"
#include "lib/schema/object.h"

// How SQLite quotes, and what it makes of a word. All pure and thread-safe.

namespace fleet::sqlite {

extern const Quoting kSqliteQuoting;

// Words that can never be an unquoted name ("select", not "key"). Any case.
bool IsReservedWord(absl::string_view word);

// Any word of SQLite's grammar, reserved or not. Any case.
bool IsGrammarWord(absl::string_view word);

// SQLite compares names without regard to the case of ASCII letters, quoted or
// not; paths hold this form.
std::string FoldName(absl::string_view name);

// The name of `object` in the letters its author chose: attribute "name",
// unless a rename made that stale.
absl::string_view WrittenName(const Object& object);

// Notes how the name was written, where that is not its folded form.
void SetWrittenName(absl::string_view written, Object& object);

}  // namespace fleet::sqlite

#endif  // LIB_ENGINE_SQLITE_QUOTING_H_
