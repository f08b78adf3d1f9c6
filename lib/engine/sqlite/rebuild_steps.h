#ifndef LIB_ENGINE_SQLITE_REBUILD_STEPS_H_
#define LIB_ENGINE_SQLITE_REBUILD_STEPS_H_

#include <string>
#include <utility>
#include <vector>

#include "lib/engine/kind_handler.h"
#include "lib/engine/sql.h"

// The steps that every rebuild is made of, and the statements that stop a plan
// when something else happened than was planned. Pure.

namespace fleet::sqlite {

inline constexpr char kExclusive[] = "EXCLUSIVE";

// A statement without rows where all is well; where `from_where` has a row, it
// fails with the text of the expression `message`. Works in any SQLite with
// JSON, also in a script for the sqlite3 shell.
Sql FailWhere(const Sql& message, const Sql& from_where);

// The same for a query of one column, AS problem.
Sql FailIfAny(const Sql& query);

// A name for the new table that nothing has.
std::string FreeName(const Object& table, const Renderer& renderer);

// Pairs of columns: of the old table, of the new one.
struct RowCopy {
  std::vector<std::pair<std::string, std::string>> columns;
};

Sql CopyRowsSql(const RowCopy& copy, absl::string_view from,
                absl::string_view to);
// Fails unless both tables have the same number of rows.
Sql SameCountSql(absl::string_view from, absl::string_view to);
Sql DropTableSql(const Object& table);
Sql RenameTableSql(absl::string_view from, absl::string_view to);

// `statement` takes the values of `columns` of table `name` away.
void MarkLostColumns(const std::string& name,
                     const std::vector<std::string>& columns,
                     v1::Statement& statement);

// `query` is asked of a target before the plan starts: a row is a finding.
void AddCheck(v1::Statement& statement, const Sql& query,
              absl::string_view message, bool warning = false);

// How much is written anew, and whether the disk has room for it: SQLite needs
// the old and the new table and a journal at the same time.
void AddDiskCheck(const Object& table, v1::Statement& statement);

// Rows of `tables` (folded) that refer to rows that are not there, and rows of
// other tables that refer to `tables` so: one row that says so, or none.
Sql BrokenReferenceSql(const std::vector<std::string>& tables);

// One row that says what is wrong with the pages of `table` (folded), or none.
// `indexes`: also whether each row is in each index.
Sql DamageSql(absl::string_view table, bool indexes);

}  // namespace fleet::sqlite

#endif  // LIB_ENGINE_SQLITE_REBUILD_STEPS_H_
