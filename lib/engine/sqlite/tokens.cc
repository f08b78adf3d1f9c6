#include "lib/engine/sqlite/tokens.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lib/base/status.h"
#include "lib/engine/sqlite/quoting.h"

namespace fleet::sqlite {
namespace {

// Longest first, as SQLite's tokenizer takes them.
constexpr absl::string_view kOperators[] = {"->>", "->", "||", "<<", ">>",
                                            "<=",  ">=", "<>", "!=", "=="};

bool StartsWord(char c) {
  return absl::ascii_isalpha(c) || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

bool InWord(char c) {
  return StartsWord(c) || absl::ascii_isdigit(c) || c == '$';
}

class Tokenizer {
 public:
  explicit Tokenizer(absl::string_view sql) : sql_(sql) {}

  absl::StatusOr<Tokens> Run() {
    Tokens tokens;
    for (;;) {
      RETURN_IF_ERROR(SkipSpace());
      if (at_ == sql_.size()) return tokens;
      const size_t offset = at_;
      ASSIGN_OR_RETURN(Token token, Next());
      token.offset = offset;
      tokens.push_back(std::move(token));
    }
  }

 private:
  char Peek(size_t ahead = 0) const {
    return at_ + ahead < sql_.size() ? sql_[at_ + ahead] : '\0';
  }

  absl::Status SkipSpace() {
    while (at_ < sql_.size()) {
      if (absl::ascii_isspace(Peek())) {
        ++at_;
      } else if (Peek() == '-' && Peek(1) == '-') {
        at_ = std::min(sql_.find('\n', at_), sql_.size());
      } else if (Peek() == '/' && Peek(1) == '*') {
        // SQLite lets the end of the text end the comment.
        const size_t end = sql_.find("*/", at_ + 2);
        at_ = end == sql_.npos ? sql_.size() : end + 2;
      } else {
        break;
      }
    }
    return absl::OkStatus();
  }

  absl::StatusOr<Token> Next() {
    const char c = Peek();
    if (c == '\0') {
      return absl::InvalidArgumentError("SQL text has a NUL byte");
    }
    if (c == '\'') return Quoted(TokenKind::kString, '\'');
    if (c == '"' || c == '`') return Quoted(TokenKind::kQuoted, c);
    if (c == '[') return Bracketed();
    if ((c == 'x' || c == 'X') && Peek(1) == '\'') return Blob();
    if (absl::ascii_isdigit(c) || (c == '.' && absl::ascii_isdigit(Peek(1)))) {
      return Number();
    }
    if (StartsWord(c)) {
      const size_t from = at_;
      while (InWord(Peek())) ++at_;
      return Token{TokenKind::kWord, 0,
                   std::string(sql_.substr(from, at_ - from))};
    }
    return Operator();
  }

  absl::StatusOr<Token> Quoted(TokenKind kind, char quote) {
    Token token{kind, kind == TokenKind::kQuoted ? quote : '\0', ""};
    for (++at_; at_ < sql_.size(); ++at_) {
      if (Peek() == quote) {
        if (Peek(1) != quote) {
          ++at_;
          return token;
        }
        ++at_;
      }
      token.text.push_back(Peek());
    }
    return absl::InvalidArgumentError("SQL text ends inside quotes");
  }

  absl::StatusOr<Token> Bracketed() {
    const size_t end = sql_.find(']', at_);
    if (end == sql_.npos) {
      return absl::InvalidArgumentError("SQL text ends inside [");
    }
    Token token{TokenKind::kQuoted, '[',
                std::string(sql_.substr(at_ + 1, end - at_ - 1))};
    at_ = end + 1;
    return token;
  }

  absl::StatusOr<Token> Blob() {
    ++at_;
    ASSIGN_OR_RETURN(const Token digits, Quoted(TokenKind::kString, '\''));
    return Token{TokenKind::kNumber, 0, absl::StrCat("x'", digits.text, "'")};
  }

  Token Number() {
    const size_t from = at_;
    if (Peek() == '0' && (Peek(1) == 'x' || Peek(1) == 'X')) {
      at_ += 2;
      while (absl::ascii_isxdigit(Peek())) ++at_;
    } else {
      while (absl::ascii_isdigit(Peek()) || Peek() == '.') ++at_;
      if (Peek() == 'e' || Peek() == 'E') {
        const size_t sign = Peek(1) == '+' || Peek(1) == '-' ? 2 : 1;
        if (absl::ascii_isdigit(Peek(sign))) {
          at_ += sign;
          while (absl::ascii_isdigit(Peek())) ++at_;
        }
      }
    }
    return Token{TokenKind::kNumber, 0,
                 std::string(sql_.substr(from, at_ - from))};
  }

  Token Operator() {
    for (absl::string_view op : kOperators) {
      if (absl::StartsWith(sql_.substr(at_), op)) {
        at_ += op.size();
        return Token{TokenKind::kOperator, 0, std::string(op)};
      }
    }
    return Token{TokenKind::kOperator, 0, std::string(1, sql_[at_++])};
  }

  absl::string_view sql_;
  size_t at_ = 0;
};

std::string InQuotes(absl::string_view text, char quote) {
  std::string out(1, quote);
  for (char c : text) {
    if (c == quote) out.push_back(c);
    out.push_back(c);
  }
  out.push_back(quote);
  return out;
}

// Whether a word or quoted name can stand bare in canonical text: names only,
// so what is a keyword wherever it stands keeps its quotes.
bool IsBareWord(absl::string_view name) {
  if (name.empty() || !StartsWord(name[0])) return false;
  return std::all_of(name.begin(), name.end(), InWord) && !IsReservedWord(name);
}

class Joiner {
 public:
  Joiner(TokenSpan tokens, const KnownNames& known, bool canonical)
      : tokens_(tokens), known_(known), canonical_(canonical) {}

  // SQLite would take the double-quoted token for a string if nothing had this
  // name; a name next to a dot or after some words is a name whatever it says.
  bool IsNameByPlace(size_t i) const {
    if (tokens_[i].quote == kNameQuote || IsOp(i + 1, ".")) return true;
    if (i > 0 && (IsOp(i - 1, ".") || OpensName(tokens_[i - 1]))) return true;
    return known_.contains(FoldName(tokens_[i].text));
  }

  std::string Run() const {
    std::string out;
    for (size_t i = 0; i < tokens_.size(); ++i) {
      if (i > 0 && SpaceBefore(i)) out.push_back(' ');
      out.append(Text(i));
    }
    return out;
  }

 private:
  bool IsOp(size_t i, absl::string_view op) const {
    return i < tokens_.size() && tokens_[i].IsOperator(op);
  }

  static bool OpensName(const Token& token) {
    return token.Is("AS") || token.Is("FROM") || token.Is("JOIN") ||
           token.Is("INTO") || token.Is("COLLATE");
  }

  std::string Text(size_t i) const {
    const Token& token = tokens_[i];
    switch (token.kind) {
      case TokenKind::kString:
        return InQuotes(token.text, '\'');
      case TokenKind::kWord:
        if (IsReservedWord(token.text)) {
          return absl::AsciiStrToUpper(token.text);
        }
        return canonical_ ? FoldName(token.text) : token.text;
      case TokenKind::kQuoted:
        return NameText(i);
      default:
        return token.text;
    }
  }

  std::string NameText(size_t i) const {
    const Token& token = tokens_[i];
    const bool is_by_place = IsNameByPlace(i);
    if (token.quote == '"' && !is_by_place) return InQuotes(token.text, '"');
    if (canonical_) {
      const std::string name = FoldName(token.text);
      return IsBareWord(name) ? name : InQuotes(name, '"');
    }
    if (kSqliteQuoting.is_plain(token.text)) return token.text;
    // Read back, double quotes have to be seen for a name again.
    return InQuotes(token.text, is_by_place ? '"' : '`');
  }

  // A sign in front of a value, not between two.
  bool IsSign(size_t i) const {
    if (!IsOp(i, "-") && !IsOp(i, "+")) return false;
    if (i == 0) return true;
    const Token& before = tokens_[i - 1];
    if (before.kind == TokenKind::kOperator) return !before.IsOperator(")");
    return before.kind == TokenKind::kWord && IsReservedWord(before.text) &&
           !before.Is("NULL");
  }

  bool SpaceBefore(size_t i) const {
    if (IsOp(i, ",") || IsOp(i, ")") || IsOp(i, ".") || IsOp(i, ";")) {
      return false;
    }
    if (IsOp(i - 1, "(") || IsOp(i - 1, ".")) return false;
    // "--" would open a comment.
    if (IsSign(i - 1)) return IsOp(i, "-") || IsOp(i, "+");
    if (IsOp(i, "(")) {
      const Token& before = tokens_[i - 1];
      return !before.IsName() || IsReservedWord(before.text) ||
             (before.Is("KEY") && i > 1 &&
              (tokens_[i - 2].Is("PRIMARY") || tokens_[i - 2].Is("FOREIGN")));
    }
    return true;
  }

  TokenSpan tokens_;
  const KnownNames& known_;
  const bool canonical_;
};

}  // namespace

bool Token::Is(absl::string_view upper) const {
  return kind == TokenKind::kWord && absl::EqualsIgnoreCase(text, upper);
}

absl::StatusOr<Tokens> Tokenize(absl::string_view sql) {
  return Tokenizer(sql).Run();
}

void SettleStrings(const KnownNames& columns, Tokens& tokens) {
  const Joiner joiner(tokens, columns, /*canonical=*/true);
  for (size_t i = 0; i < tokens.size(); ++i) {
    Token& token = tokens[i];
    const bool is_call = i + 1 < tokens.size() && tokens[i + 1].IsOperator("(");
    if (token.quote == '"' && !is_call && !joiner.IsNameByPlace(i)) {
      token.kind = TokenKind::kString;
      token.quote = '\0';
    }
  }
}

std::string Canonical(TokenSpan tokens, const KnownNames& known) {
  return Joiner(tokens, known, /*canonical=*/true).Run();
}

std::string Written(TokenSpan tokens, const KnownNames& known) {
  return Joiner(tokens, known, /*canonical=*/false).Run();
}

std::vector<std::string> NamesIn(TokenSpan tokens) {
  std::vector<std::string> names;
  for (const Token& token : tokens) {
    if (token.IsName()) names.push_back(FoldName(token.text));
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

bool Mentions(absl::string_view sql, absl::string_view name) {
  const absl::StatusOr<Tokens> tokens = Tokenize(sql);
  if (!tokens.ok()) return true;
  return std::any_of(tokens->begin(), tokens->end(), [&](const Token& token) {
    return token.IsName() && FoldName(token.text) == name;
  });
}

bool Qualifies(absl::string_view sql, absl::string_view name) {
  const absl::StatusOr<Tokens> tokens = Tokenize(sql);
  if (!tokens.ok()) return true;
  for (size_t i = 1; i < tokens->size(); ++i) {
    const Token& before = (*tokens)[i - 1];
    if ((*tokens)[i].IsOperator(".") && before.IsName() &&
        FoldName(before.text) == name) {
      return true;
    }
  }
  return false;
}

std::string UnknownFunction(TokenSpan tokens, const KnownNames& functions) {
  for (size_t i = 1; i < tokens.size(); ++i) {
    const Token& name = tokens[i - 1];
    if (tokens[i].IsOperator("(") && name.kind == TokenKind::kWord &&
        !IsGrammarWord(name.text) && !functions.contains(FoldName(name.text))) {
      return name.text;
    }
  }
  return "";
}

}  // namespace fleet::sqlite
