#include "lib/engine/sqlite/quoting.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"

namespace fleet::sqlite {
namespace {

// Sorted. From SQLite's parse.y: the tokens without a fallback to ID.
constexpr absl::string_view kReserved[] = {
    "ADD",     "ALL",        "ALTER",
    "AND",     "AS",         "AUTOINCREMENT",
    "BETWEEN", "CASE",       "CHECK",
    "COLLATE", "COMMIT",     "CONSTRAINT",
    "CREATE",  "DEFAULT",    "DEFERRABLE",
    "DELETE",  "DISTINCT",   "DROP",
    "ELSE",    "ESCAPE",     "EXCEPT",
    "EXISTS",  "FOREIGN",    "FROM",
    "GROUP",   "HAVING",     "IN",
    "INDEX",   "INSERT",     "INTERSECT",
    "INTO",    "IS",         "ISNULL",
    "JOIN",    "LIMIT",      "NOT",
    "NOTHING", "NOTNULL",    "NULL",
    "ON",      "OR",         "ORDER",
    "PRIMARY", "REFERENCES", "RETURNING",
    "SELECT",  "SET",        "TABLE",
    "THEN",    "TO",         "TRANSACTION",
    "UNION",   "UNIQUE",     "UPDATE",
    "USING",   "VALUES",     "WHEN",
    "WHERE",
};

// Sorted. The tokens that may be names, but mean something where they stand.
constexpr absl::string_view kContextual[] = {
    "ABORT",
    "ACTION",
    "AFTER",
    "ALWAYS",
    "ANALYZE",
    "ASC",
    "ATTACH",
    "BEFORE",
    "BEGIN",
    "BY",
    "CASCADE",
    "CAST",
    "COLUMN",
    "CONFLICT",
    "CROSS",
    "CURRENT",
    "CURRENT_DATE",
    "CURRENT_TIME",
    "CURRENT_TIMESTAMP",
    "DATABASE",
    "DEFERRED",
    "DESC",
    "DETACH",
    "DO",
    "EACH",
    "END",
    "EXCLUDE",
    "EXCLUSIVE",
    "EXPLAIN",
    "FAIL",
    "FALSE",
    "FILTER",
    "FIRST",
    "FOLLOWING",
    "FOR",
    "FULL",
    "GENERATED",
    "GLOB",
    "GROUPS",
    "IF",
    "IGNORE",
    "IMMEDIATE",
    "INDEXED",
    "INITIALLY",
    "INNER",
    "INSTEAD",
    "KEY",
    "LAST",
    "LEFT",
    "LIKE",
    "MATCH",
    "MATERIALIZED",
    "NATURAL",
    "NO",
    "NULLS",
    "OF",
    "OFFSET",
    "OTHERS",
    "OUTER",
    "OVER",
    "PARTITION",
    "PLAN",
    "PRAGMA",
    "PRECEDING",
    "QUERY",
    "RAISE",
    "RANGE",
    "RECURSIVE",
    "REGEXP",
    "REINDEX",
    "RELEASE",
    "RENAME",
    "REPLACE",
    "RESTRICT",
    "RIGHT",
    "ROLLBACK",
    "ROW",
    "ROWS",
    "SAVEPOINT",
    "STORED",
    "STRICT",
    "TEMP",
    "TEMPORARY",
    "TIES",
    "TRIGGER",
    "TRUE",
    "UNBOUNDED",
    "VACUUM",
    "VIEW",
    "VIRTUAL",
    "WINDOW",
    "WITH",
    "WITHOUT",
};

template <size_t N>
bool Contains(const absl::string_view (&sorted)[N], absl::string_view word) {
  const std::string upper = absl::AsciiStrToUpper(word);
  return std::binary_search(std::begin(sorted), std::end(sorted),
                            absl::string_view(upper));
}

bool IsPlainName(absl::string_view name) {
  if (name.empty() || absl::ascii_isdigit(name[0])) return false;
  for (char c : name) {
    if (!absl::ascii_isalnum(c) && c != '_') return false;
  }
  return !IsGrammarWord(name);
}

}  // namespace

const Quoting kSqliteQuoting = {
    /*quote=*/'"',
    /*name_bytes_max=*/0,
    /*backslash_escapes=*/false,
    /*is_plain=*/IsPlainName,
};

bool IsReservedWord(absl::string_view word) {
  return Contains(kReserved, word);
}

bool IsGrammarWord(absl::string_view word) {
  return Contains(kReserved, word) || Contains(kContextual, word);
}

std::string FoldName(absl::string_view name) {
  return absl::AsciiStrToLower(name);
}

absl::string_view WrittenName(const Object& object) {
  const absl::string_view written = object.Get("name");
  return absl::EqualsIgnoreCase(written, object.name()) ? written
                                                        : object.name();
}

void SetWrittenName(absl::string_view written, Object& object) {
  object.Set("name", written == object.name() ? "" : written);
}

}  // namespace fleet::sqlite
