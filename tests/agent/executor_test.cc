#include "agent/executor.h"

#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "agent/recovery.h"
#include "lib/engine/marker.h"
#include "tests/agent/database.h"
#include "tests/agent/temp_folder.h"
#include "tests/testing/matchers.h"

// On real SQLite files: transactions, markers and fingerprints are the
// engine's, not a double's.

namespace fleet {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

constexpr char kBefore[] = "CREATE TABLE users(id INTEGER PRIMARY KEY);";
constexpr char kAfter[] =
    "CREATE TABLE users(id INTEGER PRIMARY KEY, email TEXT);"
    "CREATE TABLE orders(id INTEGER PRIMARY KEY, note TEXT);"
    "CREATE INDEX orders_note ON orders(note);";

class Observer : public RunObserver {
 public:
  absl::Status OnDone(const Group& group, const std::string& after) override {
    done.push_back(group.number);
    return absl::OkStatus();
  }
  void OnProgress(int statements_done, const std::string& note,
                  const std::vector<v1::StatementResult>&) override {
    last_done = statements_done;
    if (!note.empty()) notes.push_back(note);
  }
  bool Wait(int64_t delay_ms) override {
    absl::SleepFor(absl::Milliseconds(std::min<int64_t>(delay_ms, 50)));
    return !stopping;
  }
  bool IsStopping() override { return stopping; }

  std::vector<int> done;
  std::vector<std::string> notes;
  int last_done = 0;
  bool stopping = false;
};

class ExecutorTest : public ::testing::Test {
 protected:
  void SetUp() override {
    database_.Run(kBefore);
    plan_ = database_.PlanTo(kAfter);
    ASSERT_GE(plan_.statements_size(), 3);
    order_.set_rollout("r-1");
    order_.set_target("t");
    order_.set_attempt(1);
    order_.set_epoch(3);
    ASSERT_OK(EnsureMarkers(database_.session(), database_.dialect()));
  }

  RunOutcome Run(int group = 0) {
    Executor executor(database_.session(), database_.dialect(), order_, plan_,
                      SystemClock(), tools_, observer_);
    return executor.Run({group, plan_.from_fingerprint(), ""});
  }

