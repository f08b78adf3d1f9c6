#include "lib/engine/mysql/definer.h"

#include <algorithm>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lib/engine/mysql/quoting.h"
#include "lib/schema/definers.h"

namespace fleet::mysql {
namespace {

struct Setting {
  absl::string_view attribute;
  absl::string_view variable;
  absl::string_view pinned;
};
constexpr Setting kSettings[] = {
    {"sql_mode", "sql_mode", kPinnedSqlMode},
    {"charset_client", "character_set_client", "utf8mb4"},
    {"collation_connection", "collation_connection", "utf8mb4_general_ci"},
    {"time_zone", "time_zone", "+00:00"},
};

bool IsAscii(absl::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c & 0x80) == 0; });
}

}  // namespace

std::string ReadDefiner(TokenSpan tokens, size_t& at) {
  if (at + 2 >= tokens.size() || !tokens[at].Is("DEFINER")) return "";
  const size_t begin = at + 2;  // past the "="
  at = begin + 1;
  // "@" may be a token of its own, or lead the host's word.
  if (at < tokens.size() && absl::StartsWith(tokens[at].text, "@")) {
    at += tokens[at].text == "@" ? 2 : 1;
  }
  const TokenSpan definer =
      tokens.subspan(begin, std::min(at, tokens.size()) - begin);
  // Under ANSI_QUOTES the server prints "root"@"localhost".
  const bool is_quoted_otherwise = definer[0].kind == TokenKind::kString;
  if (!is_quoted_otherwise) return std::string(SliceOf(definer));
  const Token& host = definer.back();
  return definer.size() == 1
             ? QuotedDefiner(definer[0].value)
             : QuotedDefiner(absl::StrCat(definer[0].value, "@", host.value));
}

void AddSessionSettings(const Object& object, Renderer& renderer,
                        v1::Statement& statement) {
  Sql before(kMysqlQuoting);
  Sql after(kMysqlQuoting);
  for (const Setting& row : kSettings) {
    // An empty sql_mode is a mode as well.
    const absl::string_view value = object.Get(row.attribute);
    if (value.empty() && row.attribute != "sql_mode") continue;
    if (value == row.pinned) continue;
    before << (before.empty() ? Verbatim{"SET SESSION "} : Verbatim{", "})
           << Verbatim{row.variable} << " = " << Literal{value};
    after << (after.empty() ? Verbatim{"SET SESSION "} : Verbatim{", "})
          << Verbatim{row.variable} << " = " << Literal{row.pinned};
  }
  const absl::string_view charset = object.Get("charset_client");
  if (!charset.empty() && !absl::StartsWith(charset, "utf8") &&
      !IsAscii(statement.sql())) {
    renderer.Fail(absl::FailedPreconditionError(
        absl::StrCat("its text was written in character set ", charset,
                     " and has letters that would not survive; create it "
                     "again in utf8mb4 in the source")));
  }
  if (before.empty()) return;
  const absl::StatusOr<std::string> set = before.Text();
  const absl::StatusOr<std::string> reset = after.Text();
  if (!set.ok() || !reset.ok()) {
    renderer.Fail(set.ok() ? reset.status() : set.status());
    return;
  }
  statement.add_settings(*set);
  statement.add_settings_end(*reset);
}

}  // namespace fleet::mysql
