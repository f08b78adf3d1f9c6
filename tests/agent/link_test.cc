#include "agent/link.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/testing/fake_coordinator.h"
#include "tests/testing/matchers.h"

namespace fleet {
namespace {

using ::fleet::testing::FakeCoordinator;

bool IsHello(const v1::AgentMessage& message) { return message.has_hello(); }
bool IsHeartbeat(const v1::AgentMessage& message) {
  return message.has_heartbeat();
}

class Handler : public LinkHandler {
 public:
  v1::Hello MakeHello() override {
    v1::Hello hello;
    hello.set_agent("a");
    return hello;
  }
  void OnMessage(const v1::CoordinatorMessage& message) override {
    absl::MutexLock lock(&mutex_);
    if (message.has_welcome()) ++welcomes_;
    if (message.has_go()) goes_.push_back(message.go().rollout());
  }
  bool AwaitWelcomes(int count) {
    absl::MutexLock lock(&mutex_);
    const auto enough = [&] { return welcomes_ >= count; };
    return mutex_.AwaitWithTimeout(absl::Condition(&enough), absl::Seconds(20));
  }
  std::vector<std::string> AwaitGoes(size_t count) {
    absl::MutexLock lock(&mutex_);
    const auto enough = [&] { return goes_.size() >= count; };
    mutex_.AwaitWithTimeout(absl::Condition(&enough), absl::Seconds(20));
    return goes_;
  }

 private:
  absl::Mutex mutex_;
  int welcomes_ = 0;
  std::vector<std::string> goes_;
};

LinkOptions OptionsFor(const std::string& address) {
  LinkOptions options;
  options.address = address;
  options.backoff_base_ms = 20;
  options.backoff_max_ms = 200;
  return options;
}

v1::AgentMessage Heartbeat(int64_t time_ms) {
  v1::AgentMessage message;
  message.mutable_heartbeat()->set_time_ms(time_ms);
  return message;
}

class LinkTest : public ::testing::Test {
 protected:
  Handler handler_;
  Timer timer_{SystemClock()};
};

TEST_F(LinkTest, GreetsThenKeepsTheOrderOfMessages) {
  FakeCoordinator coordinator;
  Link link(OptionsFor(coordinator.address()), timer_, handler_);
  EXPECT_FALSE(link.Send(Heartbeat(0))) << "no stream yet";
  link.Start();
  ASSERT_TRUE(handler_.AwaitWelcomes(1));
  for (int i = 1; i <= 500; ++i) ASSERT_TRUE(link.Send(Heartbeat(i)));
  ASSERT_TRUE(coordinator.Await([](const v1::AgentMessage& m) {
    return m.heartbeat().time_ms() == 500;
  }));
  EXPECT_EQ(coordinator.Count(IsHello), 1u);
  EXPECT_EQ(coordinator.Count(IsHeartbeat), 500u);

  v1::CoordinatorMessage go;
  for (const char* rollout : {"r-1", "r-2", "r-3"}) {
    go.mutable_go()->set_rollout(rollout);
    ASSERT_TRUE(coordinator.Send(go));
  }
  EXPECT_THAT(handler_.AwaitGoes(3),
              ::testing::ElementsAre("r-1", "r-2", "r-3"));
}

TEST_F(LinkTest, DialsAgainAfterADroppedStream) {
  FakeCoordinator coordinator;
  Link link(OptionsFor(coordinator.address()), timer_, handler_);
  link.Start();
  for (int i = 1; i <= 3; ++i) {
    ASSERT_TRUE(handler_.AwaitWelcomes(i));
    coordinator.DropStreams();
  }
  ASSERT_TRUE(handler_.AwaitWelcomes(4));
  EXPECT_EQ(coordinator.Count(IsHello), 4u);
}

TEST_F(LinkTest, WaitsForACoordinatorThatStartsLater) {
  int port = 0;
  { port = FakeCoordinator().port(); }
  Link link(OptionsFor(absl::StrCat("127.0.0.1:", port)), timer_, handler_);
  link.Start();
  absl::SleepFor(absl::Milliseconds(300));
  FakeCoordinator coordinator({}, port);
  EXPECT_TRUE(handler_.AwaitWelcomes(1));
}

TEST_F(LinkTest, StopsWhileConnectedAndWhileDialing) {
  FakeCoordinator coordinator;
  Link connected(OptionsFor(coordinator.address()), timer_, handler_);
  connected.Start();
  ASSERT_TRUE(handler_.AwaitWelcomes(1));
  connected.Stop();
  EXPECT_FALSE(connected.Send(Heartbeat(1)));

  Link dialing(OptionsFor("127.0.0.1:1"), timer_, handler_);
  dialing.Start();
  dialing.Stop();
}

}  // namespace
}  // namespace fleet
