#ifndef LIB_ENGINE_POSTGRES_DDL_H_
#define LIB_ENGINE_POSTGRES_DDL_H_

#include <string>

#include "lib/engine/kind_handler.h"
#include "lib/engine/postgres/quoting.h"

// What the renderers of PostgreSQL's kinds share: beginnings of statements,
// comments, locks in the server's words, hazards.

namespace fleet::postgres {

inline constexpr absl::string_view kNoLock = "";
inline constexpr absl::string_view kAccessExclusive = "ACCESS EXCLUSIVE";
inline constexpr absl::string_view kShareRowExclusive = "SHARE ROW EXCLUSIVE";
inline constexpr absl::string_view kShare = "SHARE";
inline constexpr absl::string_view kShareUpdateExclusive =
    "SHARE UPDATE EXCLUSIVE";

inline Sql NewSql() { return Sql(kPostgresQuoting); }
Sql AlterTable(const Path& table);          // ALTER TABLE s.t
Sql AlterColumn(const Path& column);        // … ALTER COLUMN c
Sql AddConstraint(const Path& constraint);  // … ADD CONSTRAINT c
void DropConstraint(const Object& constraint, Renderer& renderer);

// COMMENT ON `what` IS …, NULL where the object has none.
void WriteComment(const Object& object, const Sql& what, Renderer& renderer);
// The same where the object has one: after its creation.
void WriteNewComment(const Object& object, const Sql& what, Renderer& renderer);
// "CONSTRAINT c ON s.t"
Sql ConstraintName(const Object& constraint);
// "comment" of a constraint and "index_comment" of the index that is part of
// it.
void WriteNewConstraintComments(const Object& constraint, Renderer& renderer);
void AlterConstraintComments(const Difference& difference, Renderer& renderer);

// Of triggers and rules: 'D' → "DISABLE", 'R' → "ENABLE REPLICA", 'A' → "ENABLE
// ALWAYS", 'O' → "".
absl::string_view FiringWords(absl::string_view letter);

// Says which options of a new object have to be set by hand
// ("secret_options").
void WarnOfSecrets(v1::Statement& statement, const Object& object);

bool Changed(const Difference& difference, absl::string_view attribute);
// True when nothing but the comment differs.
bool OnlyCommentChanged(const Difference& difference);

// The table exists before the plan, so it may hold rows and have readers.
bool HasRows(const Renderer& renderer, const Path& table);

// False where it is dropped only to be made again by the same plan.
bool GoesAway(const Object& object, const Renderer& renderer);

// "`text` table s.t": the sentence of a hazard. `text` ends where the name
// goes.
void Warn(v1::Statement& statement, v1::HazardType type, absl::string_view text,
          const Path& path);

// What "options" attributes hold ("fillfactor='70', …") brought from one value
// to another: SET and RESET clauses after `alter`.
void WriteOptions(const Sql& alter, absl::string_view from,
                  absl::string_view to, Renderer& renderer);
// Sets "options" from a catalog's arrays, those of the toast table prefixed:
// "{fillfactor=70,…}" → "fillfactor='70', …", sorted. Where that is not their
// order in the catalog, "options_order" has them as they are there.
void SetOptions(absl::string_view own, absl::string_view toast, Object& object);
absl::string_view OptionsInOrder(const Object& object);

}  // namespace fleet::postgres

#endif  // LIB_ENGINE_POSTGRES_DDL_H_
