#ifndef TESTS_TESTING_MARIADB_INSTANCE_H_
#define TESTS_TESTING_MARIADB_INSTANCE_H_

#include <memory>
#include <string>

#include "tests/testing/process.h"

// A MariaDB server that promises what one in production does (it survives its
// own death), and keeps a binary log: its own word on which statements have
// been committed, and how often.

namespace fleet::testing {

class MariadbInstance {
 public:
  // Made and started; the test fails if it cannot be.
  MariadbInstance();
  ~MariadbInstance();

  std::string Url(const std::string& database) const;

  // SIGKILL; gone when it returns.
  void Kill();
  // Returns when it takes connections (recovery is done by then).
  void Start();

  // Statements that the binary log has for the database since the last
  // FlushLog, one a line, in their order.
  std::string Committed(const std::string& database);
  void FlushLog();

 private:
  TemporaryFolder folder_;
  std::unique_ptr<Process> server_;
  std::string first_log_;  // "log.000007"
};

}  // namespace fleet::testing

#endif  // TESTS_TESTING_MARIADB_INSTANCE_H_
