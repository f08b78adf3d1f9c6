#include "agent/prober.h"

#include <utility>

#include "lib/base/status.h"
#include "lib/engine/introspect.h"
#include "lib/schema/fingerprint.h"
#include "lib/schema/scope.h"

namespace fleet {

absl::StatusOr<Prober::Reading> Prober::ReadFingerprint(
    Session& session, const v1::Scope& scope) {
  ASSIGN_OR_RETURN(std::string token, ReadChangeToken(session, dialect_));
  if (token.empty() || token != token_) {
    Forget();
    token_ = token;
  }
  const std::string scope_bytes = scope.SerializeAsString();
  for (const Known& known : known_) {
    if (known.scope == scope_bytes) {
      return Reading{known.fingerprint, std::move(token)};
    }
  }
  ASSIGN_OR_RETURN(const Schema live, Introspect(session, dialect_));
  ASSIGN_OR_RETURN(const Schema scoped, ApplyScope(live, scope));
  std::string fingerprint = Fingerprint(scoped, dialect_.specs());
  if (known_.size() >= kScopesMax) known_.erase(known_.begin());
  known_.push_back({scope_bytes, fingerprint});
  return Reading{std::move(fingerprint), std::move(token)};
}

absl::StatusOr<Schema> Prober::ReadSchema(Session& session) {
  return Introspect(session, dialect_);
}

void Prober::Forget() {
  token_.clear();
  known_.clear();
}

}  // namespace fleet
