#ifndef LIB_ENGINE_OPEN_SESSION_H_
#define LIB_ENGINE_OPEN_SESSION_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "lib/engine/session.h"

// Part of engine_sessions: the only place that knows which driver serves which
// URL. `postgres://…` and `postgresql://…` go to libpq as they are (service
// files, .pgpass and PG* variables work); `mysql://…` and `mariadb://…` to the
// MySQL client library (mysql/url.h says what they may hold); `sqlite:PATH`
// opens a file, which must exist unless `create`; `sqlite::memory:` is an empty
// database.

namespace fleet {

struct SessionOptions {
  bool create = false;     // SQLite: make the file
  bool read_only = false;  // nothing is ever written through it
  // It lives long and asks the same again: the server keeps the plans of
  // QuerySnapshot's first queries, which are those of every introspection.
  bool keep_plans = false;
  std::string application_name = "fleetctl";
  int connect_timeout_s = 10;
};

// Unavailable when the server cannot be reached, NotFound when the database or
// file is not there, InvalidArgument for a URL of no known form. A password in
// `url` never shows in an error.
absl::StatusOr<std::unique_ptr<Session>> OpenSession(
    const std::string& url, const SessionOptions& options);

// The engine a URL speaks of; InvalidArgument otherwise.
absl::StatusOr<v1::Engine> EngineOfUrl(absl::string_view url);

// `url` without its password, for messages.
std::string RedactUrl(absl::string_view url);

}  // namespace fleet

#endif  // LIB_ENGINE_OPEN_SESSION_H_
