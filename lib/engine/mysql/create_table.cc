#include "lib/engine/mysql/create_table.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "lib/base/printable.h"
#include "lib/base/status.h"

namespace fleet::mysql {
namespace {

absl::Status NotUnderstood(TokenSpan tokens, size_t at) {
  return absl::InvalidArgumentError(
      at < tokens.size()
          ? absl::StrCat("the server's text is not understood at \"",
                         Printable(tokens[at].text), "\"")
          : "the server's text ends too early");
}

// "KEY = value", where the key has one word or more.
absl::Status CutOptions(TokenSpan tokens, TableCut& cut) {
  for (size_t i = 0; i < tokens.size();) {
    if (tokens[i].Is("PARTITION")) {
      cut.partitioning = tokens.subspan(i);
      return absl::OkStatus();
    }
    if (tokens[i].Is("WITH") && i + 2 < tokens.size() &&
        tokens[i + 1].Is("SYSTEM") && tokens[i + 2].Is("VERSIONING")) {
      cut.is_versioned = true;
      i += 3;
      continue;
    }
    std::string key;
    size_t equals = i;
    while (equals < tokens.size() && !tokens[equals].Name().empty()) {
      absl::StrAppend(&key, key.empty() ? "" : " ",
                      absl::AsciiStrToUpper(tokens[equals].Name()));
      ++equals;
    }
    // MySQL prints TABLESPACE `name` without "=".
    if (equals < tokens.size() && key.empty()) return NotUnderstood(tokens, i);
    if (equals + 1 >= tokens.size() || !tokens[equals].IsOperator('=')) {
      return NotUnderstood(tokens, i);
    }
    size_t end = equals + 2;
    if (tokens[equals + 1].IsOperator('(')) {
      end = ClosingOf(tokens, equals + 1) + 1;
      if (end > tokens.size()) return NotUnderstood(tokens, equals + 1);
    }
    cut.options.emplace_back(key, tokens.subspan(equals + 1, end - equals - 1));
    i = end;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<TableCut> CutCreateTable(TokenSpan tokens) {
  size_t open = 0;
  while (open < tokens.size() && !tokens[open].IsOperator('(')) ++open;
  const size_t close = ClosingOf(tokens, open);
  if (tokens.size() < 4 || !tokens[0].Is("CREATE") || !tokens[1].Is("TABLE") ||
      open != 3 || close == tokens.size()) {
    return NotUnderstood(tokens, 0);
  }
  TableCut cut;
  cut.definitions = SplitAtCommas(tokens.subspan(open + 1, close - open - 1));
  RETURN_IF_ERROR(CutOptions(tokens.subspan(close + 1), cut));
  return cut;
}

}  // namespace fleet::mysql
