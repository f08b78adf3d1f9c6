#include "lib/engine/postgres/printed.h"

#include <re2/re2.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace fleet::postgres {
namespace {

// Index after the quoted run that starts at `i`: '…', "…" (doubled quotes
// inside), E'…' with backslashes.
size_t SkipQuoted(absl::string_view text, size_t i) {
  const char quote = text[i];
  const bool escapes =
      quote == '\'' && i > 0 && (text[i - 1] == 'E' || text[i - 1] == 'e') &&
      (i == 1 || (!absl::ascii_isalnum(text[i - 2]) && text[i - 2] != '_'));
  for (++i; i < text.size(); ++i) {
    if (escapes && text[i] == '\\') {
      ++i;
    } else if (text[i] == quote) {
      if (i + 1 < text.size() && text[i + 1] == quote) {
        ++i;
      } else {
        return i + 1;
      }
    }
  }
  return text.size();
}

bool IsQuote(char c) { return c == '\'' || c == '"'; }
bool Opens(char c) { return c == '(' || c == '['; }
bool Closes(char c) { return c == ')' || c == ']'; }

// Index of the bracket that closes the one at `open`, or npos.
size_t FindClosing(absl::string_view text, size_t open) {
  int depth = 0;
  for (size_t i = open; i < text.size();) {
    if (IsQuote(text[i])) {
      i = SkipQuoted(text, i);
      continue;
    }
    if (Opens(text[i])) ++depth;
    if (Closes(text[i]) && --depth == 0) return i;
    ++i;
  }
  return text.npos;
}

constexpr absl::string_view kArrayOpen = "(ARRAY[";

// What a column is called that is nothing but a constant cast to the type.
struct ImplicitName {
  absl::string_view type;
  absl::string_view modifier;  // RE2
  absl::string_view name;
};
constexpr ImplicitName kImplicitNames[] = {
    {"smallint", "", "int2"},
    {"integer", "", "int4"},
    {"bigint", "", "int8"},
    {"real", "", "float4"},
    {"double precision", "", "float8"},
    {"numeric", R"re((?:\(\d+(?:,\d+)?\))?)re", "\"numeric\""},
    {"text", "", "text"},
    {"character varying", R"re((?:\(\d+\))?)re", "\"varchar\""},
    {"character", R"re((?:\(\d+\))?)re", "bpchar"},
    {"bpchar", "", "bpchar"},
    {"boolean", "", "bool"},
    {"date", "", "date"},
    {"timestamp without time zone", "", "\"timestamp\""},
    {"timestamp with time zone", "", "timestamptz"},
    {"time without time zone", "", "\"time\""},
    {"interval", "", "\"interval\""},
    {"uuid", "", "uuid"},
    {"json", "", "json"},
    {"jsonb", "", "jsonb"},
    {"bytea", "", "bytea"},
};

// The cast after "(ARRAY[…])": its length and element type.
size_t MatchArrayCast(absl::string_view rest, absl::string_view* type) {
  for (absl::string_view name : {"text", "character varying", "bpchar"}) {
    const std::string cast = absl::StrCat(")::", name, "[]");
    if (absl::StartsWith(rest, cast)) {
      *type = name;
      return cast.size();
    }
  }
  return 0;
}

}  // namespace

std::vector<std::string> ParseArray(absl::string_view text) {
  std::vector<std::string> elements;
  if (text.size() < 2 || text.front() != '{') return elements;
  text = text.substr(1, text.size() - 2);
  if (text.empty()) return elements;
  std::string element;
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\\' && i + 1 < text.size()) {
      element.push_back(text[++i]);
    } else if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      elements.push_back(std::move(element));
      element.clear();
    } else {
      element.push_back(c);
    }
  }
  elements.push_back(std::move(element));
  return elements;
}

std::vector<int64_t> ParseNumbers(absl::string_view text) {
  std::vector<int64_t> numbers;
  for (absl::string_view part :
       absl::StrSplit(text, absl::ByAnyChar(" {},"), absl::SkipEmpty())) {
    numbers.push_back(ParseNumber(part));
  }
  return numbers;
}

