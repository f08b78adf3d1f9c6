#ifndef LIB_ENGINE_POSTGRES_VIEW_PARTS_H_
#define LIB_ENGINE_POSTGRES_VIEW_PARTS_H_

#include <string>

#include "lib/engine/postgres/catalog.h"
#include "lib/engine/postgres/ddl.h"

// What views, materialized views and composite types share. "columns" is a list
// of names and types, "column_comments" one of name and literal.

namespace fleet::postgres {

// "a integer, b text COLLATE "C"": the columns in order.
std::string PrintedColumns(const Relation& relation, const Catalog& catalog);

// COMMENT ON COLUMN for what differs between two values of column_comments.
void WriteColumnComments(const Object& view, absl::string_view from,
                         absl::string_view to, Renderer& renderer);

}  // namespace fleet::postgres

#endif  // LIB_ENGINE_POSTGRES_VIEW_PARTS_H_
