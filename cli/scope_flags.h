#ifndef CLI_SCOPE_FLAGS_H_
#define CLI_SCOPE_FLAGS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "proto/schema.pb.h"

namespace CLI {
class App;
}

namespace fleet {

// What is compared besides what always is: --include, --column-order,
// --definer. The same words in every command that compares.
struct ScopeFlags {
  std::vector<std::string> include;
  std::string column_order = "ignore";
  std::vector<std::string> definers;  // "keep", "current", "map:OLD=NEW"

  void AddTo(CLI::App& command);
  // InvalidArgument: a definer that is none of these.
  absl::Status AddToScope(v1::Scope* scope) const;
};

}  // namespace fleet

#endif  // CLI_SCOPE_FLAGS_H_
