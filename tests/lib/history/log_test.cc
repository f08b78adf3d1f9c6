#include "lib/history/log.h"

#include <set>
#include <thread>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/base/digest.h"
#include "lib/history/head_file.h"
#include "lib/history/record_hash.h"
#include "tests/lib/history/fixture.h"

namespace fleet {
namespace {

using ::fleet::testing::IsOkAndHolds;
using ::fleet::testing::StatusIs;
using ::testing::_;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class LogTest : public ::testing::Test {
 protected:
  void Reopen() {
    log_.reset();
    log_ = OpenOrDie(directory_.path());
  }

  TempDirectory directory_;
  std::unique_ptr<HistoryLog> log_ = OpenOrDie(directory_.path());
};

TEST_F(LogTest, GivesRecordsTheirPlaceInTheChain) {
  Batch batch;
  batch.records = {VersionRecord("a", 1, "f1"), VersionRecord("b", 1, "f1"),
                   VersionRecord("a", 2, "f2")};
  ASSERT_OK(log_->Append(&batch));

  const v1::Record& first = batch.records[0];
  const v1::Record& other = batch.records[1];
  const v1::Record& second = batch.records[2];
  EXPECT_EQ(first.sequence(), 1);
  EXPECT_EQ(first.previous_hash(), "");
  EXPECT_EQ(other.sequence(), 1);
  EXPECT_EQ(second.sequence(), 2);
  EXPECT_EQ(second.previous_hash(), first.hash());
  EXPECT_LT(first.order(), other.order());
  EXPECT_LT(other.order(), second.order());
  for (const v1::Record& record : batch.records) {
    v1::Record bare = record;
    bare.clear_hash();
    EXPECT_EQ(record.hash(), Sha256(bare.SerializeAsString()));
    EXPECT_TRUE(RecordHashIsRight(record));
  }
}

TEST_F(LogTest, ReopeningKeepsEverything) {
  ASSERT_OK(log_->StartEpoch(7, 1000));
  for (int i = 1; i <= 50; ++i) ASSERT_OK(AppendVersion(log_.get(), "a", i));
  Batch batch;
  batch.content = {"schema"};
  batch.aliases = {{"schema/f", Sha256Hex("schema")}};
  ASSERT_OK(log_->Append(&batch));
  const std::vector<std::string> before = AllRecords(*log_);
  ASSERT_THAT(before, SizeIs(51));

  Reopen();
  EXPECT_EQ(AllRecords(*log_), before);
  EXPECT_EQ(log_->epoch(), 7);
  EXPECT_THAT(log_->Content(Sha256Hex("schema")), IsOkAndHolds("schema"));
  EXPECT_THAT(log_->Alias("schema/f"), IsOkAndHolds(Sha256Hex("schema")));
  uint64_t records = 0;
  EXPECT_OK(log_->Verify(&records));
  EXPECT_EQ(records, 51);

  ASSERT_OK(AppendVersion(log_.get(), "a", 51));
  ASSERT_OK_AND_ASSIGN(const std::vector<v1::Record> last,
                       log_->Read(TargetStream("a"), 50, 0));
  ASSERT_THAT(last, SizeIs(2));
  EXPECT_EQ(last[1].previous_hash(), last[0].hash());
  EXPECT_EQ(last[1].order(), 52) << "the order goes on where it was";
}

TEST_F(LogTest, ReadsFromASequenceAndUpToALimit) {
  for (int i = 1; i <= 10; ++i) ASSERT_OK(AppendVersion(log_.get(), "a", i));
  // A stream whose name continues the other's must stay out.
  ASSERT_OK(AppendVersion(log_.get(), "a!", 1));
  ASSERT_OK(AppendVersion(log_.get(), "", 1));

  ASSERT_OK_AND_ASSIGN(const auto all, log_->Read(TargetStream("a"), 1, 0));
  EXPECT_THAT(all, SizeIs(10));
  ASSERT_OK_AND_ASSIGN(const auto some, log_->Read(TargetStream("a"), 4, 3));
  ASSERT_THAT(some, SizeIs(3));
  EXPECT_EQ(some[0].sequence(), 4);
  EXPECT_EQ(some[2].version().number(), 6);
  ASSERT_OK_AND_ASSIGN(const auto none, log_->Read(TargetStream("a"), 11, 0));
  EXPECT_THAT(none, SizeIs(0));
  ASSERT_OK_AND_ASSIGN(const auto unknown, log_->Read("nobody", 1, 0));
  EXPECT_THAT(unknown, SizeIs(0));
  EXPECT_THAT(log_->Heads(), SizeIs(3));
}

TEST_F(LogTest, RefusesStreamsWithoutAName) {
  Batch batch;
  batch.records.emplace_back();
  EXPECT_THAT(log_->Append(&batch),
              StatusIs(absl::StatusCode::kInvalidArgument, _));
  batch.records[0].set_stream(std::string("a\0b", 3));
  EXPECT_THAT(log_->Append(&batch),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("a stream needs a name without NUL")));
}

TEST_F(LogTest, StoresContentOnceAndNamesItOnce) {
  Batch batch;
  batch.content = {"one", "one", "two"};
  batch.aliases = {{"name", Sha256Hex("one")}, {"name", Sha256Hex("two")}};
  ASSERT_OK(log_->Append(&batch));
  EXPECT_THAT(log_->Alias("name"), IsOkAndHolds(Sha256Hex("one")));
  EXPECT_TRUE(log_->HasContent(Sha256Hex("two")));
  EXPECT_FALSE(log_->HasContent(Sha256Hex("three")));
  EXPECT_THAT(log_->Content(Sha256Hex("three")),
              StatusIs(absl::StatusCode::kNotFound, _));
  EXPECT_THAT(log_->Alias("other"), StatusIs(absl::StatusCode::kNotFound, _));

  const uint64_t syncs = log_->sync_count();
  Batch again;
  again.content = {"one", "two"};
  again.aliases = {{"name", Sha256Hex("two")}};
  ASSERT_OK(log_->Append(&again));
  EXPECT_LE(log_->sync_count(), syncs + 2) << "at most HEAD, no write";
  EXPECT_THAT(log_->Alias("name"), IsOkAndHolds(Sha256Hex("one")));
}

TEST_F(LogTest, AnAliasNeedsItsContentAndLeavesNoTraceWithout) {
  Batch batch;
  batch.records = {VersionRecord("a", 1, "f")};
  batch.aliases = {{"name", Sha256Hex("nothing")}};
  EXPECT_THAT(log_->Append(&batch),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("put the content into the same batch")));
  EXPECT_THAT(log_->Heads(), SizeIs(0));
  EXPECT_THAT(log_->Alias("name"), StatusIs(absl::StatusCode::kNotFound, _));
}

