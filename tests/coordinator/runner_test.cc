// The order of things in the rollout runner: durable first, then sent; and what
// happens when the disk says no.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "coordinator/rollout_runner.h"
#include "coordinator/waves.h"
#include "lib/base/status.h"
#include "tests/testing/fake_clock.h"
#include "tests/testing/matchers.h"

namespace fleet::testing {
namespace {

using ::testing::HasSubstr;

// A real log that can be told to fail, or to say that it failed when it did
// not: as the real one does, it tells of such records before the next batch.
class BrittleLog : public HistoryLog {
 public:
  explicit BrittleLog(std::unique_ptr<HistoryLog> log) : log_(std::move(log)) {}

  void Break(bool broken) { broken_ = broken; }
  void Lie(bool lying) { lying_ = lying; }

  absl::Status Append(Batch* batch) override {
    if (broken_) return absl::ResourceExhaustedError("no space left on device");
    RETURN_IF_ERROR(log_->Append(batch));
    if (lying_) return absl::ResourceExhaustedError("no space left on device");
    return absl::OkStatus();
  }
  absl::Status AppendReplicated(
      const std::vector<v1::Record>& records,
      const std::vector<v1::Content>& contents) override {
    return log_->AppendReplicated(records, contents);
  }
  absl::StatusOr<std::vector<v1::Record>> Read(absl::string_view stream,
                                               uint64_t sequence,
                                               size_t limit) const override {
    return log_->Read(stream, sequence, limit);
  }
  absl::StatusOr<std::string> Content(absl::string_view hash) const override {
    return log_->Content(hash);
  }
  bool HasContent(absl::string_view hash) const override {
    return log_->HasContent(hash);
  }
  absl::StatusOr<std::string> Alias(absl::string_view alias) const override {
    return log_->Alias(alias);
  }
  std::vector<v1::StreamHead> Heads() const override { return log_->Heads(); }
  uint64_t epoch() const override { return log_->epoch(); }
  absl::Status StartEpoch(uint64_t epoch, int64_t now_ms) override {
    return log_->StartEpoch(epoch, now_ms);
  }
  absl::Status Verify(uint64_t* records) const override {
    return log_->Verify(records);
  }
  void OnAppended(std::function<void(const Batch&)> listener) override {
    log_->OnAppended([this, listener](const Batch& batch) {
      unheard_.push_back(batch);
      if (lying_) return;
      for (const Batch& one : std::exchange(unheard_, {})) listener(one);
    });
  }
  uint64_t sync_count() const override { return log_->sync_count(); }

 private:
  const std::unique_ptr<HistoryLog> log_;
  std::atomic<bool> broken_{false};
  std::atomic<bool> lying_{false};
  std::vector<Batch> unheard_;
};

// Keeps what is sent, and how far the history was by then.
class Wire : public AgentStream {
 public:
  struct Sent {
    v1::CoordinatorMessage message;
    v1::TargetState recorded;  // state of saas-a in the history
  };

  explicit Wire(const HistoryView& view) : view_(view) {}

  const std::string& agent() const override { return agent_; }
  int64_t last_heard_ms() const override { return 1; }
  bool is_open() const override { return true; }
  void StartReading() override {}
  void Close(const absl::Status&) override {}
  bool Send(v1::CoordinatorMessage message) override {
    const absl::StatusOr<v1::Rollout> rollout = view_.Rollout("r-1");
    absl::MutexLock lock(&mutex_);
    sent_.push_back({std::move(message), rollout.ok()
                                             ? rollout->targets(0).state()
                                             : v1::TARGET_STATE_UNSPECIFIED});
    return true;
  }

  // Waits for the `number`th message of a kind; fails the test without it.
  Sent Await(v1::CoordinatorMessage::BodyCase kind, int number = 1) {
    const absl::Time deadline = absl::Now() + absl::Seconds(20);
    while (absl::Now() < deadline) {
      int seen = 0;
      {
        absl::MutexLock lock(&mutex_);
        for (const Sent& sent : sent_) {
          if (sent.message.body_case() == kind && ++seen == number) return sent;
        }
      }
      absl::SleepFor(absl::Milliseconds(2));
    }
    ADD_FAILURE() << "message " << kind << " was not sent";
    return Sent();
  }
  int Count(v1::CoordinatorMessage::BodyCase kind) {
    absl::MutexLock lock(&mutex_);
    int count = 0;
    for (const Sent& sent : sent_) count += sent.message.body_case() == kind;
    return count;
  }

