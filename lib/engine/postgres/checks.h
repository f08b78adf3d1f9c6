#ifndef LIB_ENGINE_POSTGRES_CHECKS_H_
#define LIB_ENGINE_POSTGRES_CHECKS_H_

#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "lib/engine/sql.h"
#include "lib/schema/schema.h"
#include "proto/plan.pb.h"

// What a target's rows, roles and other sessions must be like for a plan to get
// to its end: queries on the schema as it is before. They say how many rows are
// wrong, never what is in them.

namespace fleet::postgres {

void AddChecks(const Schema& from, const Schema& to,
               std::vector<v1::Statement>& statements);

// Where the parts put their checks: each query is asked once a plan.
class CheckList {
 public:
  // `message` is one sentence that names the object and the remedy.
  void Add(const Sql& query, absl::string_view message,
           v1::Statement& statement);
  void Warn(const Sql& query, absl::string_view message,
            v1::Statement& statement);

 private:
  void Append(const Sql& query, absl::string_view message, bool warning,
              v1::Statement& statement);

  absl::flat_hash_set<std::string> seen_;
};

// data_checks.cc: what rows must be like for `object` as it is to be. `before`
// is the object as it is, or null.
void CheckRows(const Object* before, const Object& object, const Schema& from,
               const Schema& to, CheckList& checks, v1::Statement& statement);

// server_checks.cc: sizes, privileges, extensions, other sessions.
void CheckServer(const Schema& from, const Schema& to, CheckList& checks,
                 v1::Statement& statement);

}  // namespace fleet::postgres

#endif  // LIB_ENGINE_POSTGRES_CHECKS_H_