  const TempFolder folder_;
  Database database_{"sqlite:" + folder_.Path("t.db"), /*create=*/true};
  v1::Plan plan_;
  v1::Prepare order_;
  Observer observer_;
  const TargetConfig target_;
  const ToolRunner tools_{target_, database_.dialect()};
};

TEST_F(ExecutorTest, MakesTheSchemaThatWasPlanned) {
  const RunOutcome outcome = Run();
  ASSERT_EQ(outcome.end, RunEnd::kFinished);
  EXPECT_EQ(outcome.result.state(), v1::TARGET_HEALTHY)
      << outcome.result.message();
  EXPECT_EQ(outcome.result.fingerprint(), plan_.to_fingerprint());
  EXPECT_EQ(outcome.result.plan_id(), plan_.id());
  EXPECT_EQ(outcome.result.statements_done(), plan_.statements_size());
  EXPECT_EQ(outcome.result.results_size(), plan_.statements_size());
  EXPECT_TRUE(outcome.is_session_clean);
  EXPECT_EQ(database_.Fingerprint(), plan_.to_fingerprint());
  EXPECT_EQ(observer_.last_done, plan_.statements_size());
}

TEST_F(ExecutorTest, ChangedSchemaIsNotTouched) {
  database_.Run("CREATE TABLE by_hand(id INTEGER);");
  const std::string before = database_.Fingerprint();
  const RunOutcome outcome = Run();
  ASSERT_EQ(outcome.end, RunEnd::kFinished);
  EXPECT_EQ(outcome.result.state(), v1::TARGET_DRIFTED);
  EXPECT_THAT(outcome.result.message(),
              HasSubstr("schema of t changed since plan"));
  EXPECT_EQ(outcome.result.fingerprint(), before);
  EXPECT_EQ(database_.Fingerprint(), before);
}

TEST_F(ExecutorTest, FailingStatementLeavesTheTargetAsItWas) {
  plan_.mutable_statements(1)->set_sql("CREATE TABLE users(id INTEGER)");
  const RunOutcome outcome = Run();
  ASSERT_EQ(outcome.end, RunEnd::kFinished);
  EXPECT_EQ(outcome.result.state(), v1::TARGET_FAILED);
  EXPECT_EQ(outcome.result.failed_statement(), 2);
  EXPECT_EQ(outcome.result.reason(), "plan");
  EXPECT_EQ(outcome.result.statements_done(), 0);
  ASSERT_EQ(outcome.result.results_size(), 1) << "the others were rolled back";
  EXPECT_EQ(outcome.result.results(0).index(), 1);
  EXPECT_FALSE(outcome.result.results(0).ok());
  EXPECT_EQ(database_.Fingerprint(), plan_.from_fingerprint());
}

TEST_F(ExecutorTest, AnotherResultThanPlannedIsRolledBack) {
  plan_.add_statements()->set_sql("CREATE TABLE surprise(id INTEGER)");
  plan_.mutable_statements(plan_.statements_size() - 1)
      ->set_transactional(true);
  plan_.mutable_statements(plan_.statements_size() - 1)
      ->set_group(plan_.statements(0).group());
  const RunOutcome outcome = Run();
  EXPECT_EQ(outcome.result.state(), v1::TARGET_FAILED);
  EXPECT_THAT(outcome.result.message(),
              HasSubstr("plan did not produce what was planned"));
  EXPECT_EQ(database_.Fingerprint(), plan_.from_fingerprint());
}

TEST_F(ExecutorTest, HigherEpochFencesOff) {
  Session& session = database_.session();
  ASSERT_OK(session.Begin());
  ASSERT_OK(ClaimEpoch(session, database_.dialect(), 9));
  ASSERT_OK(session.Commit());
  const RunOutcome outcome = Run();
  EXPECT_EQ(outcome.result.state(), v1::TARGET_FAILED);
  EXPECT_EQ(outcome.result.reason(), "fenced");
  EXPECT_EQ(database_.Fingerprint(), plan_.from_fingerprint());
}

TEST_F(ExecutorTest, LockedDatabaseIsTriedAgain) {
  order_.set_lock_timeout_ms(20);
  order_.set_lock_retries(100);
  Database other(database_.url());
  ASSERT_OK(other.session().Begin());
  std::thread holder([&] {
    absl::SleepFor(absl::Milliseconds(200));
    EXPECT_OK(other.session().Rollback());
  });
  const RunOutcome outcome = Run();
  holder.join();
  EXPECT_EQ(outcome.result.state(), v1::TARGET_HEALTHY)
      << outcome.result.message();
  EXPECT_THAT(observer_.notes, Contains(HasSubstr("attempt 2 of 100")));
}

TEST_F(ExecutorTest, LockedForEverFailsAfterItsTries) {
  order_.set_lock_timeout_ms(1);
  order_.set_lock_retries(3);
  Database other(database_.url());
  ASSERT_OK(other.session().Begin());
  const RunOutcome outcome = Run();
  EXPECT_EQ(outcome.result.state(), v1::TARGET_FAILED);
  EXPECT_EQ(outcome.result.reason(), "retryable");
  EXPECT_EQ(observer_.notes.size(), 2u);
}

TEST_F(ExecutorTest, StoppingLeavesTheOrderOpen) {
  observer_.stopping = true;
  EXPECT_EQ(Run().end, RunEnd::kStopped);
  EXPECT_EQ(database_.Fingerprint(), plan_.from_fingerprint());
}

TEST_F(ExecutorTest, VerifiesOnlyWhenAllGroupsAreDone) {
  const int groups = static_cast<int>(GroupsOf(plan_).size());
  EXPECT_EQ(Run(groups).result.state(), v1::TARGET_DIVERGED);
  ASSERT_EQ(Run().result.state(), v1::TARGET_HEALTHY);
  const RunOutcome outcome = Run(groups);
  EXPECT_EQ(outcome.result.state(), v1::TARGET_HEALTHY);
  EXPECT_EQ(outcome.result.statements_done(), plan_.statements_size());
}

// The acknowledgement of COMMIT was lost: the marker proves that it happened,
// even when the schema has moved on since.
TEST_F(ExecutorTest, MarkerTellsARecoveringAgent) {
  OrderState order;
  order.key = KeyOf(order_);
  order.group = 0;
  order.before = plan_.from_fingerprint();
  const auto examine = [&] {
    auto finding =
        Examine(database_.session(), database_.dialect(), plan_, order);
    EXPECT_OK(finding);
    return finding->next_group;
  };
  EXPECT_EQ(examine(), 0);
  ASSERT_EQ(Run().result.state(), v1::TARGET_HEALTHY);
  EXPECT_EQ(examine(), 1);
  database_.Run("CREATE TABLE by_hand(id INTEGER);");
  EXPECT_EQ(examine(), 1);
  order.key.attempt = 2;
  EXPECT_EQ(examine(), -1) << "the marker of another attempt";
}

}  // namespace
}  // namespace fleet
