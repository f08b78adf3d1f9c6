#ifndef TESTS_TESTING_SAAS_FLEET_H_
#define TESTS_TESTING_SAAS_FLEET_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "tests/testing/mini_fleet.h"

// The fleet that process tests run on: a source and twelve targets in three
// regions, each a PostgreSQL database of its own on one private server. Every
// target keeps an independent ledger of the DDL that was committed in it,
// written by an event trigger, so that "applied once" is checked against the
// database's own word and not against ours.

namespace fleet::testing {

class SaasFleet {
 public:
  SaasFleet();

  MiniFleet& fleet() { return *fleet_; }
  const std::vector<std::string>& targets() const { return targets_; }

  // Runs SQL on one database; the test fails if the server refuses.
  void Sql(const std::string& database, const std::string& sql);
  // One value.
  std::string Value(const std::string& database, const std::string& sql);

  // Targets whose schema is not the source's, by `fleetctl diff`.
  std::vector<std::string> Different();
  // Committed DDL commands since the last ClearLedgers, by command tag and
  // object, one a line, sorted.
  std::string Ledger(const std::string& target);
  void ClearLedgers();

  // From now on every DDL command on a target takes so much longer, inside its
  // transaction.
  void SlowDown(absl::Duration by);
  // A transaction that has changed something is open on a target of `region`,
  // as the server says.
  bool IsInTransaction(const std::string& region);

  // Writes a policy file and returns its path.
  std::string Policy(const std::string& yaml);

 private:
  const std::string& Url(const std::string& database) const;

  std::vector<std::string> targets_;
  std::unique_ptr<MiniFleet> fleet_;
  std::map<std::string, std::string> urls_;            // by database
  std::map<std::string, std::string> database_names_;  // on the server
  int policies_ = 0;
};

}  // namespace fleet::testing

#endif  // TESTS_TESTING_SAAS_FLEET_H_
