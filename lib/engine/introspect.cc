#include "lib/engine/introspect.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

#include "lib/base/status.h"

namespace fleet {

absl::StatusOr<Schema> Introspect(Session& session, const Dialect& dialect) {
  const int version = session.info().server_version;
  ASSIGN_OR_RETURN(
      std::vector<std::unique_ptr<RowSet>> results,
      session.QuerySnapshot(dialect.IntrospectionQueries(version),
                            [&dialect, version](const RowSet& first) {
                              return dialect.FollowUpQueries(version, first);
                            }));
  const std::vector<std::string> details = dialect.DetailQueries(results);
  if (!details.empty()) {
    ASSIGN_OR_RETURN(std::vector<std::unique_ptr<RowSet>> more,
                     session.QuerySnapshot(details));
    std::move(more.begin(), more.end(), std::back_inserter(results));
  }
  return dialect.ReadSchema(session.info(), std::move(results));
}

absl::StatusOr<std::string> ReadChangeToken(Session& session,
                                            const Dialect& dialect) {
  ASSIGN_OR_RETURN(const std::vector<std::unique_ptr<RowSet>> results,
                   session.QuerySnapshot({dialect.ChangeTokenQuery(
                       session.info().server_version)}));
  const RowSet& rows = *results.front();
  if (rows.rows() != 1 || rows.columns() != 1 || rows.is_null(0, 0)) {
    return absl::InternalError("the change token query did not give one value");
  }
  return std::string(rows.at(0, 0));
}

}  // namespace fleet
