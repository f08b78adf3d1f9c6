// A rollout is steered while it runs, by real processes: a target is left out,
// a setting changed, the rest promoted; who did it is shown, kept and exported.

#include <gmock/gmock.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "lib/base/status.h"
#include "lib/engine/open_session.h"
#include "proto/history.pb.h"
#include "tests/testing/matchers.h"
#include "tests/testing/mini_fleet.h"

namespace fleet::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class SteeringTest : public ::testing::Test {
 protected:
  SteeringTest() : fleet_("") {
    Add("source", "none", true);
    for (const char* name : {"saas-1", "saas-2", "saas-3"}) {
      Add(name, "saas", false);
    }
    Sql("source", "ALTER TABLE t ADD COLUMN note text;");
    policy_ = fleet_.folder() + "/policy.yaml";
    WriteWholeFile(policy_,
                   "version: 1\nwaves:\n"
                   "  - {name: canary, canary: 1, bake: 0s}\n"
                   "  - {name: rest, promote: manual, bake: 1h}\n");
    fleet_.Start();
  }

  void Add(const std::string& name, const std::string& tag, bool read_only) {
    const std::string url =
        absl::StrCat("sqlite:", fleet_.folder(), "/", name, ".db");
    fleet_.AddTarget({name, url, "eu", tag, read_only});
    Sql(name, "CREATE TABLE t (id integer PRIMARY KEY);");
  }

  void Sql(const std::string& name, const std::string& sql) {
    SessionOptions options;
    options.create = true;
    auto session = OpenSession(
        absl::StrCat("sqlite:", fleet_.folder(), "/", name, ".db"), options);
    ASSERT_OK(session);
    ASSERT_OK((*session)->RunScript(sql, "test.sql"));
  }

  std::string Steer(std::vector<std::string> arguments, int exit_code = 0) {
    arguments.insert(arguments.begin(), "rollout");
    const ProcessResult result = fleet_.Run(std::move(arguments));
    EXPECT_EQ(result.exit_code, exit_code) << result.out << result.err;
    return result.out + result.err;
  }

  void WaitUntilItWaitsForPromotion() {
    for (int i = 0; i < 200; ++i) {
      if (absl::StrContains(Steer({"status", "r-1"}), "promotion")) return;
      absl::SleepFor(absl::Milliseconds(50));
    }
    FAIL() << Steer({"status", "r-1"});
  }

  MiniFleet fleet_;
  std::string policy_;
};

TEST_F(SteeringTest, WithoutOneTargetAndAllAtOnce) {
  const ProcessResult started =
      fleet_.Run({"sync", "--source", "source", "--targets", "tag:saas",
                  "--policy", policy_, "--auto-approve", "--detach"});
  ASSERT_EQ(started.exit_code, 0) << started.out << started.err;
  WaitUntilItWaitsForPromotion();

  EXPECT_THAT(Steer({"skip", "r-1", "--target", "saas-1"}, 1),
              HasSubstr("target saas-1 is done"));
  EXPECT_THAT(Steer({"resolve", "r-1", "--target", "saas-2"}, 1),
              HasSubstr("when nothing of it runs"));
  EXPECT_THAT(Steer({"set", "r-1", "paralel=2"}, 64),
              HasSubstr("is not a setting"));
  Steer({"skip", "r-1", "--target", "saas-3", "-m", "moves next week"});
  Steer({"set", "r-1", "parallel=2", "lock-timeout=1500ms"});
  Steer({"promote", "r-1", "--full", "-m", "no time to bake"});
  EXPECT_THAT(Steer({"status", "r-1", "--watch"}), HasSubstr("succeeded"));

  const std::string status = Steer({"status", "r-1"});
  EXPECT_THAT(status, AllOf(HasSubstr("skip saas-3 by "),
                            HasSubstr("\"moves next week\""),
                            HasSubstr("set parallel=2 lock-timeout=1.5s by "),
                            HasSubstr("promote full by ")));
  const ProcessResult left =
      fleet_.Run({"diff", fleet_.targets()[3].url, fleet_.targets()[0].url,
                  "--detailed-exitcode"});
  EXPECT_EQ(left.exit_code, 2) << "saas-3 was changed though it was skipped";
}

TEST_F(SteeringTest, TheHistoryIsVerifiedAndExported) {
  ASSERT_EQ(fleet_
                .Run({"sync", "--source", "source", "--targets", "name:saas-1",
                      "--auto-approve"})
                .exit_code,
            0);
  const ProcessResult verified = fleet_.Run({"history", "verify"});
  EXPECT_EQ(verified.exit_code, 0) << verified.err;
  EXPECT_THAT(verified.out, AllOf(HasSubstr("target/saas-1"),
                                  HasSubstr("every chain is whole: ")));

  const ProcessResult all = fleet_.Run({"history", "export"});
  EXPECT_EQ(all.exit_code, 0) << all.err;
  int statements = 0;
  std::string previous;
  for (const absl::string_view line :
       absl::StrSplit(all.out, '\n', absl::SkipEmpty())) {
    v1::Record record;
    ASSERT_TRUE(
        google::protobuf::util::JsonStringToMessage(std::string(line), &record)
            .ok())
        << line;
    EXPECT_EQ(record.previous_hash(), record.sequence() > 1 ? previous : "");
    previous = record.hash();
    statements += record.has_statement();
  }
  EXPECT_EQ(statements, 1);
  const ProcessResult one =
      fleet_.Run({"history", "export", "--target", "saas-2"});
  EXPECT_THAT(one.out, AllOf(HasSubstr("target/saas-2"),
                             Not(HasSubstr("target/saas-1"))));
  const ProcessResult none = fleet_.Run(
      {"history", "export", "--target", "saas-2", "--target", "nobody"});
  EXPECT_EQ(none.exit_code, 1);
  EXPECT_EQ(none.out, "") << "a part looks like all";
  EXPECT_THAT(none.err, HasSubstr("no history of target \"nobody\""));
  const ProcessResult full = RunProcess(
      {"/bin/sh", "-c",
       absl::StrCat(Program("fleetctl"), " --coordinator ", fleet_.address(),
                    " history export > /dev/full")},
      {}, absl::Seconds(30));
  EXPECT_EQ(full.exit_code, 1);
  EXPECT_THAT(full.err, HasSubstr("cannot write the export"));
}

}  // namespace
}  // namespace fleet::testing
