#ifndef LIB_ENGINE_MYSQL_TOKENS_H_
#define LIB_ENGINE_MYSQL_TOKENS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

// The words of SQL text that a server of the family prints. The text is
// canonical already, so a piece of a definition is the slice of the text from
// its first token to its last. What stands in a versioned comment (/*!80023
// INVISIBLE */, /*M!100301 COMPRESSED*/) is read as if it stood outside. Pure.

namespace fleet::mysql {

enum class TokenKind {
  kWord,      // a keyword or an unquoted name
  kName,      // `a`
  kString,    // 'a', "a"
  kNumber,    // also x'ab' and b'01'
  kOperator,  // a single character
};

struct Token {
  TokenKind kind = TokenKind::kOperator;
  absl::string_view text;  // as it stands; part of the text
  std::string value;       // kName, kString: without quotes and escapes

  // A keyword in any case. `upper` is its upper-case form.
  bool Is(absl::string_view upper) const;
  bool IsOperator(char c) const {
    return kind == TokenKind::kOperator && text[0] == c;
  }
  // The name that this is; "" where it is none.
  absl::string_view Name() const {
    if (kind == TokenKind::kName) return value;
    return kind == TokenKind::kWord ? text : absl::string_view();
  }
};

using Tokens = std::vector<Token>;
using TokenSpan = absl::Span<const Token>;

// InvalidArgument: quotes or a comment without end, a NUL. Tokens point into
// `sql`.
absl::StatusOr<Tokens> Tokenize(absl::string_view sql);

// What can be read of a stored program, whose body may be of a mode in which a
// backslash is no escape: its head always.
Tokens TokenizeHead(absl::string_view sql);

// The text from the first token to the last.
absl::string_view SliceOf(TokenSpan tokens);

// The same without the marks of versioned comments, which end in the middle of
// some definitions and begin again.
std::string PlainSliceOf(TokenSpan tokens);

// The same as SliceOf without "`schema`." in front of names: a definition means
// the same in every database.
std::string TextWithout(absl::string_view schema, TokenSpan tokens);

// Index of what closes the parenthesis at `open`; tokens.size() when nothing
// does.
size_t ClosingOf(TokenSpan tokens, size_t open);

// Cut at the commas that stand in no parentheses.
std::vector<TokenSpan> SplitAtCommas(TokenSpan tokens);

// ASCII letters in lower case.
std::string Folded(absl::string_view name);

}  // namespace fleet::mysql

#endif  // LIB_ENGINE_MYSQL_TOKENS_H_
