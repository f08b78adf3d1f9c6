#include "lib/engine/postgres/script.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"

namespace fleet {
namespace {

enum class Token {
  kWord,
  kSemicolon,
  kOpen,
  kClose,
  kComma,
  kBackslash,
  kOther,
  kEnd
};

bool IsWordStart(char c) {
  return absl::ascii_isalpha(static_cast<unsigned char>(c)) || c == '_' ||
         (c & 0x80) != 0;
}
bool IsWordPart(char c) {
  return IsWordStart(c) || absl::ascii_isdigit(static_cast<unsigned char>(c)) ||
         c == '$';
}
bool IsTagPart(char c) { return IsWordPart(c) && c != '$'; }

// Walks over the text token by token; spaces and comments are between tokens,
// a quoted thing is one token.
class Scanner {
 public:
  explicit Scanner(absl::string_view text, size_t offset = 0)
      : text_(text), end_(offset) {}

  Token Next() {
    SkipBlank();
    begin_ = end_;
    if (end_ >= text_.size()) return Token::kEnd;
    const char c = text_[end_];
    if (IsWordStart(c)) return Word();
    if (c == '\'') return Quoted(false);
    if (c == '"') return Quoted(false);
    if (c == '$') return Dollar();
    ++end_;
    switch (c) {
      case ';':
        return Token::kSemicolon;
      case '(':
        return Token::kOpen;
      case ')':
        return Token::kClose;
      case ',':
        return Token::kComma;
      case '\\':
        return Token::kBackslash;
      default:
        break;
    }
    // A number's letters are not words of their own.
    while (absl::ascii_isdigit(static_cast<unsigned char>(c)) &&
           end_ < text_.size() && IsWordPart(text_[end_])) {
      ++end_;
    }
    return Token::kOther;
  }

  size_t begin() const { return begin_; }
  size_t end() const { return end_; }
  absl::string_view word() const { return text_.substr(begin_, end_ - begin_); }

  // Goes on after the end of the current line.
  void SkipLine() {
    end_ = std::min(text_.find('\n', end_), text_.size());
    if (end_ < text_.size()) ++end_;
  }

  // Goes past data lines, up to and with the line "\.".
  void SkipCopyData() {
    SkipLine();
    while (end_ < text_.size()) {
      const size_t newline = std::min(text_.find('\n', end_), text_.size());
      const absl::string_view line = absl::StripTrailingAsciiWhitespace(
          text_.substr(end_, newline - end_));
      end_ = std::min(newline + 1, text_.size());
      if (line == "\\.") return;
    }
  }

 private:
  bool At(absl::string_view what) const {
    return absl::StartsWith(text_.substr(end_), what);
  }

  void SkipBlank() {
    for (;;) {
      if (end_ < text_.size() &&
          absl::ascii_isspace(static_cast<unsigned char>(text_[end_]))) {
        ++end_;
      } else if (At("--")) {
        SkipLine();
      } else if (At("/*")) {
        SkipBlockComment();
      } else {
        return;
      }
    }
  }

  void SkipBlockComment() {
    int depth = 0;
    do {
      if (At("/*")) {
        ++depth;
        end_ += 2;
      } else if (At("*/")) {
        --depth;
        end_ += 2;
      } else {
        ++end_;
      }
    } while (depth > 0 && end_ < text_.size());
    end_ = std::min(end_, text_.size());
  }

  Token Word() {
    while (end_ < text_.size() && IsWordPart(text_[end_])) ++end_;
    if (end_ < text_.size() && text_[end_] == '\'' &&
        absl::EqualsIgnoreCase(word(), "e")) {
      return Quoted(true);
    }
    return Token::kWord;
  }

  // At the opening quote; a doubled quote stands for itself.
  Token Quoted(bool backslash_escapes) {
    const char quote = text_[end_++];
    while (end_ < text_.size()) {
      const char c = text_[end_++];
      if (c == quote && (end_ >= text_.size() || text_[end_] != quote)) break;
      if (c == quote || (backslash_escapes && c == '\\')) ++end_;
    }
    end_ = std::min(end_, text_.size());
    return Token::kOther;
  }

  // $tag$ … $tag$; anything else with a dollar is one character.
  Token Dollar() {
    size_t tag_end = end_ + 1;
    while (tag_end < text_.size() && IsTagPart(text_[tag_end])) ++tag_end;
    const bool is_tag =
        tag_end < text_.size() && text_[tag_end] == '$' &&
        !absl::ascii_isdigit(static_cast<unsigned char>(text_[end_ + 1]));
    if (!is_tag) {
      ++end_;
      return Token::kOther;
    }
    const absl::string_view tag = text_.substr(end_, tag_end + 1 - end_);
    const size_t close = text_.find(tag, tag_end + 1);
    end_ = close == text_.npos ? text_.size() : close + tag.size();
    return Token::kOther;
  }

  absl::string_view text_;
  size_t begin_ = 0;
  size_t end_;
};

// psql's heuristic for bodies in standard SQL: inside CREATE FUNCTION or
// PROCEDURE, BEGIN and CASE open and END closes.
class BodyTracker {
 public:
  void Word(absl::string_view word, int parentheses) {
    const std::string lower = absl::AsciiStrToLower(word);
    if (head_.size() < 4) head_.push_back(lower);
    if (parentheses > 0 || !IsRoutine()) return;
    if (lower == "begin" || (lower == "case" && depth_ > 0)) ++depth_;
    if (lower == "end" && depth_ > 0) --depth_;
  }
  bool IsOpen() const { return depth_ > 0; }

 private:
  bool IsRoutine() const {
    if (head_.empty() || head_[0] != "create") return false;
    size_t kind = 1;
    if (head_.size() > 2 && head_[1] == "or" && head_[2] == "replace") kind = 3;
    return head_.size() > kind &&
           (head_[kind] == "function" || head_[kind] == "procedure");
  }

