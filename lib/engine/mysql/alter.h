#ifndef LIB_ENGINE_MYSQL_ALTER_H_
#define LIB_ENGINE_MYSQL_ALTER_H_

#include <string>

#include "absl/strings/string_view.h"
#include "lib/engine/kind_handler.h"

// Clauses of ALTER TABLE, and what the server has to do for them. A statement
// says which algorithm and lock it needs (measured on the servers, operation by
// operation); a server that would have to do more refuses, and never copies a
// table in silence. Pure.

namespace fleet::mysql {

// Ordered: the dearest clause of a statement decides, but what is only noted in
// metadata when it is alone writes the rows anew next to other work.
enum Cost : int {
  kInstant,        // metadata only
  kCollation,      // a column that no key holds sorts otherwise
  kInstantOption,  // an option of the table
  kInstantGrowth,  // longer values of a column
  kInstantColumn,  // a column comes or goes, noted in metadata
  kIndexGone,      // an index is dropped; readers and writers go on
  kNoCopy,         // builds indexes; readers and writers go on
  kInPlace,        // writes all rows anew; readers and writers go on
  kIndexShared,    // builds indexes; writers wait
  kInPlaceShared,  // writes all rows anew; writers wait
  kCopy,           // copies the table; writers wait
  kUnstated,       // no algorithm is named: the table is not of InnoDB
};

// Which clauses share a statement.
enum Batch : int {
  kMainBatch = 1,
  kUncheckedBatch,   // runs with foreign_key_checks off
  kForeignKeyBatch,  // made after all else, and after one of the same name went
  kVirtualBatch,     // computed columns, which servers add and drop alone
  kDefaultBatch,     // takes defaults away from columns that must be there
  kPlaceBatch,       // moves columns, before they change
  kOptionBatch,      // options of the table, which hold nothing else up
};

// One clause of an ALTER of `table`, which is in both schemas. `once` as
// AlterClause. The statement is about the table as soon as it has two clauses.
v1::Statement& AddAlter(const Path& table, const Sql& clause, Cost cost,
                        Renderer& renderer, const std::string& once = "",
                        Batch batch = kMainBatch);

// Whether the last statement is an ALTER of the table.
bool IsOpen(const Path& table, const Renderer& renderer);

// A statement of its own.
v1::Statement& AddAlone(const Sql& sql, absl::string_view lock,
                        Renderer& renderer);

// Runs the statement with foreign_key_checks off: what it does to foreign keys
// is about tables that are not there.
void RunUnchecked(v1::Statement& statement);

// What the table is in the old schema (in the new one where it is not there).
const Object* TableOf(const Path& table, const Renderer& renderer);

// Whether the table has full-text or spatial keys, under which little is
// instant and no rows are written anew while others write.
bool HasFullText(const Path& table, const Schema& schema);

// Whether the rows are kept in the order of this key: the primary key, or where
// there is none, a unique key without NULLs.
bool KeepsRowsInOrder(const Object& key, const Schema& schema);

}  // namespace fleet::mysql

#endif  // LIB_ENGINE_MYSQL_ALTER_H_
