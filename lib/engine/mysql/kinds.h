#ifndef LIB_ENGINE_MYSQL_KINDS_H_
#define LIB_ENGINE_MYSQL_KINDS_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "lib/engine/kind_handler.h"
#include "lib/engine/mysql/flavour.h"
#include "lib/engine/mysql/tokens.h"

// What the MySQL family has, one file per kind: each defines its handler, and
// the way from what the server prints to an object.

namespace fleet::mysql {

// What one definition has to know about the rest of the database.
struct ReadContext {
  Flavour flavour;
  std::string database;  // its own name, which no definition shall hold
  // Character set → its default collation, as the server says.
  std::map<std::string, std::string, std::less<>> default_collations;
  // Tables, views, sequences and routines by (folded) name: what names in a
  // definition may refer to.
  std::map<std::string, std::vector<ObjectKey>, std::less<>> relations;
  std::map<std::string, std::vector<ObjectKey>, std::less<>> routines;
};

KindHandler DatabaseHandler();
KindHandler TableHandler();
KindHandler ColumnHandler();
KindHandler PrimaryKeyHandler();
KindHandler UniqueKeyHandler();
KindHandler IndexHandler();
KindHandler ForeignKeyHandler();
KindHandler CheckHandler();
KindHandler PartitioningHandler();
KindHandler ViewHandler();
KindHandler TriggerHandler();
KindHandler FunctionHandler();
KindHandler ProcedureHandler();
KindHandler EventHandler();
KindHandler SequenceHandler();

// Each makes objects of one definition of a CREATE TABLE, or of a row.
// InvalidArgument when it is not understood to the last token.
absl::StatusOr<Object> ReadColumn(TokenSpan tokens, const Object& table,
                                  const ReadContext& context);
absl::StatusOr<Object> ReadKey(TokenSpan tokens, const Object& table);
absl::StatusOr<Object> ReadForeignKey(TokenSpan tokens, const Object& table,
                                      const ReadContext& context);
absl::StatusOr<Object> ReadCheck(TokenSpan tokens, const Object& table);
Object ReadPartitioning(TokenSpan tokens, const Object& table);
// The table and everything that its CREATE holds.
absl::StatusOr<std::vector<Object>> ReadTable(absl::string_view name,
                                              absl::string_view text,
                                              const ReadContext& context);
absl::StatusOr<Object> ReadView(absl::string_view name, absl::string_view text,
                                const ReadContext& context);
absl::StatusOr<Object> ReadRoutine(v1::ObjectKind kind, absl::string_view name,
                                   absl::string_view text,
                                   const ReadContext& context);
absl::StatusOr<Object> ReadEvent(absl::string_view name, absl::string_view text,
                                 absl::Span<const std::string> moments,
                                 const ReadContext& context);
absl::StatusOr<Object> ReadSequence(absl::string_view name,
                                    absl::string_view text);
// What a trigger does, out of what SHOW CREATE TRIGGER says: as it was written.
// MySQL's information_schema has it with quotes and escapes undone.
absl::StatusOr<std::string> TriggerBody(absl::string_view name,
                                        absl::string_view text);

// The clauses of a CREATE TABLE or ADD. Pure.
Sql KeyDefinition(const Object& key, const Flavour& flavour);
// "DROP KEY `k`, ADD KEY `k` (…)", for a key that does not change.
Sql KeyMadeAgain(const Object& key, const Flavour& flavour);
bool IsSameKey(const Object& a, const Object& b);
Sql CheckDefinition(const Object& check);

// The names in `tokens` that are tables, views, sequences or routines become
// dependencies of `object`; with `columns`, the columns of these tables that
// have one of the names too, softly.
void AddRelations(TokenSpan tokens, const ReadContext& context, Object& object);

}  // namespace fleet::mysql

#endif  // LIB_ENGINE_MYSQL_KINDS_H_
