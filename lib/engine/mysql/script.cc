#include "lib/engine/mysql/script.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "lib/engine/mysql/tokens.h"

namespace fleet::mysql {
namespace {

bool IsBlank(char c) {
  return absl::ascii_isspace(static_cast<unsigned char>(c));
}

// The first words of statements that say nothing about this database.
struct Head {
  absl::string_view first;
  absl::string_view second;  // "": any
};
constexpr Head kHeads[] = {
    {"use", ""},          {"create", "database"}, {"create", "schema"},
    {"drop", "database"}, {"drop", "schema"},     {"grant", ""},
    {"revoke", ""},       {"create", "user"},     {"alter", "user"},
    {"drop", "user"},     {"rename", "user"},     {"create", "role"},
    {"drop", "role"},     {"set", "password"},    {"set", "role"},
    {"set", "global"},    {"set", "default"},     {"flush", ""},
    {"lock", "tables"},   {"unlock", "tables"},   {"change", "master"},
    {"start", "slave"},
};

// ALTER DATABASE of a name; without one it is about the one in use.
bool AltersNamedDatabase(TokenSpan tokens) {
  if (tokens.size() < 3 || !tokens[0].Is("ALTER") ||
      !(tokens[1].Is("DATABASE") || tokens[1].Is("SCHEMA"))) {
    return false;
  }
  const Token& third = tokens[2];
  return !third.Is("DEFAULT") && !third.Is("CHARACTER") &&
         !third.Is("CHARSET") && !third.Is("COLLATE") && !third.Is("COMMENT");
}

bool ConcernsOthers(absl::string_view statement) {
  const absl::StatusOr<Tokens> tokens = Tokenize(statement);
  if (!tokens.ok() || tokens->empty()) return false;
  if (AltersNamedDatabase(*tokens)) return true;
  const std::string first = Folded((*tokens)[0].text);
  const std::string second =
      tokens->size() > 1 ? Folded((*tokens)[1].text) : "";
  for (const Head& head : kHeads) {
    if (first == head.first && (head.second.empty() || second == head.second)) {
      return true;
    }
  }
  return first == "set" && absl::StartsWith(second, "@@global");
}

class Splitter {
 public:
  explicit Splitter(absl::string_view script) : script_(script) {
    constexpr absl::string_view kByteOrderMark = "\xEF\xBB\xBF";
    if (absl::StartsWith(script, kByteOrderMark)) at_ = kByteOrderMark.size();
    begin_ = at_;
  }

  std::vector<ScriptStatement> Split() {
    while (at_ < script_.size()) {
      if (AtDelimiterLine()) {
        TakeDelimiter();
      } else if (At(delimiter_)) {
        Finish(at_);
        at_ += delimiter_.size();
        begin_ = at_;
        is_empty_ = true;
      } else {
        Step();
      }
    }
    Finish(script_.size());
    return std::move(statements_);
  }

 private:
  bool At(absl::string_view text) const {
    return absl::StartsWith(script_.substr(at_), text);
  }

  // Only where a statement could begin, and a line does.
  bool AtDelimiterLine() const {
    constexpr absl::string_view kWord = "delimiter";
    return is_empty_ && at_ + kWord.size() < script_.size() &&
           absl::StartsWithIgnoreCase(script_.substr(at_), kWord) &&
           IsBlank(script_[at_ + kWord.size()]);
  }

  void TakeDelimiter() {
    const size_t end = std::min(script_.find('\n', at_), script_.size());
    const absl::string_view line =
        absl::StripAsciiWhitespace(script_.substr(at_ + 9, end - at_ - 9));
    const absl::string_view word = line.substr(0, line.find_first_of(" \t"));
    if (!word.empty()) delimiter_ = std::string(word);
    at_ = end;
    begin_ = at_;
  }

  void Step() {
    const char c = script_[at_];
    if (c == '\'' || c == '"' || c == '`') {
      SkipQuoted(c);
    } else if (c == '#' || (At("--") && (at_ + 2 == script_.size() ||
                                         IsBlank(script_[at_ + 2])))) {
      at_ = std::min(script_.find('\n', at_), script_.size());
      return;
    } else if (At("/*")) {
      const bool counts = At("/*!") || At("/*M!");
      const size_t end = script_.find("*/", at_ + 2);
      at_ = end == script_.npos ? script_.size() : end + 2;
      if (!counts) return;
    } else {
      ++at_;
      if (IsBlank(c)) return;
    }
    is_empty_ = false;
  }

  void SkipQuoted(char quote) {
    for (++at_; at_ < script_.size(); ++at_) {
      if (script_[at_] == '\\' && quote != '`' && backslash_escapes_) {
        ++at_;
      } else if (script_[at_] == quote) {
        break;
      }
    }
    at_ = std::min(at_ + 1, script_.size());
  }

  void Finish(size_t end) {
    if (is_empty_) return;
    size_t begin = begin_;
    while (begin < end && IsBlank(script_[begin])) ++begin;
    const absl::string_view text =
        absl::StripTrailingAsciiWhitespace(script_.substr(begin, end - begin));
    if (!text.empty() && !ConcernsOthers(text)) {
      statements_.push_back({text, begin});
    }
    NoteMode(text);
  }

  // SET sql_mode = '…' says how what follows is read. A variable holds what was
  // before, which is the mode that scripts begin with.
  void NoteMode(absl::string_view statement) {
    const absl::StatusOr<Tokens> tokens = Tokenize(statement);
    if (!tokens.ok() || tokens->empty() || !tokens->front().Is("SET")) return;
    for (size_t i = 1; i + 2 < tokens->size(); ++i) {
      const Token& name = (*tokens)[i];
      if (!absl::EndsWithIgnoreCase(name.text, "sql_mode") ||
          !(*tokens)[i + 1].IsOperator('=')) {
        continue;
      }
      const Token& value = (*tokens)[i + 2];
      backslash_escapes_ =
          value.kind != TokenKind::kString ||
          !absl::StrContains(absl::AsciiStrToUpper(value.value),
                             "NO_BACKSLASH_ESCAPES");
    }
  }

  const absl::string_view script_;
  std::string delimiter_ = ";";
  size_t at_ = 0;
  size_t begin_ = 0;
  bool backslash_escapes_ = true;
  bool is_empty_ = true;  // nothing but blanks and comments so far
  std::vector<ScriptStatement> statements_;
};

}  // namespace

std::vector<ScriptStatement> SplitScript(absl::string_view script) {
  return Splitter(script).Split();
}

}  // namespace fleet::mysql
