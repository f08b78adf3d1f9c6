#ifndef LIB_ENGINE_POSTGRES_QUOTING_H_
#define LIB_ENGINE_POSTGRES_QUOTING_H_

#include <string>

#include "absl/strings/string_view.h"
#include "lib/engine/sql.h"

// How PostgreSQL quotes, the same as the server's quote_identifier() does, so
// that texts made here and texts printed by a server agree. One keyword list
// for all server versions. Pure.

namespace fleet::postgres {

// Names of up to 63 bytes (NAMEDATALEN - 1).
extern const Quoting kPostgresQuoting;

// True when the name reads back as itself without quotes.
bool IsPlainPostgresName(absl::string_view name);

// For canonical attribute values, which statements carry as Verbatim later.
std::string QuoteName(absl::string_view name);     // a, "A b"
std::string QuoteLiteral(absl::string_view text);  // 'it''s'
// "s"."t", each component quoted where needed.
std::string QuotePath(const Path& path);

// What a canonical value holds: the reverse of the two above. The input where
// it is not quoted.
std::string UnquoteName(absl::string_view quoted);
std::string UnquoteLiteral(absl::string_view quoted);

}  // namespace fleet::postgres

#endif  // LIB_ENGINE_POSTGRES_QUOTING_H_