 private:
  const HistoryView& view_;
  const std::string agent_ = "agent-eu";
  absl::Mutex mutex_;
  std::vector<Sent> sent_ ABSL_GUARDED_BY(mutex_);
};

class RunnerTest : public ::testing::Test {
 protected:
  RunnerTest() {
    directory_ = ::testing::TempDir() + "runner_XXXXXX";
    CHECK(mkdtemp(directory_.data()) != nullptr);
    log_ = std::make_unique<BrittleLog>(
        *HistoryLog::Open(directory_, LogOptions()));
    log_->OnAppended([this](const Batch& batch) {
      for (const v1::Record& record : batch.records) view_.Fold(record);
    });
    EXPECT_OK(log_->StartEpoch(1, 1));
    wire_ = std::make_shared<Wire>(view_);
    v1::Hello hello;
    hello.set_agent("agent-eu");
    hello.add_targets()->set_name("saas-a");
    fleet_.Connect(hello, wire_);
    MakePlan();
    NewRunner();
  }
  ~RunnerTest() override {
    runner_.reset();
    log_.reset();
    std::filesystem::remove_all(directory_);
  }

  void NewRunner() {
    runner_ = std::make_unique<RolloutRunner>(
        *log_, view_, fleet_, clock_,
        [this](const std::vector<std::string>& targets) {
          unsure_ += targets.size();
        });
    runner_->Restore();
  }
  // As a new process over what is on disk: the old one writes nothing more.
  void Restart() {
    log_->Break(true);
    runner_.reset();
    log_->Break(false);
    log_->Lie(false);
    ASSERT_OK(log_->StartEpoch(log_->epoch() + 1, 1));
    NewRunner();
  }

  void MakePlan() {
    plan_.set_id("p-1");
    plan_.set_cause(v1::ROLLOUT);
    *plan_.mutable_policy() = DefaultPolicy();
    v1::Cohort& cohort = *plan_.add_cohorts();
    cohort.add_targets("saas-a");
    cohort.mutable_plan()->set_id("plan");
    cohort.mutable_plan()->set_from_fingerprint("before");
    cohort.mutable_plan()->set_to_fingerprint("after");
    cohort.mutable_plan()->add_statements()->set_sql("SELECT 1");
    v1::Wave& wave = *plan_.add_waves();
    wave.set_name("all");
    wave.add_targets("saas-a");
    wave.set_max_parallel(1);
    wave.set_state(v1::WAVE_WAITING);
    Batch batch;
    batch.records.emplace_back();
    batch.records[0].set_stream(std::string(kFleetStream));
    *batch.records[0].mutable_fleet_plan()->mutable_fleet_plan() = plan_;
    EXPECT_OK(log_->Append(&batch));
  }

  absl::StatusOr<v1::Rollout> Start() {
    absl::StatusOr<v1::Rollout> result = absl::UnknownError("no answer");
    absl::Notification done;
    runner_->Start(v1::StartRolloutRequest(), plan_, absl::OkStatus(),
                   [&](absl::StatusOr<v1::Rollout> answer) {
                     result = std::move(answer);
                     done.Notify();
                   });
    done.WaitForNotification();
    return result;
  }

  absl::Status Retry(const std::string& target) {
    v1::SteerRolloutRequest request;
    request.set_id("r-1");
    request.set_action(v1::SteerRolloutRequest::RETRY);
    request.add_targets(target);
    absl::Status status;
    absl::Notification done;
    runner_->Steer(request, [&](absl::StatusOr<v1::Rollout> answer) {
      status = answer.status();
      done.Notify();
    });
    done.WaitForNotification();
    return status;
  }
  // When this returns, a turn has begun after the call and ended.
  absl::StatusOr<v1::Rollout> Get() {
    absl::StatusOr<v1::Rollout> result = absl::UnknownError("no answer");
    absl::Notification done;
    runner_->Get("r-1", [&](absl::StatusOr<v1::Rollout> answer) {
      result = std::move(answer);
      done.Notify();
    });
    done.WaitForNotification();
    return result;
  }

  void SendReady() {
    v1::AgentMessage message;
    message.mutable_ready()->set_rollout("r-1");
    message.mutable_ready()->set_target("saas-a");
    message.mutable_ready()->set_attempt(1);
    runner_->Report(message);
  }
  void AskToStart() {
    v1::AgentMessage message;
    message.mutable_start_ask()->set_rollout("r-1");
    message.mutable_start_ask()->set_target("saas-a");
    message.mutable_start_ask()->set_attempt(1);
    message.mutable_start_ask()->set_nonce("n1");
    runner_->Report(message);
  }
  void SendResult() {
    v1::AgentMessage message;
    v1::Result& result = *message.mutable_result();
    result.set_rollout("r-1");
    result.set_target("saas-a");
    result.set_attempt(1);
    result.set_state(v1::TARGET_HEALTHY);
    result.set_plan_id("plan");
    result.set_fingerprint("after");
    result.set_statements_done(1);
    runner_->Report(message);
  }

