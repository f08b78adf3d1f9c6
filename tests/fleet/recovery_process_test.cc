// The coordinator's disk is lost: its history comes back from the agents, and
// an agent alone can take its target back meanwhile.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/testing/saas_fleet.h"

namespace fleet::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr char kVersion1[] = R"(
CREATE TABLE tenants (id bigint PRIMARY KEY, slug varchar(40) NOT NULL);
)";
constexpr char kVersion2[] = R"(
ALTER TABLE tenants ADD COLUMN note text;
CREATE INDEX tenants_slug ON tenants (slug);
)";
constexpr char kPolicy[] =
    "version: 1\nwaves: [{name: all, max_parallel: 4, bake: 0s}]\n";
constexpr char kColumns[] =
    "SELECT count(*) FROM information_schema.columns WHERE table_name = "
    "'tenants'";

class Recovery : public ::testing::Test {
 protected:
  Recovery() {
    saas_.Sql("prod-eu", kVersion1);
    saas_.fleet().Start();
    policy_ = saas_.Policy(kPolicy);
    Sync();
    saas_.Sql("prod-eu", kVersion2);
    Sync();
    // Keepers of the fleet's records hear of them once a second.
    absl::SleepFor(absl::Seconds(3));
  }

  void Sync() {
    ExpectExit(
        saas_.fleet().Run({"sync", "--source", "prod-eu", "--targets",
                           "tag:saas", "--policy", policy_, "--auto-approve"}),
        0);
  }
  void ExpectExit(const ProcessResult& result, int code) {
    EXPECT_EQ(result.exit_code, code)
        << result.out << result.err << saas_.fleet().Logs();
  }
  void LoseCoordinator() {
    saas_.fleet().KillCoordinator();
    saas_.fleet().LoseCoordinatorDisk();
  }
  ProcessResult Rollback(const std::string& selector, const std::string& to) {
    return saas_.fleet().Run({"rollback", "--targets", selector, "--to", to,
                              "--policy", policy_, "--allow-hazards", "all",
                              "--auto-approve", "--allow-drop-tables"});
  }

  SaasFleet saas_;
  std::string policy_;
};

TEST_F(Recovery, TheHistoryComesBackFromTheAgents) {
  const ProcessResult before =
      saas_.fleet().Run({"history", "saas-eu-01", "-o", "json"});
  ExpectExit(before, 0);
  LoseCoordinator();
  saas_.fleet().StartCoordinator();
  ASSERT_TRUE(saas_.fleet().WaitForTargets(13, absl::Seconds(60)));

  const ProcessResult refused = Rollback("tag:saas", "2");
  EXPECT_NE(refused.exit_code, 0);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("no rollout may start"),
                                 HasSubstr("fleetctl recover --from-agents")));

  ExpectExit(saas_.fleet().Run({"recover", "--from-agents", "--dry-run"}), 0);
  const ProcessResult recovered =
      saas_.fleet().Run({"recover", "--from-agents"});
  ExpectExit(recovered, 0);
  EXPECT_THAT(recovered.out, HasSubstr("target/saas-eu-01"));
  ASSERT_TRUE(saas_.fleet().WaitForTargets(13, absl::Seconds(60)));
  const ProcessResult after =
      saas_.fleet().Run({"history", "saas-eu-01", "-o", "json"});
  ExpectExit(after, 0);
  EXPECT_THAT(after.out, AllOf(HasSubstr("\"rollout\": \"r-1\""),
                               HasSubstr("\"rollout\": \"r-2\"")));

  // Version 1 is the empty database that was there at first, 2 the first sync.
  ExpectExit(Rollback("tag:saas", "2"), 0);
  for (const std::string& target : saas_.targets()) {
    EXPECT_EQ(saas_.Value(target, kColumns), "2") << target;
  }
  ExpectExit(Rollback("tag:saas", "1"), 0);
  for (const std::string& target : saas_.targets()) {
    EXPECT_EQ(saas_.Value(target, kColumns), "0") << target;
  }
}

TEST_F(Recovery, AnAgentAloneTakesItsTargetBack) {
  const std::vector<std::string> rollback = {
      "rollback", "--break-glass",   "--target",    "saas-eu-01", "--to",
      "2",        "--allow-hazards", "DELETES_DATA"};
  const ProcessResult busy = saas_.fleet().RunAgent("eu", rollback);
  EXPECT_EQ(busy.exit_code, 1);
  EXPECT_THAT(busy.err, HasSubstr("in use by another fleet-agent"));

  LoseCoordinator();
  saas_.fleet().KillAgent("eu");
  ExpectExit(saas_.fleet().RunAgent(
                 "eu", {"rollback", "--target", "saas-eu-01", "--to", "2"}),
             1);
  EXPECT_EQ(saas_.Value("saas-eu-01", kColumns), "3") << "not without the flag";
  const ProcessResult done = saas_.fleet().RunAgent("eu", rollback);
  ExpectExit(done, 0);
  EXPECT_THAT(done.out, HasSubstr("DROP COLUMN"));
  EXPECT_EQ(saas_.Value("saas-eu-01", kColumns), "2");
  EXPECT_EQ(saas_.Value("saas-eu-02", kColumns), "3");
  ExpectExit(saas_.fleet().RunAgent("eu", rollback), 0);  // there already

  saas_.fleet().StartCoordinator();
  saas_.fleet().StartAgent("eu");
  ASSERT_TRUE(saas_.fleet().WaitForTargets(13, absl::Seconds(60)));
  ExpectExit(saas_.fleet().Run({"recover", "--from-agents"}), 0);
  ASSERT_TRUE(saas_.fleet().WaitForTargets(13, absl::Seconds(60)));
  const ProcessResult drift =
      saas_.fleet().Run({"drift", "--targets", "tag:saas", "--refresh"});
  EXPECT_THAT(drift.out, HasSubstr("saas-eu-01")) << saas_.fleet().Logs();
}

}  // namespace
}  // namespace fleet::testing
