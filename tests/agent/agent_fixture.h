#ifndef TESTS_AGENT_AGENT_FIXTURE_H_
#define TESTS_AGENT_AGENT_FIXTURE_H_

#include <filesystem>
#include <memory>
#include <string>

#include "agent/agent.h"
#include "lib/base/clock.h"
#include "tests/agent/temp_folder.h"
#include "tests/testing/fake_coordinator.h"
#include "tests/testing/matchers.h"

// A whole agent with one target, over a real stream and a real database; only
// the coordinator is a double.

namespace fleet {

class AgentFixture : public ::testing::Test {
 protected:
  // The one target "t", which is at `url`.
  void Configure(const std::string& url, v1::Engine engine) {
    config_.name = "agent-1";
    config_.region = "eu";
    config_.coordinator_address = coordinator_.address();
    config_.state_dir = folder_.Path("state");
    config_.max_parallel = 2;
    config_.fingerprint_every_ms = 60'000;
    TargetConfig target;
    target.name = "t";
    target.url = url;
    target.engine = engine;
    config_.targets.push_back(target);
  }

  void TearDown() override { StopAgent(); }

  void StartAgent() {
    auto agent = Agent::Open(config_, SystemClock());
    ASSERT_OK(agent);
    agent_ = *std::move(agent);
    const size_t from = coordinator_.size();
    agent_->Start();
    ASSERT_TRUE(
        coordinator_.Await([](auto& m) { return m.has_fingerprint(); }, from));
  }

  void StopAgent() {
    if (agent_ != nullptr) {
      EXPECT_TRUE(agent_->Stop());
    }
    agent_.reset();
  }

  template <typename Message>
  void SetKey(Message* message, int attempt) {
    message->set_rollout("r-1");
    message->set_target("t");
    message->set_attempt(attempt);
  }

  void SendPrepare(int attempt = 1, uint64_t epoch = 1,
                   const std::string& granted_nonce = "") {
    v1::CoordinatorMessage message;
    message.mutable_prepare()->set_granted_nonce(granted_nonce);
    SetKey(message.mutable_prepare(), attempt);
    message.mutable_prepare()->set_epoch(epoch);
    *message.mutable_prepare()->mutable_plan() = plan_;
    ASSERT_TRUE(coordinator_.Send(message));
  }
  void SendGo(int attempt = 1, uint64_t epoch = 1) {
    v1::CoordinatorMessage message;
    SetKey(message.mutable_go(), attempt);
    message.mutable_go()->set_epoch(epoch);
    ASSERT_TRUE(coordinator_.Send(message));
  }

  v1::Result AwaitResult(size_t from = 0) {
    const auto message =
        coordinator_.Await([](auto& m) { return m.has_result(); }, from);
    EXPECT_TRUE(message.has_value());
    return message.value_or(v1::AgentMessage()).result();
  }
  v1::Refused AwaitRefusal(size_t from = 0) {
    const auto message =
        coordinator_.Await([](auto& m) { return m.has_refused(); }, from);
    EXPECT_TRUE(message.has_value());
    return message.value_or(v1::AgentMessage()).refused();
  }
  bool AwaitReady(size_t from = 0) {
    return coordinator_.Await([](auto& m) { return m.has_ready(); }, from)
        .has_value();
  }

  // The order was granted to "granted" and then the agent's disk was lost: what
  // the coordinator says to the agent that comes back.
  v1::Result ResultOfForgottenOrder() {
    StopAgent();
    std::filesystem::remove_all(config_.state_dir);
    const size_t seen = coordinator_.size();
    StartAgent();
    SendPrepare(1, 1, "granted");
    EXPECT_TRUE(AwaitReady(seen));
    SendGo();
    const auto ask =
        coordinator_.Await([](auto& m) { return m.has_start_ask(); }, seen);
    EXPECT_TRUE(ask.has_value());
    if (ask.has_value()) {
      EXPECT_EQ(ask->start_ask().nonce(), "granted");
    }
    return AwaitResult(seen);
  }

  // What a crash leaves: the first group was about to be given to the driver.
  void WriteInterruptedJournal() {
    StateDir::Lock(config_.state_dir).IgnoreError();
    ASSERT_OK_AND_ASSIGN(
        const std::unique_ptr<Journal> journal,
        Journal::Open(config_.state_dir + "/journal", SystemClock()));
    v1::Prepare prepare;
    SetKey(&prepare, 1);
    prepare.set_epoch(1);
    *prepare.mutable_plan() = plan_;
    ASSERT_OK(journal->AppendPrepared(prepare, "nonce"));
    v1::JournalEntry intent = EntryOf(KeyOf(prepare), v1::JournalEntry::INTENT);
    intent.set_fingerprint(plan_.from_fingerprint());
    ASSERT_OK(journal->Append(
        {EntryOf(KeyOf(prepare), v1::JournalEntry::STARTED), intent}));
  }

  const TempFolder folder_;
  v1::Plan plan_;
  testing::FakeCoordinator coordinator_;
  AgentConfig config_;
  std::unique_ptr<Agent> agent_;
};

}  // namespace fleet

#endif  // TESTS_AGENT_AGENT_FIXTURE_H_
