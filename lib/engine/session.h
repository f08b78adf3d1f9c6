#ifndef LIB_ENGINE_SESSION_H_
#define LIB_ENGINE_SESSION_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "lib/engine/row_set.h"
#include "lib/schema/schema.h"

// One connection to one database. One message carries one statement: stacked
// statements are refused by the protocol used. Implementations pin the settings
// that change the meaning of DDL when they connect, and read them back.
//
// Thread-compatible, except Cancel, which any thread may call.

namespace fleet {

// What a failed statement means for retrying; see ErrorClassOf.
enum class ErrorClass {
  kRetryable,      // lock timeout, deadlock, busy: nothing was done
  kEnvironmental,  // disk, privilege, version, too many connections
  kData,           // duplicate, NULL, foreign key, does not cast
  kPlan,           // syntax, object exists or is missing
  kUnknown,        // connection lost: the outcome is not known
};

class Session {
 public:
  virtual ~Session() = default;

  // Engine, flavour and version as the server says.
  virtual const SchemaInfo& info() const = 0;

  // Runs one statement, discarding rows. A server's refusal carries its code
  // (SQLSTATE, SQLite result name) at the start of the message:
  // "23505: duplicate key …", and a class for ErrorClassOf.
  virtual absl::Status Execute(absl::string_view sql) = 0;

  virtual absl::StatusOr<std::unique_ptr<RowSet>> Query(
      absl::string_view sql) = 0;

  // What to ask in the same snapshot after the first query's answer.
  using FollowUp = std::function<std::vector<std::string>(const RowSet& first)>;

  // Each element is one statement; sent in one round trip where the protocol
  // can, and those of `follow_up` (may be null) in a second one, without
  // waiting for more than the first answer. Results in order; the first failure
  // fails all. Without a transaction of the caller's, all run in one read-only
  // snapshot. REQUIRES: `queries` is not empty.
  virtual absl::StatusOr<std::vector<std::unique_ptr<RowSet>>> QuerySnapshot(
      absl::Span<const std::string> queries, const FollowUp& follow_up) = 0;
  absl::StatusOr<std::vector<std::unique_ptr<RowSet>>> QuerySnapshot(
      absl::Span<const std::string> queries) {
    return QuerySnapshot(queries, nullptr);
  }

  // Statements without results, in one round trip where the protocol can;
  // stops at the first that fails. `failed` (may be null) is its index.
  virtual absl::Status ExecuteAll(absl::Span<const std::string> statements,
                                  int* failed) = 0;

  // Runs a file of many statements, split by the engine's own rules; psql's
  // backslash commands, COPY data and what concerns only owners and grants are
  // passed over. InvalidArgument "file:line:column: code: message".
  virtual absl::Status RunScript(absl::string_view sql,
                                 absl::string_view file_name) = 0;

  virtual absl::Status Begin() = 0;
  virtual absl::Status Commit() = 0;
  virtual absl::Status Rollback() = 0;

  // The lock that lets one fleetctl session write to the database at a time;
  // held by this very connection until it closes or ReleaseFence. Aborted when
  // another session holds it after `wait`.
  virtual absl::Status TakeFence(absl::Duration wait) = 0;
  virtual void ReleaseFence() = 0;

  // For the statements that follow; 0: none.
  virtual absl::Status SetTimeouts(int64_t lock_timeout_ms,
                                   int64_t statement_timeout_ms) = 0;

  // Stops the running statement, best effort. Thread-safe.
  virtual void Cancel() = 0;

  // The connection is gone; open another.
  virtual bool IsBroken() const = 0;
};

// Class of a status returned by a Session; kPlan for statuses without one.
ErrorClass ErrorClassOf(const absl::Status& status);

// For Session implementations: `code` and `message` as the server gave them.
absl::Status ServerError(absl::StatusCode status_code, ErrorClass error_class,
                         absl::string_view code, absl::string_view message);

}  // namespace fleet

#endif  // LIB_ENGINE_SESSION_H_