Oid ParseOid(absl::string_view text) {
  return static_cast<Oid>(ParseNumber(text));
}

// Catalog rows are mostly numbers: this is the hot spot of reading them.
int64_t ParseNumber(absl::string_view text) {
  const bool negative = !text.empty() && text.front() == '-';
  uint64_t number = 0;
  for (size_t i = negative ? 1 : 0; i < text.size(); ++i) {
    if (!absl::ascii_isdigit(text[i])) return 0;
    number = number * 10 + static_cast<uint64_t>(text[i] - '0');
  }
  return static_cast<int64_t>(negative ? 0 - number : number);
}

bool ParseBool(absl::string_view text) { return text == "t"; }

std::vector<absl::string_view> SplitList(absl::string_view text) {
  std::vector<absl::string_view> parts;
  if (absl::StripAsciiWhitespace(text).empty()) return parts;
  int depth = 0;
  size_t begin = 0;
  for (size_t i = 0; i < text.size();) {
    if (IsQuote(text[i])) {
      i = SkipQuoted(text, i);
      continue;
    }
    if (Opens(text[i])) ++depth;
    if (Closes(text[i])) --depth;
    if (text[i] == ',' && depth == 0) {
      parts.push_back(
          absl::StripAsciiWhitespace(text.substr(begin, i - begin)));
      begin = i + 1;
    }
    ++i;
  }
  parts.push_back(absl::StripAsciiWhitespace(text.substr(begin)));
  return parts;
}

std::string JoinList(const std::vector<std::string>& parts) {
  return absl::StrJoin(parts, ", ");
}

size_t LeadingNameSize(absl::string_view text) {
  if (!text.empty() && text.front() == '"') return SkipQuoted(text, 0);
  return std::min(text.find(' '), text.size());
}

absl::string_view FirstParenthesized(absl::string_view text) {
  for (size_t i = 0; i < text.size();) {
    if (IsQuote(text[i])) {
      i = SkipQuoted(text, i);
      continue;
    }
    if (text[i] == '(') {
      const size_t close = FindClosing(text, i);
      return close == text.npos ? "" : text.substr(i + 1, close - i - 1);
    }
    ++i;
  }
  return "";
}

std::string CanonicalExpression(absl::string_view text) {
  std::string canonical;
  while (true) {
    const size_t open = text.find(kArrayOpen);
    if (open == text.npos) break;
    const size_t elements_begin = open + kArrayOpen.size();
    const size_t close = FindClosing(text, elements_begin - 1);
    absl::string_view type;
    const size_t cast =
        close == text.npos ? 0 : MatchArrayCast(text.substr(close + 1), &type);
    if (cast == 0) {
      absl::StrAppend(&canonical, text.substr(0, elements_begin));
      text.remove_prefix(elements_begin);
      continue;
    }
    absl::StrAppend(&canonical, text.substr(0, open), "ARRAY[");
    absl::string_view separator = "";
    for (absl::string_view element :
         SplitList(text.substr(elements_begin, close - elements_begin))) {
      absl::StrAppend(&canonical, separator, "(", element, ")::", type);
      separator = ", ";
    }
    canonical.push_back(']');
    text.remove_prefix(close + 1 + cast);
  }
  absl::StrAppend(&canonical, text);
  return canonical;
}

std::string CanonicalQuery(absl::string_view text) {
  text = absl::StripAsciiWhitespace(text);
  absl::ConsumeSuffix(&text, ";");
  std::string canonical = CanonicalExpression(text);
  if (!absl::StrContains(canonical, "UNION")) return canonical;
  for (const ImplicitName& row : kImplicitNames) {
    RE2::GlobalReplace(
        &canonical,
        absl::StrCat(R"re((NULL|'[^'\n]*'|\b\d+(?:\.\d+)?)(::)re", row.type,
                     row.modifier, ") AS ", row.name, R"re((,?\n|,?$))re"),
        "\\1\\2\\3");
  }
  return canonical;
}

}  // namespace fleet::postgres
