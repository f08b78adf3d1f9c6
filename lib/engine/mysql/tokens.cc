#include "lib/engine/mysql/tokens.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lib/base/status.h"

namespace fleet::mysql {
namespace {

bool StartsWord(char c) {
  return absl::ascii_isalpha(static_cast<unsigned char>(c)) || c == '_' ||
         c == '$' || c == '@' || (c & 0x80) != 0;
}

bool InWord(char c) {
  return StartsWord(c) || absl::ascii_isdigit(static_cast<unsigned char>(c));
}

// What stands for c after a backslash.
char Unescaped(char c) {
  switch (c) {
    case 'n':
      return '\n';
    case 't':
      return '\t';
    case 'r':
      return '\r';
    case 'b':
      return '\b';
    case 'Z':
      return '\x1a';
    default:
      return c;
  }
}

class Tokenizer {
 public:
  explicit Tokenizer(absl::string_view sql) : sql_(sql) {}

  // Adds to `tokens` what can be read; the error says why not more.
  absl::Status Run(Tokens& tokens) {
    for (;;) {
      RETURN_IF_ERROR(SkipSpace());
      if (at_ == sql_.size()) return absl::OkStatus();
      const size_t begin = at_;
      ASSIGN_OR_RETURN(Token token, Next());
      token.text = sql_.substr(begin, at_ - begin);
      tokens.push_back(std::move(token));
    }
  }

 private:
  char Peek(size_t ahead = 0) const {
    return at_ + ahead < sql_.size() ? sql_[at_ + ahead] : '\0';
  }
  bool At(absl::string_view text) const {
    return absl::StartsWith(sql_.substr(at_), text);
  }

  absl::Status SkipSpace() {
    while (at_ < sql_.size()) {
      if (absl::ascii_isspace(static_cast<unsigned char>(Peek()))) {
        ++at_;
      } else if (At("/*!") || At("/*M!")) {
        at_ += At("/*!") ? 3 : 4;
        while (absl::ascii_isdigit(static_cast<unsigned char>(Peek()))) ++at_;
        ++versioned_;
      } else if (versioned_ > 0 && At("*/")) {
        at_ += 2;
        --versioned_;
      } else if (At("/*")) {
        const size_t end = sql_.find("*/", at_ + 2);
        if (end == sql_.npos) {
          return absl::InvalidArgumentError("SQL text ends inside a comment");
        }
        at_ = end + 2;
      } else if (Peek() == '#' ||
                 (At("--") && (at_ + 2 == sql_.size() || IsSpace(Peek(2))))) {
        at_ = std::min(sql_.find('\n', at_), sql_.size());
      } else {
        break;
      }
    }
    return absl::OkStatus();
  }

  static bool IsSpace(char c) {
    return absl::ascii_isspace(static_cast<unsigned char>(c)) ||
           absl::ascii_iscntrl(static_cast<unsigned char>(c));
  }

  absl::StatusOr<Token> Next() {
    const char c = Peek();
    if (c == '\0') {
      return absl::InvalidArgumentError("SQL text has a NUL byte");
    }
    if (c == '`') return Quoted(TokenKind::kName, c);
    if (c == '\'' || c == '"') return Quoted(TokenKind::kString, c);
    if (Peek(1) == '\'' && (c == 'x' || c == 'X' || c == 'b' || c == 'B')) {
      ++at_;
      ASSIGN_OR_RETURN(Token token, Quoted(TokenKind::kNumber, '\''));
      return token;
    }
    const bool is_digit = absl::ascii_isdigit(static_cast<unsigned char>(c));
    if (is_digit || StartsWord(c)) return Word(is_digit);
    ++at_;
    return Token{};
  }

  // A name may begin with a digit, as long as it is not a number.
  Token Word(bool is_digit) {
    const size_t begin = at_;
    while (InWord(Peek()) || (is_digit && Peek() == '.')) ++at_;
    const absl::string_view text = sql_.substr(begin, at_ - begin);
    if (is_digit && (text.back() == 'e' || text.back() == 'E') &&
        (Peek() == '-' || Peek() == '+')) {
      ++at_;
      while (InWord(Peek())) ++at_;
    }
    return Token{is_digit ? TokenKind::kNumber : TokenKind::kWord, {}, ""};
  }

