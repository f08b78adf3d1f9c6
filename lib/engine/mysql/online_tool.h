#ifndef LIB_ENGINE_MYSQL_ONLINE_TOOL_H_
#define LIB_ENGINE_MYSQL_ONLINE_TOOL_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "lib/engine/mysql/url.h"
#include "proto/plan.pb.h"

// The tools that change a table on a copy, as rows. Another one is one row.

namespace fleet::mysql {

struct OnlineTool {
  absl::string_view name;  // of the program
  // All but the user's options, which come last. The connection is in the
  // options file kSecretPath.
  std::vector<std::string> (*arguments)(const Address& address,
                                        const v1::OnlineAlter& alter,
                                        int64_t lock_timeout_s);
  // "15%, 01:10 remain" from the line of output that says so; else "".
  std::string (*read_progress)(absl::string_view line);
};

absl::Span<const OnlineTool> OnlineTools();  // sorted by name

// The client's options file with all of `address` but the database.
std::string ClientOptions(const Address& address);

}  // namespace fleet::mysql

#endif  // LIB_ENGINE_MYSQL_ONLINE_TOOL_H_