TEST_F(LogTest, EpochsOnlyRise) {
  ASSERT_OK(log_->StartEpoch(3, 1000));
  ASSERT_OK(AppendVersion(log_.get(), "a", 1));
  EXPECT_THAT(log_->StartEpoch(2, 1000),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("the history has epoch 3")));
  EXPECT_EQ(log_->epoch(), 3);
  ASSERT_OK_AND_ASSIGN(const auto records, log_->Read(TargetStream("a"), 1, 0));
  EXPECT_EQ(records[0].epoch(), 3);
  ASSERT_OK_AND_ASSIGN(const auto fleet, log_->Read(kFleetStream, 1, 0));
  ASSERT_THAT(fleet, SizeIs(1));
  EXPECT_EQ(fleet[0].epoch_started().epoch(), 3);
  EXPECT_EQ(fleet[0].epoch(), 3);
}

TEST_F(LogTest, ThreadsShareSyncs) {
  constexpr int kThreads = 16;
  constexpr int kAppends = 200;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([this, i] {
      // Half of them share a stream.
      const std::string target = i % 2 == 0 ? "shared" : absl::StrCat("t", i);
      for (int k = 1; k <= kAppends; ++k) {
        EXPECT_OK(AppendVersion(log_.get(), target, k));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();

  EXPECT_LT(log_->sync_count(), kThreads * kAppends / 2);
  uint64_t records = 0;
  EXPECT_OK(log_->Verify(&records));
  EXPECT_EQ(records, kThreads * kAppends);
  ASSERT_OK_AND_ASSIGN(const auto shared,
                       log_->Read(TargetStream("shared"), 1, 0));
  EXPECT_THAT(shared, SizeIs(kThreads / 2 * kAppends));
}

TEST_F(LogTest, OneAppendIsOneSyncPlusHead) {
  Batch batch;
  for (int i = 1; i <= 1000; ++i) {
    batch.records.push_back(VersionRecord(absl::StrCat("t", i), 1, "f"));
  }
  ASSERT_OK(log_->Append(&batch));
  EXPECT_LE(log_->sync_count(), 3);
}

TEST_F(LogTest, ListenersHearEachBatchInOrderBeforeAppendReturns) {
  std::vector<uint64_t> orders;  // the listener is never called twice at once
  log_->OnAppended([&](const Batch& batch) {
    for (const v1::Record& record : batch.records) {
      orders.push_back(record.order());
    }
  });
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([this, i] {
      for (int k = 1; k <= 50; ++k) {
        EXPECT_OK(AppendVersion(log_.get(), absl::StrCat("t", i), k));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_THAT(orders, SizeIs(400));
  for (size_t i = 0; i < orders.size(); ++i) EXPECT_EQ(orders[i], i + 1);
}

TEST_F(LogTest, HeadFollowsWithoutFurtherAppends) {
  ASSERT_OK(AppendVersion(log_.get(), "a", 1));
  uint64_t sequence = 0;
  for (int i = 0; i < 100 && sequence == 0; ++i) {
    absl::SleepFor(absl::Milliseconds(20));
    ASSERT_OK_AND_ASSIGN(const v1::Head head, ReadHeadFile(directory_.path()));
    if (head.streams_size() > 0) sequence = head.streams(0).sequence();
  }
  EXPECT_EQ(sequence, 1);
}

TEST_F(LogTest, ADirectoryHasOneLog) {
  EXPECT_THAT(HistoryLog::Open(directory_.path(), LogOptions()),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("stop the other process")));
}

class AppendReplicatedTest : public LogTest {
 protected:
  AppendReplicatedTest() {
    for (int i = 1; i <= 5; ++i) {
      EXPECT_OK(AppendVersion(log_.get(), "a", i));
    }
    auto records = log_->Read(TargetStream("a"), 1, 0);
    EXPECT_OK(records);
    records_ = *records;
  }

  std::vector<v1::Record> From(int first, int last) const {
    return {records_.begin() + first - 1, records_.begin() + last};
  }

  std::vector<v1::Record> records_;
  std::unique_ptr<HistoryLog> replica_ = OpenOrDie(directory_.path("replica"));
};

TEST_F(AppendReplicatedTest, TakesRecordsAsTheyAreAndRepeatsAreNothing) {
  size_t heard = 0;
  replica_->OnAppended(
      [&](const Batch& batch) { heard += batch.records.size(); });
  ASSERT_OK(replica_->AppendReplicated(From(1, 3), {}));
  ASSERT_OK(replica_->AppendReplicated(From(1, 3), {}));
  ASSERT_OK(replica_->AppendReplicated(From(2, 5), {}));
  EXPECT_EQ(AllRecords(*replica_), AllRecords(*log_));
  EXPECT_EQ(heard, 5);
  EXPECT_OK(replica_->Verify(nullptr));
}

TEST_F(AppendReplicatedTest, RefusesAGap) {
  ASSERT_OK(replica_->AppendReplicated(From(1, 2), {}));
  EXPECT_THAT(replica_->AppendReplicated(From(4, 5), {}),
              StatusIs(absl::StatusCode::kDataLoss,
                       HasSubstr("record 4 of stream target/a leaves a gap: "
                                 "the stream ends at 2")));
  EXPECT_EQ(replica_->Heads()[0].sequence(), 2);
}

TEST_F(AppendReplicatedTest, RefusesAForkWithoutATrace) {
  ASSERT_OK(AppendVersion(replica_.get(), "a", 100));
  const std::vector<std::string> before = AllRecords(*replica_);
  EXPECT_THAT(replica_->AppendReplicated(From(1, 1), {}),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("forked")));
  EXPECT_THAT(replica_->AppendReplicated(From(2, 2), {}),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("forked")));
  EXPECT_EQ(AllRecords(*replica_), before);
}

TEST_F(AppendReplicatedTest, RefusesChangedRecordsAndContent) {
  std::vector<v1::Record> changed = From(1, 1);
  changed[0].mutable_version()->set_fingerprint("forged");
  EXPECT_THAT(replica_->AppendReplicated(changed, {}),
              StatusIs(absl::StatusCode::kDataLoss,
                       HasSubstr("does not match its hash")));
  v1::Content content;
  content.set_hash(Sha256Hex("one"));
  content.set_data("two");
  EXPECT_THAT(
      replica_->AppendReplicated(From(1, 1), {content}),
      StatusIs(absl::StatusCode::kDataLoss, HasSubstr("have it sent again")));
  EXPECT_THAT(replica_->Heads(), SizeIs(0));
}

TEST_F(AppendReplicatedTest, RecoversALogThatGoesOn) {
  ASSERT_OK(log_->StartEpoch(4, 1));
  ASSERT_OK_AND_ASSIGN(const auto fleet, log_->Read(kFleetStream, 1, 0));
  ASSERT_OK(replica_->AppendReplicated(fleet, {}));
  ASSERT_OK(replica_->AppendReplicated(records_, {}));
  EXPECT_EQ(replica_->epoch(), 4);
  ASSERT_OK(replica_->StartEpoch(5, 2));
  ASSERT_OK_AND_ASSIGN(const auto both, replica_->Read(kFleetStream, 1, 0));
  ASSERT_THAT(both, SizeIs(2));
  EXPECT_GT(both[1].order(), both[0].order());
}

}  // namespace
}  // namespace fleet
