#ifndef LIB_ENGINE_MYSQL_LINT_H_
#define LIB_ENGINE_MYSQL_LINT_H_

#include <string>

#include "absl/strings/string_view.h"
#include "lib/engine/kind_handler.h"

// The questions that an agent asks
// the rows before anything is applied. Pure.

namespace fleet::mysql {

// Each adds one query whose rows are findings. Where the table or the column is
// not in the old schema, there are no rows to ask.
void CheckNoNulls(const Object& column, const Renderer& renderer,
                  v1::Statement& statement);
void CheckNoDuplicates(const Object& key, const Renderer& renderer,
                       v1::Statement& statement);
void CheckNoOrphans(const Object& foreign_key, const Renderer& renderer,
                    v1::Statement& statement);
void CheckCondition(const Object& check, const Renderer& renderer,
                    v1::Statement& statement);
// Of a varchar or char that shrinks to `length` characters.
void CheckLength(const Object& column, long long length,
                 const Renderer& renderer, v1::Statement& statement);
// Members of an enum or set that go, as they are printed: "'a', 'b'".
void CheckMembers(const Object& column, const std::string& members,
                  const Renderer& renderer, v1::Statement& statement);

}  // namespace fleet::mysql

#endif  // LIB_ENGINE_MYSQL_LINT_H_
