#ifndef LIB_ENGINE_MYSQL_ONLINE_ALTER_H_
#define LIB_ENGINE_MYSQL_ONLINE_ALTER_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "lib/schema/schema.h"
#include "proto/plan.pb.h"

// Which ALTERs a tool can make on a copy of the table. The tools copy rows with
// INSERT IGNORE, which drops a row that is twice in a unique key or that a
// check refuses, and they do not carry along what hangs on the table. So
// whatever could lose a row is not given to them. Pure.

namespace fleet::mysql {

// Of the copy: "%T_fleetctl_new" in the words of the tools. A table's name must
// leave room for it and for what the tools put around names.
inline constexpr absl::string_view kCopySuffix = "_fleetctl_new";
inline constexpr size_t kCopiedNameBytesMax = 64 - kCopySuffix.size() - 1;

// Letters, digits, "-" and "_": the tools take names in lists with commas, dots
// and "=".
bool IsPlainName(absl::string_view name);

// Why no tool can make this ALTER of `table`, as "it has triggers"; "" when one
// can. `statement` has its hazards and checks.
std::string OnlineRefusal(const Path& table, const Schema& from,
                          const Schema& to, const v1::Statement& statement);

// Puts that into the statements that block writers (Statement.online).
void ReviewOnline(const Schema& from, const Schema& to,
                  std::vector<v1::Statement>& statements);

}  // namespace fleet::mysql

#endif  // LIB_ENGINE_MYSQL_ONLINE_ALTER_H_
