#include "lib/engine/sqlite/key_parts.h"

#include "lib/engine/sqlite/quoting.h"

namespace fleet::sqlite {
namespace {

// The place behind the parenthesis that closes the one at `open`.
size_t CloseOf(TokenSpan tokens, size_t open) {
  int depth = 0;
  for (size_t i = open; i < tokens.size(); ++i) {
    if (tokens[i].IsOperator("(")) ++depth;
    if (tokens[i].IsOperator(")") && --depth == 0) return i + 1;
  }
  return tokens.size();
}

KeyPart PartOf(TokenSpan tokens) {
  if (!tokens.empty() && (tokens.back().Is("ASC") || tokens.back().Is("DESC") ||
                          tokens.back().Is("AUTOINCREMENT"))) {
    tokens.remove_suffix(1);
  }
  KeyPart part;
  part.text = Written(tokens, {});
  if (tokens.size() >= 2 && tokens[tokens.size() - 2].Is("COLLATE")) {
    part.collation = FoldName(tokens.back().text);
    tokens.remove_suffix(2);
  }
  if (tokens.size() == 1 &&
      (tokens[0].IsName() || tokens[0].kind == TokenKind::kString)) {
    part.column = FoldName(tokens[0].text);
  }
  return part;
}

size_t Find(TokenSpan tokens, absl::string_view word) {
  size_t at = 0;
  while (at < tokens.size() && !tokens[at].Is(word)) ++at;
  return at;
}

absl::string_view TextOf(const Object& constraint) {
  return constraint.Has("spelling") ? constraint.Get("spelling")
                                    : constraint.Get("definition");
}

}  // namespace

std::vector<KeyPart> PartsOfList(TokenSpan list) {
  std::vector<KeyPart> parts;
  if (list.empty() || !list[0].IsOperator("(")) return parts;
  const size_t end = CloseOf(list, 0);
  size_t begin = 1;
  int depth = 0;
  for (size_t i = 1; i < end; ++i) {
    const bool closes = i + 1 == end;
    if (closes || (depth == 0 && list[i].IsOperator(","))) {
      parts.push_back(PartOf(list.subspan(begin, i - begin)));
      begin = i + 1;
    }
    if (list[i].IsOperator("(")) ++depth;
    if (list[i].IsOperator(")")) --depth;
  }
  return parts;
}

KeyParts PartsOfKey(const Object& constraint) {
  KeyParts key;
  const absl::StatusOr<Tokens> all = Tokenize(TextOf(constraint));
  if (!all.ok()) return key;
  const TokenSpan tokens = *all;
  if (constraint.Has("inline")) {
    const std::string column(constraint.Get("inline"));
    key.parts.push_back({column, "", column});
  } else {
    size_t open = 0;
    while (open < tokens.size() && !tokens[open].IsOperator("(")) ++open;
    key.parts = PartsOfList(tokens.subspan(open));
  }
  const size_t at = Find(tokens, "REFERENCES");
  if (at + 1 >= tokens.size()) return key;
  key.references = FoldName(tokens[at + 1].text);
  for (const KeyPart& part : PartsOfList(tokens.subspan(at + 2))) {
    key.referenced.push_back(part.column);
  }
  return key;
}

std::string ExpressionOf(const Object& check) {
  const absl::string_view text = TextOf(check);
  const absl::StatusOr<Tokens> tokens = Tokenize(text);
  if (!tokens.ok()) return "";
  size_t open = 0;
  while (open < tokens->size() && !(*tokens)[open].IsOperator("(")) ++open;
  const size_t end = CloseOf(*tokens, open);
  if (open + 2 >= end) return "";
  const size_t from = (*tokens)[open].offset + 1;
  return std::string(text.substr(from, (*tokens)[end - 1].offset - from));
}

}  // namespace fleet::sqlite
