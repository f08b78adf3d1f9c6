#ifndef LIB_ENGINE_POSTGRES_INDEX_ROWS_H_
#define LIB_ENGINE_POSTGRES_INDEX_ROWS_H_

#include "lib/engine/postgres/catalog.h"

// pg_index rows as indexes and keys read them.

namespace fleet::postgres {

// The attributes that indexes and keys share: include, nulls_not_distinct,
// options, tablespace, clustered, replica_identity, and "columns" (quoted names
// of the key columns; empty where one is an expression). Dependencies too.
void SetIndexAttributes(const CatalogRow& row, const Relation& index,
                        const Relation& table, Catalog& catalog,
                        Object& object);

// What CREATE INDEX says between its parentheses: names or expressions with
// collation, operator class and order where they are not the default.
std::string IndexKeys(const CatalogRow& row, const Relation& index,
                      const Relation& table, const Catalog& catalog);

// One edge per column that is used plainly.
void DependOnColumns(const Relation& table, const std::vector<int64_t>& numbers,
                     const Catalog& catalog, Object& object);
// "a, b"
std::string ColumnNames(const Relation& table,
                        const std::vector<int64_t>& numbers);

}  // namespace fleet::postgres

#endif  // LIB_ENGINE_POSTGRES_INDEX_ROWS_H_
