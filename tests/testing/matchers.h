#ifndef TESTS_TESTING_MATCHERS_H_
#define TESTS_TESTING_MATCHERS_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// ASSERT_OK(f());  EXPECT_THAT(f(), StatusIs(code, HasSubstr("…")));
// ASSERT_OK_AND_ASSIGN(Schema schema, Introspect(…));

namespace fleet::testing {

inline absl::Status ToStatus(const absl::Status& status) { return status; }
template <typename T>
absl::Status ToStatus(const absl::StatusOr<T>& result) {
  return result.status();
}

MATCHER(IsOk, "is OK") {
  const absl::Status status = ToStatus(arg);
  if (!status.ok()) *result_listener << status;
  return status.ok();
}

MATCHER_P2(StatusIs, code, message_matcher, "has the code and message") {
  const absl::Status status = ToStatus(arg);
  *result_listener << status;
  return status.code() == code &&
         ::testing::Matches(message_matcher)(std::string(status.message()));
}

MATCHER_P(IsOkAndHolds, value_matcher, "is OK and holds") {
  if (!arg.ok()) {
    *result_listener << arg.status();
    return false;
  }
  return ::testing::ExplainMatchResult(value_matcher, *arg, result_listener);
}

}  // namespace fleet::testing

#define ASSERT_OK(expr) ASSERT_THAT(expr, ::fleet::testing::IsOk())
#define EXPECT_OK(expr) EXPECT_THAT(expr, ::fleet::testing::IsOk())

#define FLEET_TEST_CONCAT_INNER(a, b) a##b
#define FLEET_TEST_CONCAT(a, b) FLEET_TEST_CONCAT_INNER(a, b)
#define ASSERT_OK_AND_ASSIGN(lhs, expr) \
  FLEET_ASSERT_OK_AND_ASSIGN(FLEET_TEST_CONCAT(result_, __LINE__), lhs, expr)
#define FLEET_ASSERT_OK_AND_ASSIGN(result, lhs, expr) \
  auto result = (expr);                               \
  ASSERT_OK(result);                                  \
  lhs = *std::move(result)

#endif  // TESTS_TESTING_MATCHERS_H_
