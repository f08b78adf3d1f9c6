#ifndef TESTS_TESTING_REAL_POSTGRES_H_
#define TESTS_TESTING_REAL_POSTGRES_H_

#include <string>

#include "absl/status/statusor.h"

namespace fleet::testing {

// URL of a new, empty database on this process's own PostgreSQL server, which
// starts with the first call (about a second) and ends with the process.
absl::StatusOr<std::string> CreatePostgresDatabase();

// URL of that server's database "postgres", whose role may create databases.
absl::StatusOr<std::string> PostgresServerUrl();

}  // namespace fleet::testing

#endif  // TESTS_TESTING_REAL_POSTGRES_H_
