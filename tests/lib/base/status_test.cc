#include "lib/base/status.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "tests/testing/matchers.h"

namespace fleet {
namespace {

using ::fleet::testing::IsOk;
using ::fleet::testing::IsOkAndHolds;
using ::fleet::testing::StatusIs;
using ::testing::Eq;

TEST(AnnotateTest, GrowsToTheLeftAndKeepsTheCode) {
  const absl::Status status = absl::NotFoundError("no table x");
  EXPECT_THAT(Annotate(status, "planning prod-eu"),
              StatusIs(absl::StatusCode::kNotFound,
                       Eq("planning prod-eu: no table x")));
}

TEST(AnnotateTest, OkStaysOk) {
  EXPECT_THAT(Annotate(absl::OkStatus(), "planning"), IsOk());
}

TEST(AnnotateTest, KeepsPayloads) {
  absl::Status status = absl::AbortedError("lost a race");
  status.SetPayload("type.fleet/x", absl::Cord("payload"));
  EXPECT_EQ(Annotate(status, "sending").GetPayload("type.fleet/x"),
            absl::Cord("payload"));
}

absl::Status FailWhen(bool fail, int* steps) {
  ++*steps;
  RETURN_IF_ERROR(fail ? absl::DataLossError("torn") : absl::OkStatus());
  ++*steps;
  return absl::OkStatus();
}

TEST(ReturnIfErrorTest, StopsAtTheFirstErrorOnly) {
  int steps = 0;
  EXPECT_THAT(FailWhen(true, &steps),
              StatusIs(absl::StatusCode::kDataLoss, Eq("torn")));
  EXPECT_EQ(steps, 1);
  steps = 0;
  EXPECT_THAT(FailWhen(false, &steps), IsOk());
  EXPECT_EQ(steps, 2);
}

absl::StatusOr<std::unique_ptr<int>> Make(int value) {
  if (value < 0) return absl::InvalidArgumentError("negative");
  return std::make_unique<int>(value);
}

absl::StatusOr<int> Sum(int a, int b) {
  ASSIGN_OR_RETURN(const std::unique_ptr<int> first, Make(a));
  std::unique_ptr<int> second;
  ASSIGN_OR_RETURN(second, Make(b));
  return *first + *second;
}

TEST(AssignOrReturnTest, MovesValuesAndPassesErrorsOn) {
  EXPECT_THAT(Sum(1, 2), IsOkAndHolds(3));
  EXPECT_THAT(Sum(-1, 2),
              StatusIs(absl::StatusCode::kInvalidArgument, Eq("negative")));
  EXPECT_THAT(Sum(1, -2),
              StatusIs(absl::StatusCode::kInvalidArgument, Eq("negative")));
}

TEST(CheckDeathTest, AbortsWithTheCondition) {
  const int have = 1;
  EXPECT_DEATH(CHECK(have == 2), "check failed: have == 2");
  CHECK(have == 1);
}

}  // namespace
}  // namespace fleet
