#ifndef LIB_ENGINE_SQLITE_KINDS_H_
#define LIB_ENGINE_SQLITE_KINDS_H_

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "lib/engine/kind_handler.h"
#include "lib/engine/sqlite/catalog.h"
#include "lib/engine/sqlite/create_table.h"
#include "lib/engine/sqlite/tokens.h"

// What SQLite has, one file per kind. Each defines its handler and the way from
// a row of sqlite_schema to objects.
//
// Names. Paths hold folded names ("users" for Users): SQLite sees no
// difference, so a change of case is no change. Attribute "name" keeps the
// author's letters. Attribute "spelling" is the written text where it differs
// from the canonical one that is compared.
//
// Constraints without a name get one made of what they say, so that their order
// does not matter: "primary key", "unique (a, b)", "check (a > 0)", "foreign
// key (a) references t". A second one of the same name gets " #2".
//
// Inline constraints are objects like those of the table, with attribute
// "inline" naming the column. The column's attribute "constraints" repeats
// their text: it is what makes a change of them change the column, so they need
// no statements of their own.

namespace fleet::sqlite {

// What one kind has to know about the rest of the database while it is read.
struct ReadContext {
  // Of the whole database: tables, views and columns.
  KnownNames known;
  // Folded name of a table or view → its object.
  absl::flat_hash_map<std::string, ObjectKey> relations;
  // What this SQLite library has, folded.
  KnownNames modules;  // of virtual tables
  KnownNames functions;
};

// rename.cc: KindHandler::rename of tables (also virtual ones) and columns.
void RenameTable(const Object& table, absl::string_view name,
                 Renderer& renderer);
void RenameColumn(const Object& column, absl::string_view name,
                  Renderer& renderer);

KindHandler TableHandler();
KindHandler VirtualTableHandler();
KindHandler ColumnHandler();
KindHandler PrimaryKeyHandler();
KindHandler UniqueKeyHandler();
KindHandler CheckHandler();
KindHandler ForeignKeyHandler();
KindHandler IndexHandler();
KindHandler ViewHandler();
KindHandler TriggerHandler();

// Each appends objects. InvalidArgument when the row's text is not understood
// exactly; nothing is appended then.
absl::Status ReadTable(const Catalog::Table& table, const ReadContext& context,
                       std::vector<Object>& objects);
absl::Status ReadVirtualTable(const Catalog::Table& table,
                              const ReadContext& context,
                              std::vector<Object>& objects);
absl::Status ReadIndex(const Catalog::Row& row, const KnownNames& columns,
                       std::vector<Object>& objects);
absl::Status ReadView(const Catalog::Row& row, const ReadContext& context,
                      std::vector<Object>& objects);
absl::Status ReadTrigger(const Catalog::Row& row, const ReadContext& context,
                         std::vector<Object>& objects);

// The objects of parts of a table; `columns` are the table's own. Attribute
// "unknown_function" names a function that only an application has: the
// definition can be kept, but not run here.
Object ReadColumn(const ColumnCut& column, const Path& table,
                  const KnownNames& columns, const KnownNames& functions);
Object ReadConstraint(const ConstraintCut& constraint, const Path& table,
                      const KnownNames& columns, const KnownNames& functions);

// Names of views are found by spelling alone, so two views can seem to need
// each other; what seems to be a cycle only orders softly.
void SoftenViewCycles(std::vector<Object>& objects);

// Adds what the names in `tokens` may refer to, but not `own`.
void AddRelations(TokenSpan tokens, const ReadContext& context,
                  absl::string_view own, Object& object);

// The rebuild of a table: TableHandler().rebuild.
void RebuildTable(const Difference& difference, Renderer& renderer);

}  // namespace fleet::sqlite

#endif  // LIB_ENGINE_SQLITE_KINDS_H_
