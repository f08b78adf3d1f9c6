#ifndef LIB_ENGINE_MYSQL_DEFINER_H_
#define LIB_ENGINE_MYSQL_DEFINER_H_

#include <string>

#include "absl/strings/string_view.h"
#include "lib/engine/kind_handler.h"
#include "lib/engine/mysql/tokens.h"

// What stored programs have in common: who they run as, and the settings of
// the session that made them, which the server keeps with them. Pure.

namespace fleet::mysql {

// Reads "DEFINER=`root`@`localhost`" at `at`, which moves behind it; "" where
// there is none.
std::string ReadDefiner(TokenSpan tokens, size_t& at);

// What sessions pin (session.h), and what a script sets.
inline constexpr char kPinnedSqlMode[] =
    "STRICT_TRANS_TABLES,STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,"
    "NO_ENGINE_SUBSTITUTION";

// The object's attributes sql_mode, charset_client, collation_connection and
// time_zone, set before the statement and put back after it. A failure where
// the text could not be sent in the object's character set.
void AddSessionSettings(const Object& object, Renderer& renderer,
                        v1::Statement& statement);

}  // namespace fleet::mysql

#endif  // LIB_ENGINE_MYSQL_DEFINER_H_
