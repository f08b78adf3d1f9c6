#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "agent/executor.h"
#include "agent/recovery.h"
#include "lib/engine/marker.h"
#include "tests/agent/database.h"
#include "tests/testing/matchers.h"
#include "tests/testing/real_postgres.h"

// Plans of many groups, on a real PostgreSQL: an interruption between any two
// statements, and what a failed concurrent build leaves behind.

namespace fleet {
namespace {

using ::testing::HasSubstr;

constexpr char kBefore[] =
    "CREATE TABLE teams (id int PRIMARY KEY);"
    "CREATE TABLE users (id int PRIMARY KEY, email text, team int, age int);"
    "CREATE INDEX users_team ON users (team);"
    "CREATE INDEX users_age ON users (age);"
    "INSERT INTO teams VALUES (1);"
    "INSERT INTO users SELECT n, 'u' || n, 1, n FROM generate_series(1, 99) n;";
constexpr char kAfter[] =
    "CREATE TABLE teams (id int PRIMARY KEY);"
    "CREATE TABLE users (id int PRIMARY KEY, email text NOT NULL, team int "
    "REFERENCES teams, age int CHECK (age > 0), CONSTRAINT users_email UNIQUE "
    "(email));"
    "CREATE INDEX users_team ON users (team DESC);";

class NoObserver : public RunObserver {
 public:
  absl::Status OnDone(const Group&, const std::string&) override {
    return absl::OkStatus();
  }
  void OnProgress(int, const std::string&,
                  const std::vector<v1::StatementResult>&) override {}
  bool Wait(int64_t delay_ms) override {
    absl::SleepFor(absl::Milliseconds(1));
    return true;
  }
  bool IsStopping() override { return false; }
};

class OnlineTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(scratch_url_, testing::PostgresServerUrl());
    Reset();
    plan_ = database_->RehearsedPlanTo(kAfter, scratch_url_);
    groups_ = GroupsOf(plan_);
    ASSERT_GE(groups_.size(), 8u);
    order_.set_rollout("r-1");
    order_.set_target("t");
    order_.set_attempt(1);
    order_.set_epoch(1);
    order_.set_lock_retries(1);
  }

  // Another database, as before the plan.
  void Reset() {
    ASSERT_OK_AND_ASSIGN(const std::string url,
                         testing::CreatePostgresDatabase());
    database_ = std::make_unique<Database>(url);
    database_->Run(kBefore);
    ASSERT_OK(EnsureMarkers(database_->session(), database_->dialect()));
  }

  // What an agent that went away after this had been given to the server.
  void RunByHand(int group) {
    Session& session = database_->session();
    for (const std::string& sql : groups_[group].sql) {
      ASSERT_OK(session.Execute(sql)) << sql;
    }
  }

  std::string Before(int group) const {
    return group == 0 ? plan_.from_fingerprint()
                      : groups_[group - 1].fingerprint_after;
  }

  Finding Look(int group) {
    OrderState order;
    order.key = KeyOf(order_);
    order.group = group;
    order.before = Before(group);
    auto finding =
        Examine(database_->session(), database_->dialect(), plan_, order);
    EXPECT_OK(finding);
    return finding.ok() ? *finding : Finding();
  }

  v1::Result Run(int group) {
    NoObserver observer;
    const TargetConfig target;
    const ToolRunner tools(target, database_->dialect());
    Executor executor(database_->session(), database_->dialect(), order_, plan_,
                      SystemClock(), tools, observer);
    return executor.Run({group, Before(group), ""}).result;
  }

  // The group that holds `sql`; its number.
  int GroupWith(absl::string_view sql) const {
    for (const Group& group : groups_) {
      if (absl::StrContains(group.sql.front(), sql)) return group.number;
    }
    ADD_FAILURE() << "no statement has " << sql;
    return 0;
  }

  // The index that is not valid, "" where all are.
  std::string Invalid() {
    return database_->Value(
        "SELECT relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_index i "
        "ON c.oid = i.indexrelid WHERE NOT i.indisvalid");
  }

  std::string scratch_url_;
  std::unique_ptr<Database> database_;
  v1::Plan plan_;
  std::vector<Group> groups_;
  v1::Prepare order_;
};

TEST_F(OnlineTest, GoesThroughAllStages) {
  const v1::Result result = Run(0);
  EXPECT_EQ(result.state(), v1::TARGET_HEALTHY) << result.message();
  EXPECT_EQ(database_->Fingerprint(), plan_.to_fingerprint());
}

