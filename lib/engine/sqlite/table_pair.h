#ifndef LIB_ENGINE_SQLITE_TABLE_PAIR_H_
#define LIB_ENGINE_SQLITE_TABLE_PAIR_H_

#include <string>
#include <vector>

#include "lib/engine/sqlite/table_text.h"
#include "lib/schema/schema.h"

// A table that is rebuilt, before and after: which columns are the same, and
// what rows may have against it. Pure.

namespace fleet::sqlite {

struct TablePair {
  const Schema& before;
  const Schema& after;
  TableParts from;
  TableParts to;

  // The old column whose values `column` of the new table takes, and the new
  // one that takes those of an old one; nullptr where there is none.
  const Object* OldOf(const Object& column) const;
  const Object* NewOf(const Object& column) const;
};

const Object* FindColumn(const TableParts& parts, absl::string_view name);

// The column that is the rowid by another name, or nullptr.
const Object* RowidAlias(const TableParts& parts);

// Why rows may stop a rebuild. `query` finds such rows beforehand, one line of
// text about them; empty where only the statement itself can tell.
struct RowReason {
  std::string clause;  // "column a has NULLs"
  Sql query;
};
std::vector<RowReason> RowReasons(const TablePair& pair);

// Finds rows of the table that a new unique key or index would have equal.
// `parts` are expressions of `table`'s columns, `where` may be empty.
Sql DuplicatesSql(absl::string_view table, const std::vector<Sql>& parts,
                  const Sql& where);

}  // namespace fleet::sqlite

#endif  // LIB_ENGINE_SQLITE_TABLE_PAIR_H_
