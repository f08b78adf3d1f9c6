#include "lib/history/view.h"

#include <algorithm>
#include <random>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/lib/history/fixture.h"

namespace fleet {
namespace {

using ::fleet::testing::StatusIs;
using ::testing::_;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

v1::Record NameRecord(const std::string& target, int64_t number,
                      const std::string& name) {
  v1::Record record;
  record.mutable_version_name()->set_target(target);
  record.mutable_version_name()->set_number(number);
  record.mutable_version_name()->set_name(name);
  return record;
}

v1::Record RolloutRecord(const std::string& id, v1::RolloutState state,
                         const std::vector<std::string>& targets,
                         v1::TargetState target_state) {
  v1::Record record;
  record.set_stream(std::string(kFleetStream));
  v1::Rollout* rollout = record.mutable_rollout()->mutable_rollout();
  rollout->set_id(id);
  rollout->set_state(state);
  for (const std::string& target : targets) {
    v1::TargetProgress* progress = rollout->add_targets();
    progress->set_target(target);
    progress->set_state(target_state);
  }
  return record;
}

v1::Record ProgressRecord(const std::string& rollout, const std::string& target,
                          v1::TargetState state) {
  v1::Record record;
  record.set_stream(TargetStream(target));
  record.mutable_target_progress()->set_rollout(rollout);
  v1::TargetProgress* progress =
      record.mutable_target_progress()->mutable_progress();
  progress->set_target(target);
  progress->set_state(state);
  return record;
}

std::vector<v1::TargetState> States(const v1::Rollout& rollout) {
  std::vector<v1::TargetState> states;
  for (const v1::TargetProgress& progress : rollout.targets()) {
    states.push_back(progress.state());
  }
  return states;
}

TEST(ViewTest, VersionsAreFoundByNumberAndName) {
  HistoryView view;
  view.Fold(VersionRecord("a", 1, "f1"));
  view.Fold(VersionRecord("a", 2, "f2"));
  view.Fold(VersionRecord("a", 2, "f2"));
  view.Fold(NameRecord("a", 1, "release-1"));
  EXPECT_THAT(view.Versions("a"), SizeIs(2));
  EXPECT_THAT(view.Versions("b"), SizeIs(0));

  ASSERT_OK_AND_ASSIGN(const v1::Version newest, view.Newest("a"));
  EXPECT_EQ(newest.number(), 2);
  ASSERT_OK_AND_ASSIGN(const v1::Version numbered, view.Find("a", "2"));
  EXPECT_EQ(numbered.fingerprint(), "f2");
  ASSERT_OK_AND_ASSIGN(const v1::Version named, view.Find("a", "release-1"));
  EXPECT_EQ(named.number(), 1);

  EXPECT_THAT(view.Newest("b"), StatusIs(absl::StatusCode::kNotFound, _));
  EXPECT_THAT(view.Find("a", "3"),
              StatusIs(absl::StatusCode::kNotFound,
                       HasSubstr("a has no version 3: it has 1 to 2")));
  EXPECT_THAT(view.Find("a", "relaese-1"),
              StatusIs(absl::StatusCode::kNotFound,
                       HasSubstr("did you mean \"release-1\"?")));
}

TEST(ViewTest, ANameMovesToTheVersionItWasGivenLast) {
  HistoryView view;
  view.Fold(VersionRecord("a", 1, "f1"));
  view.Fold(VersionRecord("a", 2, "f2"));
  view.Fold(NameRecord("a", 1, "stable"));
  view.Fold(NameRecord("a", 2, "stable"));
  ASSERT_OK_AND_ASSIGN(const v1::Version named, view.Find("a", "stable"));
  EXPECT_EQ(named.number(), 2);
  EXPECT_THAT(view.Versions("a")[0].names(), SizeIs(0));
}

TEST(ViewTest, AFingerprintIsNamedByItsFirstTargetsOldestVersion) {
  HistoryView view;
  view.Fold(VersionRecord("b", 1, "f"));
  view.Fold(VersionRecord("a", 3, "f"));
  view.Fold(VersionRecord("a", 7, "f"));
  EXPECT_EQ(view.NameOfFingerprint("f"), "a@3");
  EXPECT_EQ(view.NameOfFingerprint("g"), "");
}

TEST(ViewTest, ProgressFoldsIntoItsRollout) {
  HistoryView view;
  view.Fold(RolloutRecord("r-1", v1::ROLLOUT_RUNNING, {"a", "c"},
                          v1::TARGET_PENDING));
  view.Fold(ProgressRecord("r-1", "c", v1::TARGET_HEALTHY));
  view.Fold(ProgressRecord("r-1", "b", v1::TARGET_APPLYING));
  ASSERT_OK_AND_ASSIGN(const v1::Rollout rollout, view.Rollout("r-1"));
  EXPECT_EQ(rollout.state(), v1::ROLLOUT_RUNNING);
  EXPECT_THAT(
      States(rollout),
      ElementsAre(v1::TARGET_PENDING, v1::TARGET_APPLYING, v1::TARGET_HEALTHY));

  view.Fold(RolloutRecord("r-1", v1::ROLLOUT_CANCELLED, {"a", "c"},
                          v1::TARGET_CANCELLED));
  ASSERT_OK_AND_ASSIGN(const v1::Rollout ended, view.Rollout("r-1"));
  EXPECT_THAT(States(ended),
              ElementsAre(v1::TARGET_CANCELLED, v1::TARGET_CANCELLED));
  EXPECT_THAT(view.Rollout("r-2"),
              StatusIs(absl::StatusCode::kNotFound,
                       HasSubstr("no rollout r-2; did you mean \"r-1\"?")));
}

TEST(ViewTest, RolloutsAreListedOldestFirst) {
  HistoryView view;
  for (const std::string id : {"r-9", "r-10", "r-11"}) {
    view.Fold(RolloutRecord(id, v1::ROLLOUT_RUNNING, {}, v1::TARGET_PENDING));
  }
  view.Fold(
      RolloutRecord("r-9", v1::ROLLOUT_SUCCEEDED, {}, v1::TARGET_PENDING));
  std::vector<std::string> ids;
  for (const v1::Rollout& rollout : view.Rollouts())
    ids.push_back(rollout.id());
  EXPECT_THAT(ids, ElementsAre("r-9", "r-10", "r-11"));
}

TEST(ViewTest, FleetPlansAreFoundByPrefix) {
  HistoryView view;
  for (const std::string id : {"p-12aa", "p-12bb", "p-3"}) {
    v1::Record record;
    record.mutable_fleet_plan()->mutable_fleet_plan()->set_id(id);
    view.Fold(record);
  }
  ASSERT_OK_AND_ASSIGN(const v1::FleetPlan plan, view.FleetPlan("p-12a"));
  EXPECT_EQ(plan.id(), "p-12aa");
  ASSERT_OK(view.FleetPlan("p-3"));
  EXPECT_THAT(view.FleetPlan("p-12"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("may be p-12aa or p-12bb")));
  EXPECT_THAT(view.FleetPlan("p-4"), StatusIs(absl::StatusCode::kNotFound, _));
  EXPECT_THAT(view.FleetPlan(""), StatusIs(absl::StatusCode::kNotFound, _));
}

TEST(ViewTest, TargetsAreAsLastSeen) {
  HistoryView view;
  for (const std::string region : {"eu", "us"}) {
    v1::Record record;
    record.mutable_target_seen()->mutable_target()->set_name("a");
    record.mutable_target_seen()->mutable_target()->set_region(region);
    view.Fold(record);
  }
  ASSERT_THAT(view.Targets(), SizeIs(1));
  EXPECT_EQ(view.Targets()[0].region(), "us");
}

TEST(ViewTest, StatementsAreInOrderAndOnce) {
  HistoryView view;
  for (const int index : {0, 2, 1, 1}) {
    v1::Record record;
    record.mutable_statement()->set_rollout("r-1");
    record.mutable_statement()->set_target("a");
    record.mutable_statement()->set_index(index);
    view.Fold(record);
  }
  std::vector<int> indices;
  for (const auto& result : view.Statements("r-1", "a")) {
    indices.push_back(result.index());
  }
  EXPECT_THAT(indices, ElementsAre(0, 1, 2));
  EXPECT_THAT(view.Statements("r-1", "b"), SizeIs(0));
}

std::string RolloutsText(const HistoryView& view) {
  std::string text;
  for (const v1::Rollout& rollout : view.Rollouts()) {
    absl::StrAppend(&text, rollout.ShortDebugString(), "\n");
  }
  return text;
}

// What was seen while it happened is what a restart reads, though the streams
// are then read one after the other.
TEST(ViewTest, LoadingComesToTheSameAsFollowing) {
  TempDirectory directory;
  for (unsigned seed = 1; seed <= 20; ++seed) {
    const std::unique_ptr<HistoryLog> log =
        OpenOrDie(directory.path(absl::StrCat("log", seed)));
    HistoryView followed;
    log->OnAppended([&](const Batch& batch) {
      for (const v1::Record& record : batch.records) followed.Fold(record);
    });
    std::mt19937 random(seed);
    const std::vector<std::string> targets = {"a", "b", "z"};
    for (int i = 0; i < 60; ++i) {
      const std::string id = absl::StrCat("r-", random() % 3);
      const auto state = static_cast<v1::TargetState>(1 + random() % 16);
      Batch batch;
      if (random() % 4 == 0) {
        batch.records = {
            RolloutRecord(id, static_cast<v1::RolloutState>(1 + random() % 14),
                          targets, state)};
      } else {
        batch.records = {
            ProgressRecord(id, targets[random() % targets.size()], state)};
      }
      ASSERT_OK(log->Append(&batch));
    }
    HistoryView loaded;
    ASSERT_OK(loaded.Load(*log));
    EXPECT_EQ(RolloutsText(loaded), RolloutsText(followed)) << "seed " << seed;
    ASSERT_OK(loaded.Load(*log));
    EXPECT_EQ(RolloutsText(loaded), RolloutsText(followed)) << "folded twice";
  }
}

}  // namespace
}  // namespace fleet