  absl::StatusOr<Token> Quoted(TokenKind kind, char quote) {
    Token token{kind, {}, ""};
    for (++at_; at_ < sql_.size(); ++at_) {
      if (Peek() == quote) {
        if (Peek(1) != quote) {
          ++at_;
          return token;
        }
        ++at_;
      } else if (Peek() == '\\' && kind == TokenKind::kString &&
                 at_ + 1 < sql_.size()) {
        ++at_;
        token.value.push_back(Unescaped(Peek()));
        continue;
      }
      token.value.push_back(Peek());
    }
    return absl::InvalidArgumentError("SQL text ends inside quotes");
  }

  absl::string_view sql_;
  size_t at_ = 0;
  int versioned_ = 0;
};

}  // namespace

bool Token::Is(absl::string_view upper) const {
  return kind == TokenKind::kWord && absl::EqualsIgnoreCase(text, upper);
}

absl::StatusOr<Tokens> Tokenize(absl::string_view sql) {
  Tokens tokens;
  RETURN_IF_ERROR(Tokenizer(sql).Run(tokens));
  return tokens;
}

Tokens TokenizeHead(absl::string_view sql) {
  Tokens tokens;
  Tokenizer(sql).Run(tokens).IgnoreError();
  return tokens;
}

absl::string_view SliceOf(TokenSpan tokens) {
  if (tokens.empty()) return "";
  const absl::string_view last = tokens.back().text;
  const char* begin = tokens.front().text.data();
  return absl::string_view(
      begin, static_cast<size_t>(last.data() + last.size() - begin));
}

std::string PlainSliceOf(TokenSpan tokens) {
  std::string out;
  for (size_t i = 0; i < tokens.size(); ++i) {
    out.append(tokens[i].text.data(), tokens[i].text.size());
    if (i + 1 == tokens.size()) break;
    const char* end = tokens[i].text.data() + tokens[i].text.size();
    const absl::string_view gap(
        end, static_cast<size_t>(tokens[i + 1].text.data() - end));
    const bool is_mark =
        absl::StrContains(gap, "/*") || absl::StrContains(gap, "*/");
    absl::StrAppend(&out, is_mark ? " " : gap);
  }
  return out;
}

std::string TextWithout(absl::string_view schema, TokenSpan tokens) {
  std::string out;
  size_t from = 0;  // tokens that are not written yet
  for (size_t i = 0; i + 2 < tokens.size(); ++i) {
    if (tokens[i].kind != TokenKind::kName || tokens[i].value != schema ||
        !tokens[i + 1].IsOperator('.') ||
        (i > 0 && tokens[i - 1].IsOperator('.'))) {
      continue;
    }
    // Up to the name, with the space in front of it.
    const char* begin = tokens[from].text.data();
    out.append(begin, static_cast<size_t>(tokens[i].text.data() - begin));
    from = i + 2;
  }
  absl::StrAppend(&out, SliceOf(tokens.subspan(from)));
  return out;
}

size_t ClosingOf(TokenSpan tokens, size_t open) {
  int depth = 0;
  for (size_t i = open; i < tokens.size(); ++i) {
    if (tokens[i].IsOperator('(')) ++depth;
    if (tokens[i].IsOperator(')') && --depth == 0) return i;
  }
  return tokens.size();
}

std::vector<TokenSpan> SplitAtCommas(TokenSpan tokens) {
  std::vector<TokenSpan> parts;
  size_t from = 0;
  int depth = 0;
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i].IsOperator('(')) ++depth;
    if (tokens[i].IsOperator(')')) --depth;
    if (depth == 0 && tokens[i].IsOperator(',')) {
      parts.push_back(tokens.subspan(from, i - from));
      from = i + 1;
    }
  }
  if (!tokens.empty()) parts.push_back(tokens.subspan(from));
  return parts;
}

std::string Folded(absl::string_view name) {
  return absl::AsciiStrToLower(name);
}

}  // namespace fleet::mysql
