#ifndef AGENT_PROBER_H_
#define AGENT_PROBER_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/engine/dialect.h"
#include "lib/engine/session.h"
#include "lib/schema/schema.h"
#include "proto/schema.pb.h"

namespace fleet {

// Reads fingerprints of one database, and as little as possible for it: while
// the change token is the one of the last reading, the answer is known.
// Thread-compatible.
class Prober {
 public:
  struct Reading {
    std::string fingerprint;
    std::string token;  // read before the fingerprint: never too new
  };

  explicit Prober(const Dialect& dialect) : dialect_(dialect) {}

  absl::StatusOr<Reading> ReadFingerprint(Session& session,
                                          const v1::Scope& scope);
  // The whole schema; always read.
  absl::StatusOr<Schema> ReadSchema(Session& session);

  // Our own plan ran: what is known is old.
  void Forget();

 private:
  // More scopes than this at a time nobody uses.
  static constexpr size_t kScopesMax = 8;

  struct Known {
    std::string scope;  // serialized
    std::string fingerprint;
  };

  const Dialect& dialect_;
  std::string token_;         // "" when nothing is known
  std::vector<Known> known_;  // all of token_, oldest first
};

}  // namespace fleet

#endif  // AGENT_PROBER_H_
