#ifndef LIB_ENGINE_SQLITE_TOKENS_H_
#define LIB_ENGINE_SQLITE_TOKENS_H_

#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

// The words of SQL text that SQLite keeps in sqlite_schema. SQLite has no
// printer, so the canonical form of a definition is made here, from its tokens:
// comments and spacing do not matter, nor does the case of words.
//
//   Canonical("check (\n Price>0 and `state` = 'A')")
//       == "CHECK (price > 0 AND state = 'A')"
//   Written(the same) == "CHECK (Price > 0 AND state = 'A')"
//
// Equal canonical texts mean the same to SQLite; the written text is what is
// sent to it. Pure.

namespace fleet::sqlite {

enum class TokenKind {
  kWord,      // a keyword or an unquoted name
  kQuoted,    // "a", `a`, [a]
  kString,    // 'a'
  kNumber,    // also x'ab'
  kOperator,  // one of SQLite's, or a single character
};

// In place of a quoted name's quote: where it stands, nothing but a name can.
inline constexpr char kNameQuote = 'n';

struct Token {
  TokenKind kind = TokenKind::kOperator;
  char quote = 0;     // kQuoted: '"', '`', '[' or kNameQuote
  std::string text;   // kQuoted, kString: without quotes
  size_t offset = 0;  // where it begins in the text

  // A keyword in any case. `upper` is its upper-case form.
  bool Is(absl::string_view upper) const;
  bool IsOperator(absl::string_view op) const {
    return kind == TokenKind::kOperator && text == op;
  }
  bool IsName() const {
    return kind == TokenKind::kWord || kind == TokenKind::kQuoted;
  }
};

using Tokens = std::vector<Token>;
using TokenSpan = absl::Span<const Token>;

// Folded names of tables, views and columns, mostly. SQLite takes "a" in double
// quotes for a string when nothing has that name; this tells one from the
// other.
using KnownNames = absl::flat_hash_set<std::string>;

// InvalidArgument: a quote or comment without end, a NUL.
absl::StatusOr<Tokens> Tokenize(absl::string_view sql);

// SQLite takes "a" in double quotes for a string where no column has the name,
// when it reads what is in a file, but not when a session of ours creates it.
// What cannot be a name in the definition of a table or index with these
// columns becomes the string that it is.
void SettleStrings(const KnownNames& columns, Tokens& tokens);

std::string Canonical(TokenSpan tokens, const KnownNames& known);
std::string Written(TokenSpan tokens, const KnownNames& known);

// The folded names that stand in `tokens`, quoted or not. Keywords that could
// be names are among them.
std::vector<std::string> NamesIn(TokenSpan tokens);

// True when `name` (folded) is one of NamesIn(Tokenize(sql)); also when `sql`
// is not understood.
bool Mentions(absl::string_view sql, absl::string_view name);

// True when `name.` (folded) stands in `sql`.
bool Qualifies(absl::string_view sql, absl::string_view name);

// The first function called in `tokens` that is not among `functions`; "" when
// all are.
std::string UnknownFunction(TokenSpan tokens, const KnownNames& functions);

}  // namespace fleet::sqlite

#endif  // LIB_ENGINE_SQLITE_TOKENS_H_
