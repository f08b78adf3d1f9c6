#include "lib/engine/postgres/quoting.h"

#include <algorithm>

namespace fleet::postgres {
namespace {

constexpr size_t kNameBytesMax = 63;

// pg_get_keywords() of PostgreSQL 12 to 18 without the unreserved, sorted.
constexpr absl::string_view kKeywords[] = {"all",
                                           "analyse",
                                           "analyze",
                                           "and",
                                           "any",
                                           "array",
                                           "as",
                                           "asc",
                                           "asymmetric",
                                           "authorization",
                                           "between",
                                           "bigint",
                                           "binary",
                                           "bit",
                                           "boolean",
                                           "both",
                                           "case",
                                           "cast",
                                           "char",
                                           "character",
                                           "check",
                                           "coalesce",
                                           "collate",
                                           "collation",
                                           "column",
                                           "concurrently",
                                           "constraint",
                                           "create",
                                           "cross",
                                           "current_catalog",
                                           "current_date",
                                           "current_role",
                                           "current_schema",
                                           "current_time",
                                           "current_timestamp",
                                           "current_user",
                                           "dec",
                                           "decimal",
                                           "default",
                                           "deferrable",
                                           "desc",
                                           "distinct",
                                           "do",
                                           "else",
                                           "end",
                                           "except",
                                           "exists",
                                           "extract",
                                           "false",
                                           "fetch",
                                           "float",
                                           "for",
                                           "foreign",
                                           "freeze",
                                           "from",
                                           "full",
                                           "grant",
                                           "greatest",
                                           "group",
                                           "grouping",
                                           "having",
                                           "ilike",
                                           "in",
                                           "initially",
                                           "inner",
                                           "inout",
                                           "int",
                                           "integer",
                                           "intersect",
                                           "interval",
                                           "into",
                                           "is",
                                           "isnull",
                                           "join",
                                           "json",
                                           "json_array",
                                           "json_arrayagg",
                                           "json_exists",
                                           "json_object",
                                           "json_objectagg",
                                           "json_query",
                                           "json_scalar",
                                           "json_serialize",
                                           "json_table",
                                           "json_value",
                                           "lateral",
                                           "leading",
                                           "least",
                                           "left",
                                           "like",
                                           "limit",
                                           "localtime",
                                           "localtimestamp",
                                           "merge_action",
                                           "national",
                                           "natural",
                                           "nchar",
                                           "none",
                                           "normalize",
                                           "not",
                                           "notnull",
                                           "null",
                                           "nullif",
                                           "numeric",
                                           "offset",
                                           "on",
                                           "only",
                                           "or",
                                           "order",
                                           "out",
                                           "outer",
                                           "overlaps",
                                           "overlay",
                                           "placing",
                                           "position",
                                           "precision",
                                           "primary",
                                           "real",
                                           "references",
                                           "returning",
                                           "right",
                                           "row",
                                           "select",
                                           "session_user",
                                           "setof",
                                           "similar",
                                           "smallint",
                                           "some",
                                           "substring",
                                           "symmetric",
                                           "system_user",
                                           "table",
                                           "tablesample",
                                           "then",
                                           "time",
                                           "timestamp",
                                           "to",
                                           "trailing",
                                           "treat",
                                           "trim",
                                           "true",
                                           "union",
                                           "unique",
                                           "user",
                                           "using",
                                           "values",
                                           "varchar",
                                           "variadic",
                                           "verbose",
                                           "when",
                                           "where",
                                           "window",
                                           "with",
                                           "xmlattributes",
                                           "xmlconcat",
                                           "xmlelement",
                                           "xmlexists",
                                           "xmlforest",
                                           "xmlnamespaces",
                                           "xmlparse",
                                           "xmlpi",
                                           "xmlroot",
                                           "xmlserialize",
                                           "xmltable"};

bool IsNameStart(char c) { return (c >= 'a' && c <= 'z') || c == '_'; }
bool IsNamePart(char c) { return IsNameStart(c) || (c >= '0' && c <= '9'); }

std::string Quote(absl::string_view text, char quote) {
  std::string quoted(1, quote);
  for (char c : text) {
    if (c == quote) quoted.push_back(c);
    quoted.push_back(c);
  }
  quoted.push_back(quote);
  return quoted;
}

std::string Unquote(absl::string_view text, char quote) {
  if (text.size() < 2 || text.front() != quote || text.back() != quote) {
    return std::string(text);
  }
  text = text.substr(1, text.size() - 2);
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    plain.push_back(text[i]);
    if (text[i] == quote) ++i;
  }
  return plain;
}

}  // namespace

const Quoting kPostgresQuoting = {'"', kNameBytesMax, false,
                                  IsPlainPostgresName};

bool IsPlainPostgresName(absl::string_view name) {
  if (name.empty() || !IsNameStart(name.front())) return false;
  if (!std::all_of(name.begin(), name.end(), IsNamePart)) return false;
  return !std::binary_search(std::begin(kKeywords), std::end(kKeywords), name);
}

std::string QuoteName(absl::string_view name) {
  return IsPlainPostgresName(name) ? std::string(name) : Quote(name, '"');
}

std::string QuoteLiteral(absl::string_view text) { return Quote(text, '\''); }

std::string QuotePath(const Path& path) {
  std::string quoted;
  for (int i = 0; i < path.size(); ++i) {
    if (i > 0) quoted.push_back('.');
    quoted += QuoteName(path.component(i));
  }
  return quoted;
}

std::string UnquoteName(absl::string_view quoted) {
  return Unquote(quoted, '"');
}
std::string UnquoteLiteral(absl::string_view quoted) {
  return Unquote(quoted, '\'');
}

}  // namespace fleet::postgres
