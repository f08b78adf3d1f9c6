#include "agent/database_epoch.h"

#include "absl/strings/str_cat.h"
#include "lib/base/log.h"
#include "lib/base/status.h"
#include "lib/engine/marker.h"

namespace fleet {

absl::Status LearnEpoch(Session& session, const Dialect& dialect,
                        const TargetContext& context) {
  ASSIGN_OR_RETURN(const uint64_t epoch, ReadEpoch(session, dialect));
  const uint64_t seen = context.journal.epoch();
  if (epoch <= seen) return absl::OkStatus();
  LogWarning(
      "a coordinator of a higher epoch has acted on a database; ours "
      "is told",
      {{"database", absl::StrCat(epoch)}, {"seen", absl::StrCat(seen)}});
  RETURN_IF_ERROR(context.journal.RaiseEpoch(epoch));
  context.redial();
  return absl::OkStatus();
}

}  // namespace fleet
