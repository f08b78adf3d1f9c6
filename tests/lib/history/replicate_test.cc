#include "lib/history/replicate.h"

#include <random>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/base/digest.h"
#include "lib/history/schema_store.h"
#include "lib/history/view.h"
#include "tests/lib/history/fixture.h"

namespace fleet {
namespace {

using ::fleet::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr size_t kPlenty = 1 << 20;

v1::Schema SmallSchema(int tables) {
  v1::Schema schema;
  schema.set_engine(v1::SQLITE);
  for (int i = 0; i < tables; ++i) {
    v1::Object* object = schema.add_objects();
    object->set_kind(v1::TABLE);
    object->add_path(absl::StrCat("table_", 1000 + i));
  }
  return schema;
}

v1::Record ProgressRecord(const std::string& rollout, const std::string& target,
                          const std::string& plan, v1::TargetState state) {
  v1::Record record;
  record.set_stream(TargetStream(target));
  v1::TargetProgressed* progressed = record.mutable_target_progress();
  progressed->set_rollout(rollout);
  progressed->mutable_progress()->set_target(target);
  progressed->mutable_progress()->set_plan_id(plan);
  progressed->mutable_progress()->set_state(state);
  return record;
}

class ReplicateTest : public ::testing::Test {
 protected:
  // Version `number` of `target`, with a schema of as many tables.
  void AddVersion(const std::string& target, int number) {
    Batch batch;
    const std::string fingerprint = absl::StrCat("f", number);
    AddSchema(SmallSchema(number), fingerprint, *log_, &batch);
    batch.records = {VersionRecord(target, number, fingerprint)};
    ASSERT_OK(log_->Append(&batch));
  }

  absl::StatusOr<v1::Replicate> Next(const std::vector<std::string>& streams,
                                     size_t bytes_max = kPlenty) {
    return NextReplicate(*log_, streams, replica_->Heads(), bytes_max);
  }

  absl::Status Take(const v1::Replicate& message) {
    return replica_->AppendReplicated(
        {message.records().begin(), message.records().end()},
        {message.contents().begin(), message.contents().end()});
  }

  // Messages until nothing is missing; how many.
  int CatchUp(const std::vector<std::string>& streams,
              size_t bytes_max = kPlenty) {
    for (int messages = 0;; ++messages) {
      auto message = Next(streams, bytes_max);
      EXPECT_OK(message);
      if (!message.ok() || message->records_size() == 0) return messages;
      EXPECT_OK(Take(*message));
    }
  }

