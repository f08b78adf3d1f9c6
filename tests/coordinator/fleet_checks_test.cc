#include "coordinator/fleet_checks.h"

#include "absl/strings/str_cat.h"
#include "tests/testing/matchers.h"

namespace fleet {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::StatusIs;

v1::TargetFinding Found(const std::string& target, const std::string& message,
                        bool warning = false) {
  v1::TargetFinding finding;
  finding.set_target(target);
  finding.mutable_finding()->set_message(message);
  finding.mutable_finding()->set_warning(warning);
  return finding;
}

TEST(BlockedByTest, WarningsStopNothing) {
  v1::FleetPlan plan;
  plan.set_id("p-1");
  EXPECT_OK(BlockedBy({}, plan));
  EXPECT_OK(BlockedBy({Found("a", "a table is big", /*warning=*/true)}, plan));
}

TEST(BlockedByTest, NamesEachTargetAndWhatItHasWrong) {
  v1::FleetPlan plan;
  plan.set_id("p-1");
  const absl::Status status =
      BlockedBy({Found("a", "column t.c has NULL"), Found("a", "key t.u"),
                 Found("b", "big", /*warning=*/true), Found("c", "ends\nhere")},
                plan);
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition,
                               AllOf(HasSubstr("stopped by policy: plan p-1"),
                                     HasSubstr("on 2 targets"),
                                     HasSubstr("\n  a: column t.c has NULL"),
                                     HasSubstr("c: ends\\nhere"),
                                     Not(HasSubstr("big")))));
}

TEST(BlockedByTest, ShowsTheFirstFew) {
  v1::FleetPlan plan;
  std::vector<v1::TargetFinding> findings;
  for (int i = 0; i < 100; ++i) {
    findings.push_back(Found(absl::StrCat("t", i), "wrong"));
  }
  const absl::Status status = BlockedBy(findings, plan);
  EXPECT_THAT(status.message(),
              AllOf(HasSubstr("100 targets"), HasSubstr("t0: wrong"),
                    Not(HasSubstr("t99: wrong"))));
  EXPECT_LT(status.message().size(), 500u);
}

}  // namespace
}  // namespace fleet
