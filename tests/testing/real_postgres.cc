#include "tests/testing/real_postgres.h"

#include <memory>

#include "absl/strings/str_cat.h"
#include "lib/base/status.h"
#include "lib/engine/open_session.h"
#include "lib/engine/postgres/scratch.h"

namespace fleet::testing {
namespace {

// Never destroyed: its watching process ends it after us.
const absl::StatusOr<std::unique_ptr<PrivateServer>>& Server() {
  static const auto& server =
      *new absl::StatusOr<std::unique_ptr<PrivateServer>>(
          StartPostgresServer());
  return server;
}

}  // namespace

absl::StatusOr<std::string> PostgresServerUrl() {
  if (!Server().ok()) return Server().status();
  return (*Server())->Url("postgres");
}

absl::StatusOr<std::string> CreatePostgresDatabase() {
  static int count = 0;
  ASSIGN_OR_RETURN(const std::string server_url, PostgresServerUrl());
  ASSIGN_OR_RETURN(const auto session,
                   OpenSession(server_url, SessionOptions()));
  const std::string name = absl::StrCat("test_", ++count);
  RETURN_IF_ERROR(session->Execute(
      absl::StrCat("CREATE DATABASE ", name, " TEMPLATE template0")));
  return (*Server())->Url(name);
}

}  // namespace fleet::testing
