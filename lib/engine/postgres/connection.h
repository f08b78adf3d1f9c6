#ifndef LIB_ENGINE_POSTGRES_CONNECTION_H_
#define LIB_ENGINE_POSTGRES_CONNECTION_H_

#include <libpq-fe.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "lib/engine/open_session.h"
#include "lib/engine/row_set.h"

// libpq with owners: connections, results, errors. Nothing here knows what the
// statements are for.

namespace fleet {

struct PgConnectionCloser {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
using PgConnection = std::unique_ptr<PGconn, PgConnectionCloser>;

struct PgResultFreer {
  void operator()(PGresult* result) const { PQclear(result); }
};
using PgResult = std::unique_ptr<PGresult, PgResultFreer>;

// Connects within the time that the URL or `options` gives. NotFound: no such
// database; PermissionDenied: refused; Unavailable: not reached. No password in
// messages.
absl::StatusOr<PgConnection> ConnectPostgres(const std::string& url,
                                             const SessionOptions& options);

// OK when `result` is a command's or a query's success.
absl::Status CheckPgResult(PGconn* connection, const PGresult* result);

// Where in its statement the server saw the error: a 1-based count of
// characters; 0: it did not say.
int PgErrorPosition(const PGresult* result);

std::unique_ptr<RowSet> MakePgRowSet(PgResult result);
// The same rows in a third of the memory, for large answers that are kept.
std::unique_ptr<RowSet> MakeCompactRowSet(PgResult result);

}  // namespace fleet

#endif  // LIB_ENGINE_POSTGRES_CONNECTION_H_
