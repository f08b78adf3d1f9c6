#include "agent/start_gate.h"

#include <thread>

#include "tests/testing/fake_clock.h"
#include "tests/testing/matchers.h"

namespace fleet {
namespace {

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
  const std::string nonce = gate_.Ask(kOrder);
  EXPECT_TRUE(gate_.Grant(GrantOf(kOrder, nonce)));
  EXPECT_TRUE(gate_.Take(kOrder, 0).has_value());
  EXPECT_FALSE(gate_.Take(kOrder, 0).has_value());
  EXPECT_FALSE(gate_.Grant(GrantOf(kOrder, nonce))) << "repeated message";
}

TEST_F(StartGateTest, EachQuestionHasANewNonce) {
  const std::string first = gate_.Ask(kOrder);
  const std::string second = gate_.Ask(kOrder);
  EXPECT_NE(first, second);
  EXPECT_TRUE(gate_.Grant(GrantOf(kOrder, first))) << "slow, but in time";
}

TEST_F(StartGateTest, RefusesForeignNonceOrderAndAttempt) {
  const std::string nonce = gate_.Ask(kOrder);
  EXPECT_FALSE(gate_.Grant(GrantOf(kOrder, "other")));
  EXPECT_FALSE(gate_.Grant(GrantOf({"r-2", "t", 1}, nonce)));
  EXPECT_FALSE(gate_.Grant(GrantOf({"r-1", "t", 2}, nonce)));
  EXPECT_FALSE(gate_.Take(kOrder, 0).has_value());
}

TEST_F(StartGateTest, LateGrantNeverCounts) {
  const std::string nonce = gate_.Ask(kOrder);
  clock_.Advance(StartGate::kStartTtlMs);
  EXPECT_TRUE(gate_.Grant(GrantOf(kOrder, nonce)));
  clock_.Advance(1);
  EXPECT_FALSE(gate_.Take(kOrder, 0).has_value()) << "waited for a place";
  EXPECT_FALSE(gate_.Grant(GrantOf(kOrder, nonce)));
}

TEST_F(StartGateTest, AnotherOrderForgetsTheFirst) {
  const std::string nonce = gate_.Ask(kOrder);
  ASSERT_TRUE(gate_.Grant(GrantOf(kOrder, nonce)));
  gate_.Ask({"r-2", "t", 1});
  EXPECT_FALSE(gate_.Take(kOrder, 0).has_value());
}

TEST_F(StartGateTest, CloseEndsAWait) {
  gate_.Ask(kOrder);
  std::thread waiter(
      [&] { EXPECT_FALSE(gate_.Take(kOrder, 60'000).has_value()); });
  gate_.Close();
  waiter.join();
}

}  // namespace
}  // namespace fleet
