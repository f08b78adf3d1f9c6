#ifndef TESTS_TESTING_COUNTING_PROXY_H_
#define TESTS_TESTING_COUNTING_PROXY_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace fleet::testing {

// What one PostgreSQL session sent since it connected.
struct ProtocolCounts {
  int statements = 0;  // Parse and Query messages
  // Sync, Flush and Query messages: how often it may wait for an answer before
  // it says more.
  int round_trips = 0;
};

// Stands between one client and a PostgreSQL server on a unix socket, passes
// everything on and counts. For one connection at a time.
class CountingProxy {
 public:
  virtual ~CountingProxy() = default;
  // `server_url` with the proxy's socket instead of the server's.
  virtual std::string url() const = 0;
  // Since the last call.
  virtual ProtocolCounts Take() = 0;
};

absl::StatusOr<std::unique_ptr<CountingProxy>> StartCountingProxy(
    const std::string& server_url);

}  // namespace fleet::testing

#endif  // TESTS_TESTING_COUNTING_PROXY_H_