  std::vector<std::string> head_;
  int depth_ = 0;
};

// The unquoted words of a statement outside of parentheses, in lower case;
// commas there are words too.
std::vector<std::string> WordsOf(absl::string_view statement) {
  std::vector<std::string> words;
  Scanner scanner(statement);
  int parentheses = 0;
  for (;;) {
    const Token token = scanner.Next();
    if (token == Token::kEnd) return words;
    if (token == Token::kOpen) ++parentheses;
    if (token == Token::kClose) --parentheses;
    if (parentheses > 0) continue;
    if (token == Token::kWord) {
      words.push_back(absl::AsciiStrToLower(scanner.word()));
    }
    if (token == Token::kComma) words.push_back(",");
  }
}

bool Contains(const std::vector<std::string>& words,
              const std::vector<absl::string_view>& run) {
  return std::search(words.begin(), words.end(), run.begin(), run.end()) !=
         words.end();
}

// Statements that say nothing about this database's structure. Each row is the
// first words of such statements.
bool ConcernsOthers(const std::vector<std::string>& words) {
  static const auto& heads = *new std::vector<std::vector<absl::string_view>>{
      {"grant"},
      {"revoke"},
      {"reassign", "owned"},
      {"drop", "owned"},
      {"security", "label"},
      {"alter", "default", "privileges"},
      {"create", "role"},
      {"alter", "role"},
      {"drop", "role"},
      {"create", "user"},
      {"alter", "user"},
      {"drop", "user"},
      {"create", "group"},
      {"alter", "group"},
      {"drop", "group"},
      {"comment", "on", "role"},
      {"comment", "on", "database"},
      {"comment", "on", "tablespace"},
      {"set", "role"},
      {"set", "session", "authorization"},
      {"create", "database"},
      {"alter", "database"},
      {"drop", "database"},
      {"alter", "system"},
      {"create", "tablespace"},
      {"alter", "tablespace"},
      {"drop", "tablespace"},
  };
  for (const std::vector<absl::string_view>& head : heads) {
    if (words.size() >= head.size() &&
        std::equal(head.begin(), head.end(), words.begin())) {
      // A mapping says how a foreign server is reached.
      return !(words.size() > 2 && words[1] == "user" && words[2] == "mapping");
    }
  }
  return !words.empty() && words[0] == "alter" &&
         Contains(words, {"owner", "to"}) && !Contains(words, {","});
}

bool IsCopyIn(const std::vector<std::string>& words) {
  return !words.empty() && words[0] == "copy" &&
         Contains(words, {"from", "stdin"});
}
bool IsCopyOut(const std::vector<std::string>& words) {
  return !words.empty() && words[0] == "copy" &&
         Contains(words, {"to", "stdout"});
}

class Splitter {
 public:
  explicit Splitter(absl::string_view script) : script_(script) {
    constexpr absl::string_view kByteOrderMark = "\xEF\xBB\xBF";
    const bool has_mark = absl::StartsWith(script, kByteOrderMark);
    scanner_ = Scanner(script, has_mark ? kByteOrderMark.size() : 0);
  }

  std::vector<ScriptStatement> Split() {
    for (;;) {
      const Token token = scanner_.Next();
      if (token == Token::kEnd) break;
      if (token == Token::kBackslash) {
        Backslash();
      } else if (token == Token::kSemicolon && parentheses_ <= 0 &&
                 !body_.IsOpen()) {
        Finish();
      } else {
        Take(token);
      }
    }
    Finish();
    return std::move(statements_);
  }

 private:
  void Take(Token token) {
    if (is_empty_) begin_ = scanner_.begin();
    is_empty_ = false;
    end_ = scanner_.end();
    if (token == Token::kOpen) ++parentheses_;
    if (token == Token::kClose) --parentheses_;
    if (token == Token::kWord) body_.Word(scanner_.word(), parentheses_);
  }

  // psql's commands go to the end of the line; \g sends what stands before it.
  void Backslash() {
    const bool sends = absl::StartsWith(script_.substr(scanner_.end()), "g");
    scanner_.SkipLine();
    if (sends) Finish();
  }

  void Finish() {
    if (!is_empty_) {
      const ScriptStatement statement{script_.substr(begin_, end_ - begin_),
                                      begin_};
      const std::vector<std::string> words = WordsOf(statement.text);
      if (IsCopyIn(words)) {
        scanner_.SkipCopyData();
      } else if (!IsCopyOut(words) && !ConcernsOthers(words)) {
        statements_.push_back(statement);
      }
    }
    is_empty_ = true;
    parentheses_ = 0;
    body_ = BodyTracker();
  }

  absl::string_view script_;
  Scanner scanner_{""};
  std::vector<ScriptStatement> statements_;
  bool is_empty_ = true;
  size_t begin_ = 0;
  size_t end_ = 0;
  int parentheses_ = 0;
  BodyTracker body_;
};

bool IsContinuationByte(char c) { return (c & 0xC0) == 0x80; }

}  // namespace

std::vector<ScriptStatement> SplitPostgresScript(absl::string_view script) {
  return Splitter(script).Split();
}

ScriptPosition PositionAt(absl::string_view script, size_t offset) {
  ScriptPosition position;
  for (char c : script.substr(0, offset)) {
    if (c == '\n') {
      ++position.line;
      position.column = 1;
    } else if (!IsContinuationByte(c)) {
      ++position.column;
    }
  }
  return position;
}

size_t ByteOffset(absl::string_view text, int character) {
  int seen = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (!IsContinuationByte(text[i]) && ++seen == character) return i;
  }
  return text.size();
}

}  // namespace fleet