  TempDirectory directory_;
  std::unique_ptr<HistoryLog> log_ = OpenOrDie(directory_.path("coordinator"));
  std::unique_ptr<HistoryLog> replica_ = OpenOrDie(directory_.path("agent"));
  const std::string a_ = TargetStream("a");
  const std::string b_ = TargetStream("b");
};

TEST_F(ReplicateTest, BringsRecordsAndTheSchemasOfVersions) {
  for (int i = 1; i <= 5; ++i) AddVersion("a", i);
  AddVersion("b", 6);
  EXPECT_EQ(CatchUp({a_}), 1);

  ASSERT_THAT(replica_->Heads(), SizeIs(1)) << "b is not followed";
  EXPECT_EQ(replica_->Heads()[0].hash(), log_->Heads()[0].hash());
  for (int i = 1; i <= 5; ++i) {
    ASSERT_OK_AND_ASSIGN(const v1::Schema schema,
                         LoadSchema(*replica_, absl::StrCat("f", i)));
    EXPECT_EQ(schema.SerializeAsString(), SmallSchema(i).SerializeAsString());
  }
  EXPECT_THAT(LoadSchema(*replica_, "f6"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("f6")));
  EXPECT_OK(replica_->Verify(nullptr));
}

TEST_F(ReplicateTest, ManySmallMessagesComeToTheSame) {
  for (int i = 1; i <= 150; ++i) AddVersion(i % 3 == 0 ? "b" : "a", i);
  EXPECT_GT(CatchUp({a_, b_}, 4000), 50);
  EXPECT_EQ(AllRecords(*replica_), AllRecords(*log_));
  for (int i = 1; i <= 150; ++i) {
    EXPECT_OK(LoadSchema(*replica_, absl::StrCat("f", i)));
  }
}

TEST_F(ReplicateTest, AMessageKeepsToItsSizeButForOneRecord) {
  for (int i = 1; i <= 30; ++i) AddVersion("a", i);
  ASSERT_OK_AND_ASSIGN(const v1::Replicate one, Next({a_}, 1));
  EXPECT_THAT(one.records(), SizeIs(1));
  ASSERT_OK_AND_ASSIGN(const v1::Replicate some, Next({a_}, 3000));
  EXPECT_GT(some.records_size(), 1);
  EXPECT_LT(some.records_size(), 30);
  EXPECT_LT(some.ByteSizeLong(), 3200);
}

TEST_F(ReplicateTest, LostAndRepeatedMessagesDoNoHarm) {
  for (int i = 1; i <= 40; ++i) AddVersion("a", i);
  std::mt19937 random(1);
  std::vector<v1::Replicate> earlier;
  for (int i = 0; i < 200; ++i) {
    ASSERT_OK_AND_ASSIGN(const v1::Replicate message, Next({a_}, 3000));
    earlier.push_back(message);
    if (random() % 2 == 0) continue;  // lost
    ASSERT_OK(Take(message));
    ASSERT_OK(Take(earlier[random() % earlier.size()]));
  }
  EXPECT_EQ(AllRecords(*replica_), AllRecords(*log_));
}

TEST_F(ReplicateTest, ContentThatTheReplicaHasIsNotSentAgain) {
  AddVersion("a", 100);
  CatchUp({a_});
  AddVersion("a", 101);
  ASSERT_OK_AND_ASSIGN(const v1::Replicate message, Next({a_}));
  EXPECT_THAT(message.records(), SizeIs(1));
  // The new table, the last chunk, the list (and one chunk more at most).
  EXPECT_THAT(message.contents(), SizeIs(::testing::Le(4)));
  ASSERT_OK(Take(message));
  EXPECT_OK(LoadSchema(*replica_, "f101"));
}

TEST_F(ReplicateTest, PlansComeWithTheProgressThatNamesThem) {
  Batch batch;
  batch.content = {"the plan"};
  batch.aliases = {{PlanAlias("p1"), Sha256Hex("the plan")}};
  batch.records = {ProgressRecord("r-1", "a", "p1", v1::TARGET_PENDING),
                   ProgressRecord("r-1", "a", "p1", v1::TARGET_HEALTHY),
                   ProgressRecord("r-1", "a", "unknown", v1::TARGET_FAILED)};
  ASSERT_OK(log_->Append(&batch));
  ASSERT_OK_AND_ASSIGN(const v1::Replicate message, Next({a_}));
  EXPECT_THAT(message.contents(), SizeIs(1));
  ASSERT_OK(Take(message));
  EXPECT_THAT(replica_->Alias(PlanAlias("p1")),
              fleet::testing::IsOkAndHolds(Sha256Hex("the plan")));

  Batch later;
  later.records = {ProgressRecord("r-1", "a", "p1", v1::TARGET_HEALTHY)};
  ASSERT_OK(log_->Append(&later));
  ASSERT_OK_AND_ASSIGN(const v1::Replicate next, Next({a_}));
  EXPECT_THAT(next.contents(), SizeIs(0));
}

TEST_F(ReplicateTest, AReplicaThatKnowsMoreIsLossOfTheLog) {
  AddVersion("a", 1);
  CatchUp({a_});
  ASSERT_OK(AppendVersion(replica_.get(), "a", 2));
  EXPECT_THAT(Next({a_}),
              StatusIs(absl::StatusCode::kDataLoss,
                       HasSubstr("the replica has record 2, this log ends "
                                 "before it")));
}

TEST_F(ReplicateTest, AForkIsNamed) {
  ASSERT_OK(AppendVersion(replica_.get(), "a", 77));
  AddVersion("a", 1);
  AddVersion("a", 2);
  EXPECT_THAT(Next({a_}), StatusIs(absl::StatusCode::kDataLoss,
                                   HasSubstr("the histories have forked")));
}

TEST_F(ReplicateTest, AnEmptyCoordinatorIsRebuiltFromReplicas) {
  for (int i = 1; i <= 20; ++i) AddVersion(i % 2 == 0 ? "a" : "b", i);
  CatchUp({a_, b_});
  const std::unique_ptr<HistoryLog> rebuilt =
      OpenOrDie(directory_.path("rebuilt"));
  ASSERT_OK_AND_ASSIGN(
      const v1::Replicate message,
      NextReplicate(*replica_, {b_, a_}, rebuilt->Heads(), kPlenty));
  ASSERT_OK(rebuilt->AppendReplicated(
      {message.records().begin(), message.records().end()},
      {message.contents().begin(), message.contents().end()}));
  EXPECT_EQ(AllRecords(*rebuilt), AllRecords(*log_));
  EXPECT_OK(LoadSchema(*rebuilt, "f20"));
}

// A random history; the replica follows only some of its targets.
TEST_F(ReplicateTest, AReplicaFoldsToTheSameViewOfItsTargets) {
  std::mt19937 random(4);
  std::map<std::string, int> versions;
  for (int i = 0; i < 400; ++i) {
    const std::string target(1, static_cast<char>('a' + random() % 4));
    Batch batch;
    const int what = static_cast<int>(random() % 4);
    if (what == 0) {
      batch.records = {VersionRecord(target, ++versions[target],
                                     absl::StrCat("f", random() % 20))};
    } else if (what == 1) {
      v1::Record& record = batch.records.emplace_back();
      record.set_stream(TargetStream(target));
      record.mutable_version_name()->set_target(target);
      record.mutable_version_name()->set_number(1 + random() % 5);
      record.mutable_version_name()->set_name(
          absl::StrCat("release-", random() % 3));
    } else if (what == 2) {
      batch.records = {
          ProgressRecord(absl::StrCat("r-", random() % 3), target, "p",
                         static_cast<v1::TargetState>(1 + random() % 16))};
    } else {
      v1::Record& record = batch.records.emplace_back();
      record.set_stream(TargetStream(target));
      record.mutable_statement()->set_rollout(absl::StrCat("r-", random() % 3));
      record.mutable_statement()->set_target(target);
      record.mutable_statement()->set_index(static_cast<int>(random() % 9));
      record.mutable_statement()->set_duration_ms(i);
    }
    ASSERT_OK(log_->Append(&batch));
    if (random() % 50 == 0) CatchUp({b_, a_}, 500);
  }
  CatchUp({b_, a_}, 500);

  HistoryView mine, its;
  ASSERT_OK(mine.Load(*log_));
  ASSERT_OK(its.Load(*replica_));
  const auto text = [](const auto& messages) {
    std::vector<std::string> all;
    for (const auto& message : messages) {
      all.push_back(message.ShortDebugString());
    }
    return all;
  };
  const auto of_a_and_b = [](const v1::Rollout& rollout) {
    std::vector<std::string> all;
    for (const v1::TargetProgress& progress : rollout.targets()) {
      if (progress.target() > "b") continue;
      all.push_back(progress.ShortDebugString());
    }
    return all;
  };
  for (const std::string target : {"a", "b"}) {
    EXPECT_EQ(text(its.Versions(target)), text(mine.Versions(target)));
    EXPECT_FALSE(its.Versions(target).empty());
    for (const std::string rollout : {"r-0", "r-1", "r-2"}) {
      EXPECT_EQ(text(its.Statements(rollout, target)),
                text(mine.Statements(rollout, target)));
      ASSERT_OK_AND_ASSIGN(const v1::Rollout whole, mine.Rollout(rollout));
      ASSERT_OK_AND_ASSIGN(const v1::Rollout part, its.Rollout(rollout));
      EXPECT_EQ(of_a_and_b(part), of_a_and_b(whole));
      EXPECT_THAT(of_a_and_b(part), SizeIs(2));
    }
  }
  EXPECT_TRUE(its.Versions("c").empty());
}

}  // namespace
}  // namespace fleet