  std::string directory_;
  HistoryView view_;
  FakeClock clock_;
  Fleet fleet_{clock_};
  std::atomic<int> unsure_{0};
  std::unique_ptr<BrittleLog> log_;
  std::shared_ptr<Wire> wire_;
  v1::FleetPlan plan_;
  std::unique_ptr<RolloutRunner> runner_;
};

TEST_F(RunnerTest, SendsNothingThatIsNotDurable) {
  ASSERT_OK(Start());
  EXPECT_EQ(wire_->Await(v1::CoordinatorMessage::kPrepare).recorded,
            v1::TARGET_PREFLIGHT);
  SendReady();
  EXPECT_EQ(wire_->Await(v1::CoordinatorMessage::kGo).recorded,
            v1::TARGET_DISPATCHED);
  AskToStart();
  const Wire::Sent grant = wire_->Await(v1::CoordinatorMessage::kStartGrant);
  EXPECT_EQ(grant.recorded, v1::TARGET_APPLYING);
  EXPECT_EQ(grant.message.start_grant().nonce(), "n1");
  EXPECT_EQ(grant.message.start_grant().epoch(), 1u);
  SendResult();
  EXPECT_EQ(wire_->Await(v1::CoordinatorMessage::kResultAck).recorded,
            v1::TARGET_HEALTHY);
  // Asked again for what it missed, it is acknowledged again and no more.
  SendResult();
  wire_->Await(v1::CoordinatorMessage::kResultAck, 2);
  EXPECT_EQ(view_.Versions("saas-a").size(), 1u);
}

TEST_F(RunnerTest, StartsNothingWithoutADisk) {
  log_->Break(true);
  EXPECT_THAT(Start(), StatusIs(absl::StatusCode::kResourceExhausted,
                                HasSubstr("no space left")));
  EXPECT_EQ(fleet_.Find("saas-a")->rollout, "");
  EXPECT_EQ(wire_->Count(v1::CoordinatorMessage::kPrepare), 0);
  log_->Break(false);
  EXPECT_OK(Start());
}

// The record is on disk, but the caller was told that it is not.
TEST_F(RunnerTest, AStartThatFailedDoesNotRunAfterARestart) {
  log_->Lie(true);
  EXPECT_THAT(Start(), StatusIs(absl::StatusCode::kResourceExhausted,
                                HasSubstr("no space left")));
  Restart();
  const absl::StatusOr<v1::Rollout> rollout = Get();
  ASSERT_OK(rollout);
  EXPECT_EQ(rollout->state(), v1::ROLLOUT_CANCELLED);
  EXPECT_EQ(rollout->reason(), kUnconfirmed);
  EXPECT_EQ(fleet_.Find("saas-a")->rollout, "");
  EXPECT_EQ(wire_->Count(v1::CoordinatorMessage::kGo), 0);
  EXPECT_OK(Start()) << "the same can be started anew";
}

TEST_F(RunnerTest, AStartThatFailedDoesNotComeBackWithTheDisk) {
  log_->Lie(true);
  EXPECT_THAT(Start(), StatusIs(absl::StatusCode::kResourceExhausted,
                                HasSubstr("no space left")));
  log_->Lie(false);
  const absl::StatusOr<v1::Rollout> second = Start();
  ASSERT_OK(second);
  EXPECT_EQ(second->id(), "r-2");
  ASSERT_OK(Get());  // a turn after the one that found it
  EXPECT_EQ(Get()->state(), v1::ROLLOUT_CANCELLED);
  EXPECT_EQ(fleet_.Find("saas-a")->rollout, "r-2");
}

TEST_F(RunnerTest, ARetryThatFailedDoesNotRunAfterARestart) {
  ASSERT_OK(Start());
  v1::AgentMessage message;
  v1::Refused& refused = *message.mutable_refused();
  refused.set_rollout("r-1");
  refused.set_target("saas-a");
  refused.set_attempt(1);
  refused.set_state(v1::TARGET_BLOCKED);
  runner_->Report(message);
  ASSERT_EQ(Get()->state(), v1::ROLLOUT_FAILED);
  log_->Lie(true);
  EXPECT_THAT(Retry("saas-a"), StatusIs(absl::StatusCode::kResourceExhausted,
                                        HasSubstr("no space left")));
  Restart();
  EXPECT_EQ(Get()->state(), v1::ROLLOUT_PAUSED);
  EXPECT_EQ(Get()->reason(), kUnconfirmed);
  v1::AgentMessage ready;
  ready.mutable_ready()->set_rollout("r-1");
  ready.mutable_ready()->set_target("saas-a");
  ready.mutable_ready()->set_attempt(2);
  runner_->Report(ready);
  ASSERT_OK(Get());
  EXPECT_EQ(wire_->Count(v1::CoordinatorMessage::kGo), 0);
}

TEST_F(RunnerTest, AnAnsweredStartOutlivesARestart) {
  ASSERT_OK(Start());
  Restart();
  EXPECT_EQ(Get()->state(), v1::ROLLOUT_RUNNING);
  EXPECT_EQ(view_.Rollout("r-1")->unconfirmed(), "");
}

TEST_F(RunnerTest, GrantsNothingWithoutADiskAndGoesOnWithOne) {
  ASSERT_OK(Start());
  wire_->Await(v1::CoordinatorMessage::kPrepare);
  SendReady();
  wire_->Await(v1::CoordinatorMessage::kGo);
  log_->Break(true);
  AskToStart();
  // It forgets the question, and says again where the rollout stands.
  wire_->Await(v1::CoordinatorMessage::kPrepare, 2);
  EXPECT_EQ(wire_->Count(v1::CoordinatorMessage::kStartGrant), 0);
  EXPECT_EQ(view_.Rollout("r-1")->targets(0).state(), v1::TARGET_DISPATCHED);
  log_->Break(false);
  AskToStart();
  EXPECT_EQ(wire_->Await(v1::CoordinatorMessage::kStartGrant).recorded,
            v1::TARGET_APPLYING);
}

TEST_F(RunnerTest, RemindsAgentsOfOrdersThatHaveNoAnswer) {
  ASSERT_OK(Start());
  wire_->Await(v1::CoordinatorMessage::kPrepare);
  ASSERT_OK(Get());
  EXPECT_EQ(wire_->Count(v1::CoordinatorMessage::kPrepare), 1);
  clock_.Advance(10'000);
  ASSERT_OK(Get());
  EXPECT_EQ(wire_->Count(v1::CoordinatorMessage::kPrepare), 2);
  SendReady();
  wire_->Await(v1::CoordinatorMessage::kGo);
  clock_.Advance(10'000);
  ASSERT_OK(Get());
  EXPECT_EQ(wire_->Count(v1::CoordinatorMessage::kGo), 2);
  // What has started is not asked again.
  AskToStart();
  clock_.Advance(10'000);
  ASSERT_OK(Get());
  EXPECT_EQ(wire_->Count(v1::CoordinatorMessage::kGo), 2);
}

TEST_F(RunnerTest, BelievesALaterReportMoreThanAResult) {
  ASSERT_OK(Start());
  SendReady();
  AskToStart();
  wire_->Await(v1::CoordinatorMessage::kStartGrant);
  // Seen by the agent after its result, here before that is durable.
  v1::FingerprintReport report;
  report.set_target("saas-a");
  report.set_fingerprint("changed by hand");
  bool described = false;
  fleet_.Report(report, &described);
  SendResult();
  wire_->Await(v1::CoordinatorMessage::kResultAck);
  ASSERT_OK(Get());
  EXPECT_EQ(fleet_.Find("saas-a")->fingerprint, "changed by hand");
  EXPECT_EQ(unsure_, 1);
}

TEST_F(RunnerTest, RetriesNothingWhereAnotherRolloutRuns) {
  plan_.mutable_cohorts(0)->add_targets("saas-b");
  plan_.mutable_waves(0)->add_targets("saas-b");
  ASSERT_OK(Start());
  v1::AgentMessage message;
  v1::Refused& refused = *message.mutable_refused();
  refused.set_rollout("r-1");
  refused.set_target("saas-a");
  refused.set_attempt(1);
  refused.set_state(v1::TARGET_BLOCKED);
  runner_->Report(message);
  ASSERT_EQ(Get()->targets(1).state(), v1::TARGET_CANCELLED);
  // It was not asked for, but would come back with the other.
  fleet_.SetRunning("saas-b", "r-9");
  EXPECT_THAT(Retry("saas-a"), StatusIs(absl::StatusCode::kFailedPrecondition,
                                        HasSubstr("r-9 is running on saas-b")));
  fleet_.ClearRunning("saas-b", "r-9");
  EXPECT_OK(Retry("saas-a"));
  EXPECT_EQ(fleet_.Find("saas-b")->rollout, "r-1");
}

TEST_F(RunnerTest, StartsNothingUntilRecovered) {
  runner_->RequireRecovery("no rollout may start: the history is old");
  EXPECT_THAT(Start(), StatusIs(absl::StatusCode::kFailedPrecondition,
                                HasSubstr("the history is old")));
}

TEST_F(RunnerTest, GoesOnWithNothingUntilRecovered) {
  ASSERT_OK(Start());
  wire_->Await(v1::CoordinatorMessage::kPrepare);
  runner_->RequireRecovery("the history is old");
  SendReady();
  EXPECT_EQ(Get()->state(), v1::ROLLOUT_PAUSED);
  EXPECT_EQ(wire_->Count(v1::CoordinatorMessage::kGo), 0);
}

}  // namespace
}  // namespace fleet::testing
