#ifndef LIB_ENGINE_POSTGRES_TABLE_PARTS_H_
#define LIB_ENGINE_POSTGRES_TABLE_PARTS_H_

#include "lib/engine/kind_handler.h"
#include "lib/engine/sql.h"

// The parts that CREATE TABLE absorbs, as clauses, and what can be said of them
// only when the table is there. Each is defined in its kind's file.

namespace fleet::postgres {

Sql ColumnClause(const Object& column);        // c integer DEFAULT 1 NOT NULL
Sql KeyClause(const Object& key);              // PRIMARY KEY (a, b) …
Sql CheckClause(const Object& check);          // CHECK (…) …
Sql ExclusionClause(const Object& exclusion);  // EXCLUDE USING …

void FinishColumn(const Object& column, Renderer& renderer);
// Of a column that the parent table's brought along: what it has of its own.
void FinishInheritedColumn(const Object& column, Renderer& renderer);
void FinishKey(const Object& key, Renderer& renderer);

// A check that CREATE TABLE would take for valid.
bool IsNotValid(const Object& check);
void CreateCheck(const Object& check, Renderer& renderer);

// table_parts.cc: all of them between the parentheses of CREATE TABLE, and what
// follows it.
void AppendParts(const Object& table, const Schema& schema, Sql& sql);
// INHERITS (…), where it does.
void AppendInherits(const Object& table, const Schema& schema, Sql& sql);
void FinishParts(const Object& table, Renderer& renderer);

}  // namespace fleet::postgres

#endif  // LIB_ENGINE_POSTGRES_TABLE_PARTS_H_
