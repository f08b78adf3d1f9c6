#ifndef LIB_ENGINE_POSTGRES_PRINTED_H_
#define LIB_ENGINE_POSTGRES_PRINTED_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

// Texts that a PostgreSQL server printed: how to take them apart, and their one
// canonical form. Not a parser: it knows quotes, brackets and nothing else.
// Pure.

namespace fleet::postgres {

using Oid = uint32_t;

// "{a,\"b c\"}" → a, b c. Empty for "" and "{}".
std::vector<std::string> ParseArray(absl::string_view text);
// "1 2 -3" and "{1,2,-3}" → numbers.
std::vector<int64_t> ParseNumbers(absl::string_view text);
Oid ParseOid(absl::string_view text);  // 0 for NULL
int64_t ParseNumber(absl::string_view text);
bool ParseBool(absl::string_view text);  // "t"

// The parts between commas that stand outside of quotes and brackets, trimmed.
std::vector<absl::string_view> SplitList(absl::string_view text);
std::string JoinList(const std::vector<std::string>& parts);

// Bytes of the name, quoted or not, that `text` begins with.
size_t LeadingNameSize(absl::string_view text);

// What stands in the first pair of parentheses outside of quotes.
absl::string_view FirstParenthesized(absl::string_view text);

// An expression in the form that it keeps when its text is read back. The
// server prints x IN ('a') on a varchar first as
//   ANY ((ARRAY['a'::character varying])::text[])
// and as ANY (ARRAY[('a'::character varying)::text]) ever after.
std::string CanonicalExpression(absl::string_view text);

// A view's SELECT: the above, without blanks and semicolon at its ends, and
// without the implicit names of casted constants in later UNION branches
// (NULL::integer AS int4).
std::string CanonicalQuery(absl::string_view text);

}  // namespace fleet::postgres

#endif  // LIB_ENGINE_POSTGRES_PRINTED_H_
