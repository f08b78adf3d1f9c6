#ifndef LIB_ENGINE_POSTGRES_FOREIGN_OPTIONS_H_
#define LIB_ENGINE_POSTGRES_FOREIGN_OPTIONS_H_

#include <string>

#include "absl/strings/string_view.h"
#include "lib/engine/postgres/ddl.h"

// OPTIONS (…) of foreign-data wrappers, servers and tables. As an attribute:
// "host 'h', port '1'", sorted. Those that carry a secret are left out by the
// query (rare_rows.h), so that they are neither compared nor printed.

namespace fleet::postgres {

// "{host=h,port=1}" → "host 'h', port '1'"
std::string ForeignOptions(absl::string_view array);
// " OPTIONS (host 'h')"; empty where there are none.
Sql OptionsClause(const Object& object);
// " OPTIONS (ADD host 'h', SET port '2', DROP user)"; empty where nothing
// changes.
Sql OptionChangesClause(absl::string_view from, absl::string_view to);

}  // namespace fleet::postgres

#endif  // LIB_ENGINE_POSTGRES_FOREIGN_OPTIONS_H_
