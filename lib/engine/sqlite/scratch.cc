#include "lib/engine/sqlite/scratch.h"

#include "lib/base/status.h"
#include "lib/engine/open_session.h"
#include "lib/engine/sqlite/session.h"

namespace fleet {
namespace {

class SqliteScratch : public Scratch {
 public:
  Session& session() override { return *session_; }
  absl::Status Reset() override {
    ASSIGN_OR_RETURN(session_, OpenSqliteSession(":memory:", SessionOptions()));
    return absl::OkStatus();
  }

 private:
  std::unique_ptr<Session> session_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Scratch>> OpenSqliteScratch() {
  auto scratch = std::make_unique<SqliteScratch>();
  RETURN_IF_ERROR(scratch->Reset());
  return scratch;
}

}  // namespace fleet
