#include "lib/engine/mysql/quoting.h"

#include "lib/engine/mysql/tokens.h"

namespace fleet::mysql {

// Every name is quoted, as the server's own printer does; a name that is too
// long the server refuses. Sessions pin that backslashes escape.
const Quoting kMysqlQuoting = {'`', 0, true, nullptr};

absl::string_view WrittenName(const Object& object) {
  const absl::string_view written = object.Get("name");
  return Folded(written) == object.name() ? written : object.name();
}

void SetWrittenName(absl::string_view written, Object& object) {
  if (written != object.name()) object.Set("name", written);
}

}  // namespace fleet::mysql
