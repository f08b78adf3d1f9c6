#ifndef LIB_ENGINE_MYSQL_CREATE_TABLE_H_
#define LIB_ENGINE_MYSQL_CREATE_TABLE_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/engine/mysql/tokens.h"

// Cuts what SHOW CREATE TABLE prints. The server's own print is the one exact
// source: information_schema cuts check clauses, loses parsers of full-text
// keys, and joins names of other tables. Pure.

namespace fleet::mysql {

struct TableCut {
  std::vector<TokenSpan> definitions;  // columns, keys, constraints, periods
  // "ENGINE" → "InnoDB", keys in upper case, as printed.
  std::vector<std::pair<std::string, TokenSpan>> options;
  bool is_versioned = false;  // WITH SYSTEM VERSIONING
  TokenSpan partitioning;     // from PARTITION on; empty: none
};

// InvalidArgument naming the token that it does not know.
absl::StatusOr<TableCut> CutCreateTable(TokenSpan tokens);

}  // namespace fleet::mysql

#endif  // LIB_ENGINE_MYSQL_CREATE_TABLE_H_
