#include "tests/testing/real_mysql.h"

#include <cstdlib>
#include <memory>

#include "absl/strings/str_cat.h"
#include "lib/base/status.h"
#include "lib/engine/mysql/scratch.h"
#include "lib/engine/mysql/url.h"
#include "lib/engine/open_session.h"

namespace fleet::testing {
namespace {

using StartedServer = absl::StatusOr<std::unique_ptr<PrivateServer>>;

StartedServer StartServer() {
  StartedServer server = StartMysqlServer();
  const char* mode = std::getenv("FLEET_MYSQL_SQL_MODE");
  if (!server.ok() || mode == nullptr) return server;
  ASSIGN_OR_RETURN(
      const auto session,
      OpenSession((*server)->Url("information_schema"), SessionOptions()));
  RETURN_IF_ERROR(
      session->Execute(absl::StrCat("SET GLOBAL sql_mode = '", mode, "'")));
  return server;
}

// Never destroyed: its watching process ends it after us.
const StartedServer& Server() {
  static const auto& server = *new StartedServer(StartServer());
  return server;
}

}  // namespace

absl::StatusOr<std::string> MysqlServerUrl() {
  if (const char* url = std::getenv("FLEET_MYSQL_URL")) return std::string(url);
  if (!Server().ok()) return Server().status();
  return (*Server())->Url("information_schema");
}

absl::StatusOr<std::string> CreateMysqlDatabase() {
  static int count = 0;
  ASSIGN_OR_RETURN(const std::string server_url, MysqlServerUrl());
  ASSIGN_OR_RETURN(const auto session,
                   OpenSession(server_url, SessionOptions()));
  const std::string name = absl::StrCat("test_", ++count);
  RETURN_IF_ERROR(session->Execute(absl::StrCat("CREATE DATABASE ", name)));
  return mysql::WithDatabase(server_url, name);
}

}  // namespace fleet::testing
