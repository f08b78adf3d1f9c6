#ifndef LIB_ENGINE_POSTGRES_SETTINGS_H_
#define LIB_ENGINE_POSTGRES_SETTINGS_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

// The settings of a PostgreSQL session that change what DDL means, what it
// costs, or how the server prints a definition. Pure.

namespace fleet {

struct PinnedSetting {
  absl::string_view name;
  std::string value;  // as the server prints it
  int since_version;  // the first server_version_num that has it
  // The server may refuse it for reasons of its platform.
  bool optional = false;
};

// What a session of a server of this version pins, in order.
std::vector<PinnedSetting> PinnedSettings(int server_version, bool read_only,
                                          bool with_optional);

// One SELECT that sets them all; a row of their values as they are afterwards.
std::string PinQuery(const std::vector<PinnedSetting>& settings);

}  // namespace fleet

#endif  // LIB_ENGINE_POSTGRES_SETTINGS_H_
