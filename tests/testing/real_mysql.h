#ifndef TESTS_TESTING_REAL_MYSQL_H_
#define TESTS_TESTING_REAL_MYSQL_H_

#include <string>

#include "absl/status/statusor.h"

namespace fleet::testing {

// URL of a new, empty database on this process's own MariaDB server, which
// starts with the first call (about three seconds) and ends with the process.
// FLEET_MYSQL_URL names another server to use (tests/mysql_flavours.sh);
// FLEET_MYSQL_SQL_MODE is the mode that clients of the own server begin with.
absl::StatusOr<std::string> CreateMysqlDatabase();

// URL of that server, whose user may create databases.
absl::StatusOr<std::string> MysqlServerUrl();

}  // namespace fleet::testing

#endif  // TESTS_TESTING_REAL_MYSQL_H_
