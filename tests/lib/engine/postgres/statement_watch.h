#ifndef TESTS_LIB_ENGINE_POSTGRES_STATEMENT_WATCH_H_
#define TESTS_LIB_ENGINE_POSTGRES_STATEMENT_WATCH_H_

#include <libpq-fe.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/plan.pb.h"

// Runs the statements of a plan one by one on a real server and sees what each
// does to the relations that were there before the plan: the locks that
// pg_locks shows, the files that are new, and what the server says at DEBUG1
// that it reads.

namespace fleet::testing {

struct Seen {
  std::string lock;  // the strongest, "SHARE"; "": none that blocks anybody
  bool rewrites = false;
  bool scans = false;
};

class StatementWatch {
 public:
  // Three connections to the database of `url`.
  static absl::StatusOr<std::unique_ptr<StatementWatch>> Open(
      const std::string& url);
  ~StatementWatch();

  // Notes the relations that are there now.
  absl::Status Begin(const std::vector<std::string>& prologue);
  // In a transaction of its own, which commits; or alone, where another
  // session makes it wait until its locks are seen.
  absl::StatusOr<Seen> Run(const v1::Statement& statement);

 private:
  struct Relation {
    std::string name;
    char kind;
    std::string file;
  };
  using Relations = std::map<std::string, Relation>;  // by OID
  using Rows = std::vector<std::vector<std::string>>;

  StatementWatch() = default;
  static void OnNotice(void* self, const char* message);
  static absl::StatusOr<Rows> Ask(PGconn* connection, const std::string& sql);

  absl::StatusOr<Relations> ReadRelations(PGconn* connection) const;
  absl::StatusOr<std::string> LocksOf(PGconn* connection, int pid,
                                      const Relations& there) const;
  absl::StatusOr<std::string> RunAlone(const v1::Statement& statement,
                                       const Relations& there);
  absl::Status AwaitWaiting();
  void Judge(const std::string& message, Seen& seen) const;
  bool WasThere(const std::string& name) const;

  PGconn* runner_ = nullptr;
  PGconn* holder_ = nullptr;   // keeps concurrent builds waiting
  PGconn* watcher_ = nullptr;  // looks at them meanwhile
  Relations before_;           // the plan
  std::vector<std::string> messages_;
};

}  // namespace fleet::testing

#endif  // TESTS_LIB_ENGINE_POSTGRES_STATEMENT_WATCH_H_
