#ifndef LIB_ENGINE_SQLITE_CREATE_TABLE_H_
#define LIB_ENGINE_SQLITE_CREATE_TABLE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/engine/sqlite/tokens.h"
#include "proto/schema.pb.h"

// Cuts the tokens of a CREATE TABLE into columns, clauses and constraints. Not
// a parser of expressions: what stands in parentheses stays a run of tokens.
// SQLite has already accepted the text; whatever the cutter does not know is an
// error, never dropped, and the table is then taken for opaque. Pure.

namespace fleet::sqlite {

struct ConstraintCut {
  v1::ObjectKind kind = v1::KIND_UNSPECIFIED;  // PRIMARY_KEY … FOREIGN_KEY
  std::string name;    // after CONSTRAINT, unquoted; may be empty
  std::string column;  // the column it stands in, folded; empty: the table's
  Tokens definition;   // without "CONSTRAINT name"
  std::vector<std::string> columns;  // folded; of a key or foreign key
  std::string references;            // foreign key: the folded table
  bool autoincrement = false;
};

struct ColumnCut {
  std::string name;        // unquoted, as written
  bool is_string = false;  // written in single quotes, which SQLite tolerates
  Tokens type;
  // Whole clauses, with their "CONSTRAINT name"; empty where there is none.
  Tokens not_null;
  Tokens null;
  Tokens default_value;
  Tokens collation;
  Tokens generated;
  Tokens constraints;  // inline keys, checks and references
};

struct TableCut {
  std::vector<ColumnCut> columns;
  std::vector<ConstraintCut> constraints;  // inline ones too, as they stand
  bool without_rowid = false;
  bool strict = false;
};

// `tokens` are those of sqlite_schema.sql. InvalidArgument naming the token
// that it does not know.
absl::StatusOr<TableCut> CutCreateTable(TokenSpan tokens);

}  // namespace fleet::sqlite

#endif  // LIB_ENGINE_SQLITE_CREATE_TABLE_H_