TEST_F(OnlineTest, InterruptedBetweenAnyTwoGroupsItGoesOn) {
  const int count = static_cast<int>(groups_.size());
  for (int stop = 0; stop < count; ++stop) {
    // Not given to the server yet, and given and done but not written down.
    for (bool done : {false, true}) {
      Reset();
      for (int group = 0; group < stop + done; ++group) RunByHand(group);
      const Finding finding = Look(stop);
      EXPECT_EQ(finding.next_group, done ? stop + 1 : stop)
          << groups_[stop].sql.front();
      const v1::Result result = Run(stop + done);
      EXPECT_EQ(result.state(), v1::TARGET_HEALTHY)
          << groups_[stop].sql.front() << ": " << result.message();
      EXPECT_EQ(database_->Fingerprint(), plan_.to_fingerprint());
    }
  }
}

TEST_F(OnlineTest, FailedBuildLeavesNothingBehind) {
  const int build = GroupWith("CREATE UNIQUE INDEX CONCURRENTLY");
  database_->Run("INSERT INTO users VALUES (1000, 'u1', 1, 1);");
  const v1::Result result = Run(0);
  EXPECT_EQ(result.state(), v1::TARGET_FAILED) << result.message();
  EXPECT_EQ(result.reason(), "data");
  EXPECT_THAT(result.message(), HasSubstr("23505: "));
  EXPECT_EQ(result.fingerprint(), Before(build));
  EXPECT_EQ(database_->Fingerprint(), Before(build));
  EXPECT_EQ(Invalid(), "");
}

TEST_F(OnlineTest, InterruptedBuildIsTakenAwayAndRunAgain) {
  const int build = GroupWith("CREATE UNIQUE INDEX CONCURRENTLY");
  for (int group = 0; group < build; ++group) RunByHand(group);
  database_->Run("INSERT INTO users VALUES (1000, 'u1', 1, 1);");
  EXPECT_FALSE(database_->session().Execute(groups_[build].sql.front()).ok());
  ASSERT_NE(Invalid(), "");
  database_->Run("DELETE FROM users WHERE id = 1000;");
  EXPECT_EQ(Look(build).next_group, build);
  const v1::Result result = Run(build);
  EXPECT_EQ(result.state(), v1::TARGET_HEALTHY) << result.message();
  EXPECT_EQ(database_->Fingerprint(), plan_.to_fingerprint());
}

TEST_F(OnlineTest, InterruptedDropIsRunAgain) {
  const int drop = GroupWith("DROP INDEX CONCURRENTLY");
  for (int group = 0; group < drop; ++group) RunByHand(group);
  // As its first transaction leaves it.
  const std::string name =
      plan_.statements(groups_[drop].first_statement).leftover().path(2);
  database_->Run(absl::StrCat(
      "UPDATE pg_catalog.pg_index SET indisvalid = false WHERE indexrelid = '",
      "public.", name, "'::regclass;"));
  ASSERT_EQ(Invalid(), name);
  EXPECT_EQ(Look(drop).next_group, drop);
  const v1::Result result = Run(drop);
  EXPECT_EQ(result.state(), v1::TARGET_HEALTHY) << result.message();
}

TEST_F(OnlineTest, WhatIsNotOursIsLeftForAHuman) {
  const int build = GroupWith("CREATE UNIQUE INDEX CONCURRENTLY");
  for (int group = 0; group < build; ++group) RunByHand(group);
  const std::string name =
      plan_.statements(groups_[build].first_statement).leftover().path(2);
  // The name of ours and another definition.
  database_->Run("INSERT INTO users VALUES (1000, 'u1', 1, 1);");
  EXPECT_FALSE(database_->session()
                   .Execute(absl::StrCat("CREATE UNIQUE INDEX CONCURRENTLY ",
                                         name, " ON public.users (team)"))
                   .ok());
  ASSERT_EQ(Invalid(), name);
  EXPECT_EQ(Look(build).next_group, -1);
  const v1::Result result = Run(build);
  EXPECT_EQ(result.state(), v1::TARGET_DIVERGED) << result.message();
  EXPECT_EQ(Invalid(), name);
}

// Whoever reads or writes holds up a short lock, which is tried again; what
// waits without holding up anybody waits on.
TEST_F(OnlineTest, ConcurrentBuildWaitsLongerThanTheLockTimeout) {
  order_.set_lock_timeout_ms(50);
  const int build = GroupWith("CREATE UNIQUE INDEX CONCURRENTLY");
  for (int group = 0; group < build; ++group) RunByHand(group);
  Database writer(database_->url());
  ASSERT_OK(writer.session().Begin());
  ASSERT_OK(writer.session().Execute(
      "UPDATE public.users SET age = age WHERE id = 1"));
  std::thread ends([&] {
    absl::SleepFor(absl::Milliseconds(400));
    EXPECT_OK(writer.session().Rollback());
  });
  const v1::Result result = Run(build);
  ends.join();
  EXPECT_EQ(result.state(), v1::TARGET_HEALTHY) << result.message();
}

}  // namespace
}  // namespace fleet
