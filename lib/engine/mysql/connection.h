#ifndef LIB_ENGINE_MYSQL_CONNECTION_H_
#define LIB_ENGINE_MYSQL_CONNECTION_H_

#include <mysql.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/engine/mysql/url.h"
#include "lib/engine/open_session.h"
#include "lib/engine/row_set.h"

// The client library with owners: connections and results. Statements are sent
// one by one: several in one message are never switched on.

namespace fleet::mysql {

struct ConnectionCloser {
  void operator()(MYSQL* connection) const { mysql_close(connection); }
};
using Connection = std::unique_ptr<MYSQL, ConnectionCloser>;

// NotFound: no such database; PermissionDenied: refused; Unavailable: not
// reached. No password in messages.
absl::StatusOr<Connection> Connect(const Address& address,
                                   const SessionOptions& options);

// The last error of the connection.
absl::Status ErrorOf(MYSQL* connection);

// The whole answer to a query that has been sent; empty for statements that
// have none.
absl::StatusOr<std::unique_ptr<RowSet>> TakeResult(MYSQL* connection);

}  // namespace fleet::mysql

#endif  // LIB_ENGINE_MYSQL_CONNECTION_H_
