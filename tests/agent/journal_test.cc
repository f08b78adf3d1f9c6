#include "agent/journal.h"

#include "agent/state_dir.h"
#include "lib/engine/make_plan.h"
#include "tests/agent/temp_folder.h"
#include "tests/testing/fake_clock.h"
#include "tests/testing/matchers.h"

namespace fleet {
namespace {

using ::fleet::testing::StatusIs;
using ::testing::HasSubstr;
using Entry = v1::JournalEntry;

v1::Prepare MakePrepare(const std::string& rollout, int attempt = 1) {
  v1::Prepare prepare;
  prepare.set_rollout(rollout);
  prepare.set_target("t");
  prepare.set_attempt(attempt);
  prepare.set_epoch(3);
  prepare.set_lock_retries(7);
  v1::Plan& plan = *prepare.mutable_plan();
  plan.set_engine(v1::SQLITE);
  plan.set_from_fingerprint("before");
  plan.set_to_fingerprint("after");
  plan.add_statements()->set_sql("CREATE TABLE a(id INTEGER)");
  plan.set_id(PlanId(plan));
  return prepare;
}

class JournalTest : public ::testing::Test {
 protected:
  void SetUp() override { Reopen(); }

  void Reopen() {
    journal_.reset();
    auto opened = Journal::Open(folder_.Path("journal"), clock_);
    ASSERT_OK(opened);
    journal_ = *std::move(opened);
  }

  OrderState Find(const OrderKey& key) {
    const std::optional<OrderState> order = journal_->Find(key);
    EXPECT_TRUE(order.has_value());
    return order.value_or(OrderState());
  }

  const TempFolder folder_;
  testing::FakeClock clock_;
  std::unique_ptr<Journal> journal_;
};

TEST_F(JournalTest, EpochSurvives) {
  EXPECT_EQ(journal_->epoch(), 0u);
  ASSERT_OK(journal_->RaiseEpoch(5));
  ASSERT_OK(journal_->RaiseEpoch(4));
  Reopen();
  EXPECT_EQ(journal_->epoch(), 5u);
}

TEST_F(JournalTest, PreparedOrderSurvivesWithItsPlan) {
  const v1::Prepare prepare = MakePrepare("r-1");
  ASSERT_OK(journal_->AppendPrepared(prepare, "n"));
  Reopen();
  const OrderState order = Find({"r-1", "t", 1});
  EXPECT_FALSE(order.started);
  EXPECT_EQ(order.prepare.lock_retries(), 7);
  EXPECT_EQ(order.prepare.epoch(), 3u);
  EXPECT_EQ(order.nonce, "n");
  ASSERT_OK_AND_ASSIGN(const v1::Plan plan, journal_->LoadPlan(order.plan_id));
  EXPECT_EQ(plan.SerializeAsString(), prepare.plan().SerializeAsString());
}

TEST_F(JournalTest, PlanThatIsNotItsIdIsRefused) {
  v1::Prepare prepare = MakePrepare("r-1");
  prepare.mutable_plan()->mutable_statements(0)->set_sql("DROP TABLE a");
  EXPECT_THAT(journal_->AppendPrepared(prepare, "n"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("is not what its id says")));
}

TEST_F(JournalTest, FoldsARunStepByStep) {
  const OrderKey key = {"r-1", "t", 1};
  ASSERT_OK(journal_->AppendPrepared(MakePrepare("r-1"), "n"));
  Entry started = EntryOf(key, Entry::STARTED);
  started.set_epoch(9);
  Entry intent = EntryOf(key, Entry::INTENT);
  intent.set_fingerprint("before");
  ASSERT_OK(journal_->Append({started, intent}));
  Reopen();
  OrderState order = Find(key);
  EXPECT_TRUE(order.IsRunning());
  EXPECT_EQ(order.group, 0);
  EXPECT_EQ(order.before, "before");
  EXPECT_EQ(order.prepare.epoch(), 9u) << "the epoch of the grant";

  Entry done = EntryOf(key, Entry::DONE);
  done.set_fingerprint("middle");
  Entry next = EntryOf(key, Entry::INTENT);
  next.set_group(1);
  next.set_fingerprint("middle");
  ASSERT_OK(journal_->Append({done, next}));
  Reopen();
  order = Find(key);
  EXPECT_EQ(order.group, 1);
  EXPECT_EQ(order.step, Entry::INTENT);
  EXPECT_EQ(order.before, "middle");

  v1::Result result;
  result.set_fingerprint("after");
  Entry finished = EntryOf(key, Entry::FINISHED);
  finished.set_outcome(result.SerializeAsString());
  ASSERT_OK(journal_->Append({finished}));
  Reopen();
  order = Find(key);
  EXPECT_FALSE(order.IsRunning());
  EXPECT_EQ(order.result.fingerprint(), "after");
  EXPECT_EQ(journal_->OpenOrders("t").size(), 1u) << "not acknowledged yet";

  ASSERT_OK(journal_->Append({EntryOf(key, Entry::ACKED)}));
  Reopen();
  EXPECT_TRUE(journal_->OpenOrders("t").empty());
  EXPECT_TRUE(Find(key).acked);
}

TEST_F(JournalTest, OldOrdersLeaveTheMemory) {
  for (int i = 1; i <= 40; ++i) {
    ASSERT_OK(journal_->AppendPrepared(MakePrepare("r-1", i), "n"));
    if (i == 2) continue;  // never acknowledged: kept
    ASSERT_OK(journal_->Append({EntryOf({"r-1", "t", i}, Entry::ACKED)}));
  }
  EXPECT_FALSE(journal_->Find({"r-1", "t", 1}).has_value());
  EXPECT_TRUE(journal_->Find({"r-1", "t", 2}).has_value());
  EXPECT_TRUE(journal_->Find({"r-1", "t", 40}).has_value());
}

TEST_F(JournalTest, StateDirHasOneOwner) {
  ASSERT_OK_AND_ASSIGN(std::unique_ptr<StateDir> first,
                       StateDir::Lock(folder_.Path("state/of/agent")));
  EXPECT_THAT(StateDir::Lock(folder_.Path("state/of/agent")),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("in use by another fleet-agent")));
  first.reset();
  EXPECT_OK(StateDir::Lock(folder_.Path("state/of/agent")));
}

}  // namespace
}  // namespace fleet
