#include "agent/start_gate.h"

#include <thread>

#include "tests/testing/fake_clock.h"
#include "tests/testing/matchers.h"

namespace fleet {
namespace {

using Answer = StartGate::Answer;

const OrderKey kOrder = {"r-1", "t", 1};

v1::StartGrant GrantOf(const OrderKey& key, const std::string& nonce) {
  v1::StartGrant grant;
  grant.set_rollout(key.rollout);
  grant.set_target(key.target);
  grant.set_attempt(key.attempt);
  grant.set_nonce(nonce);
  return grant;
}

class StartGateTest : public ::testing::Test {
 protected:
  testing::FakeClock clock_;
  StartGate gate_{clock_};
};

TEST_F(StartGateTest, GrantOfAQuestionCountsOnce) {
  gate_.Ask(kOrder, "n");
  EXPECT_EQ(gate_.Grant(GrantOf(kOrder, "n")), Answer::kTaken);
  EXPECT_TRUE(gate_.Take(kOrder, 0).has_value());
  EXPECT_FALSE(gate_.Take(kOrder, 0).has_value());
  EXPECT_EQ(gate_.Grant(GrantOf(kOrder, "n")), Answer::kUnasked);
}

TEST_F(StartGateTest, NoncesDiffer) {
  EXPECT_NE(StartGate::NewNonce(), StartGate::NewNonce());
  EXPECT_EQ(StartGate::NewNonce().size(), 32u);
}

TEST_F(StartGateTest, RefusesForeignNonceOrderAndAttempt) {
  gate_.Ask(kOrder, "n");
  EXPECT_EQ(gate_.Grant(GrantOf(kOrder, "other")), Answer::kUnasked);
  EXPECT_EQ(gate_.Grant(GrantOf({"r-2", "t", 1}, "n")), Answer::kUnasked);
  EXPECT_EQ(gate_.Grant(GrantOf({"r-1", "t", 2}, "n")), Answer::kUnasked);
  EXPECT_FALSE(gate_.Take(kOrder, 0).has_value());
}

TEST_F(StartGateTest, LateGrantNeverCounts) {
  gate_.Ask(kOrder, "n");
  clock_.Advance(StartGate::kStartTtlMs + 1);
  EXPECT_EQ(gate_.Grant(GrantOf(kOrder, "n")), Answer::kLate);
  EXPECT_FALSE(gate_.Take(kOrder, 0).has_value());
}

TEST_F(StartGateTest, GrantThatWaitedForAPlaceDoesNotCount) {
  gate_.Ask(kOrder, "n");
  clock_.Advance(StartGate::kStartTtlMs);
  EXPECT_EQ(gate_.Grant(GrantOf(kOrder, "n")), Answer::kTaken);
  clock_.Advance(1);
  EXPECT_FALSE(gate_.Take(kOrder, 0).has_value());
  // Nothing is on its way any more, so a new question starts a new time.
  gate_.Ask(kOrder, "n");
  EXPECT_EQ(gate_.Grant(GrantOf(kOrder, "n")), Answer::kTaken);
  EXPECT_TRUE(gate_.Take(kOrder, 0).has_value());
}

// Two questions before a long stop, two grants after it: the second grant must
// not pass for an answer to the question that follows the stop.
TEST_F(StartGateTest, RepeatedQuestionDoesNotMakeAnOldGrantFresh) {
  gate_.Ask(kOrder, "n");
  gate_.Ask(kOrder, "n");
  clock_.Advance(3'600'000);
  EXPECT_EQ(gate_.Grant(GrantOf(kOrder, "n")), Answer::kLate);
  gate_.Ask(kOrder, "n");
  EXPECT_EQ(gate_.Grant(GrantOf(kOrder, "n")), Answer::kLate);
  // On a new stream they are gone.
  gate_.OnNewStream();
  gate_.Ask(kOrder, "n");
  EXPECT_EQ(gate_.Grant(GrantOf(kOrder, "n")), Answer::kTaken);
}

TEST_F(StartGateTest, AnotherOrderForgetsTheFirst) {
  gate_.Ask(kOrder, "n");
  ASSERT_EQ(gate_.Grant(GrantOf(kOrder, "n")), Answer::kTaken);
  gate_.Ask({"r-2", "t", 1}, "m");
  EXPECT_FALSE(gate_.Take(kOrder, 0).has_value());
}

TEST_F(StartGateTest, CloseEndsAWait) {
  gate_.Ask(kOrder, "n");
  std::thread waiter(
      [&] { EXPECT_FALSE(gate_.Take(kOrder, 60'000).has_value()); });
  gate_.Close();
  waiter.join();
}

}  // namespace
}  // namespace fleet
