#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/lib/engine/sqlite/sqlite_database.h"

// kill -9 of the process that runs a plan: the file is as before or as planned,
// with all its rows, and a plan that was reported as done is done.

namespace fleet {
namespace {

constexpr int kKills = 100;
constexpr int kRows = 4'000;

constexpr char kBefore[] =
    "CREATE TABLE p (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT);"
    "CREATE TABLE c (id INTEGER PRIMARY KEY, p INT REFERENCES p ON DELETE "
    "CASCADE, pad TEXT);"
    "CREATE INDEX c_pad ON c (pad);"
    "CREATE VIEW v AS SELECT p.name, c.pad FROM p JOIN c ON c.p = p.id;"
    "CREATE TRIGGER g AFTER DELETE ON c BEGIN SELECT 1; END;";
constexpr char kAfter[] =
    "CREATE TABLE p (id INTEGER PRIMARY KEY AUTOINCREMENT, name BLOB NOT NULL);"
    "CREATE TABLE c (id INTEGER PRIMARY KEY, p INT NOT NULL REFERENCES p ON "
    "DELETE CASCADE, pad TEXT, more INT DEFAULT (1 + 1)) STRICT;"
    "CREATE UNIQUE INDEX c_pad ON c (pad, id);"
    "CREATE VIEW v AS SELECT p.name, c.pad, c.more FROM p JOIN c ON c.p = p.id;"
    "CREATE TRIGGER g AFTER DELETE ON c BEGIN SELECT 1; END;";

// How far the child is; in memory that both processes see.
enum Stage : int { kLoading = 0, kReady = 1, kInside = 2, kCommitted = 3 };

// Says when the transaction is open; otherwise the session itself.
class NotingSession : public Session {
 public:
  NotingSession(Session& session, std::atomic<int>& stage)
      : session_(session), stage_(stage) {}

  const SchemaInfo& info() const override { return session_.info(); }
  absl::Status Execute(absl::string_view sql) override {
    return session_.Execute(sql);
  }
  absl::StatusOr<std::unique_ptr<RowSet>> Query(
      absl::string_view sql) override {
    return session_.Query(sql);
  }
  absl::StatusOr<std::vector<std::unique_ptr<RowSet>>> QuerySnapshot(
      absl::Span<const std::string> queries,
      const FollowUp& follow_up) override {
    return session_.QuerySnapshot(queries, follow_up);
  }
  absl::Status ExecuteAll(absl::Span<const std::string> statements,
                          int* failed) override {
    return session_.ExecuteAll(statements, failed);
  }
  absl::Status RunScript(absl::string_view sql,
                         absl::string_view file_name) override {
    return session_.RunScript(sql, file_name);
  }
  absl::Status Begin() override {
    const absl::Status status = session_.Begin();
    if (status.ok()) stage_ = kInside;
    return status;
  }
  absl::Status Commit() override {
    const absl::Status status = session_.Commit();
    if (status.ok()) stage_ = kCommitted;
    return status;
  }
  absl::Status Rollback() override { return session_.Rollback(); }
  absl::Status TakeFence(absl::Duration wait) override {
    return session_.TakeFence(wait);
  }
  void ReleaseFence() override { session_.ReleaseFence(); }
  absl::Status SetTimeouts(int64_t lock_timeout_ms,
                           int64_t statement_timeout_ms) override {
    return session_.SetTimeouts(lock_timeout_ms, statement_timeout_ms);
  }
  void Cancel() override { session_.Cancel(); }
  bool IsBroken() const override { return session_.IsBroken(); }

 private:
  Session& session_;
  std::atomic<int>& stage_;
};

class KillTest : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    char name[] = "/tmp/fleetctl-kill-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    folder_ = name;
    void* shared =
        mmap(nullptr, sizeof(std::atomic<int>), PROT_READ | PROT_WRITE,
             MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(shared, MAP_FAILED);
    stage_ = new (shared) std::atomic<int>(kLoading);
    SqliteDatabase database(Template());
    database.Load(
        absl::StrCat("PRAGMA journal_mode = ", GetParam(), ";", kBefore));
    database.Load(absl::StrCat(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
        "WHERE i < ",
        kRows, ") INSERT INTO p SELECT i, 'name ' || i FROM n;"));
    database.Load(
        "INSERT INTO c SELECT id, id, 'some text to fill pages with ' || id "
        "FROM p; DELETE FROM c WHERE id % 10 = 0; DELETE FROM p WHERE id = "
        "(SELECT max(id) FROM p) AND id % 10 = 0;");
    before_ = database.Fingerprint();
    rows_ = RowsOf(database);
    ASSERT_OK_AND_ASSIGN(plan_, database.PlanTo(kAfter));
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string Template() const { return folder_ + "/template.db"; }
  std::string File() const { return folder_ + "/test.db"; }

  // What both schemas hold.
  static std::string RowsOf(SqliteDatabase& database) {
    return database.Value(
        "SELECT count(*), sum(id), sum(p), sum(length(pad)), "
        "(SELECT count(*) || ' ' || sum(id) || ' ' || sum(length(name)) FROM "
        "p), (SELECT seq FROM sqlite_sequence) FROM c");
  }

  // In the child: the plan, on the file.
  [[noreturn]] void Child() {
    absl::StatusOr<std::unique_ptr<Session>> session =
        OpenSession(absl::StrCat("sqlite:", File()), SessionOptions());
    if (!session.ok()) _exit(2);
    NotingSession noting(**session, *stage_);
    *stage_ = kReady;
    v1::Plan plan = plan_;
    const absl::Status status =
        RunPlan(noting, SqliteDialect(), plan, PlanDirection::kForward, {});
    _exit(status.ok() ? 0 : 1);
  }

  // Starts the child on a fresh copy of the file.
  pid_t Start() {
    for (const char* suffix : {"", "-journal", "-wal", "-shm"}) {
      std::filesystem::remove(File() + suffix);
    }
    std::filesystem::copy_file(Template(), File());
    *stage_ = kLoading;
    const pid_t child = fork();
    if (child == 0) Child();
    return child;
  }

  void AwaitStage(int stage) const {
    while (*stage_ < stage) absl::SleepFor(absl::Microseconds(100));
  }

  void CheckFile(int stage_at_death) {
    SqliteDatabase database(File());
    const std::string fingerprint = database.Fingerprint();
    const bool is_after = fingerprint == plan_.to_fingerprint();
    EXPECT_TRUE(is_after || fingerprint == before_);
    if (stage_at_death == kCommitted) {
      EXPECT_TRUE(is_after) << "it was said to be done";
    }
    if (stage_at_death < kInside) {
      EXPECT_FALSE(is_after) << "it had not begun";
    }
    EXPECT_EQ(RowsOf(database), rows_);
    EXPECT_EQ(database.Value("PRAGMA integrity_check"), "ok");
    EXPECT_EQ(database.Value("PRAGMA foreign_key_check"), "");
    EXPECT_EQ(database.Value("PRAGMA journal_mode"), GetParam());
  }

  std::string folder_;
  std::atomic<int>* stage_ = nullptr;
  std::string before_;
  std::string rows_;
  v1::Plan plan_;
};

TEST_P(KillTest, BeforeOrAfterNeverBetween) {
  const pid_t first = Start();
  AwaitStage(kInside);
  const absl::Time begun = absl::Now();
  int status = 0;
  ASSERT_EQ(waitpid(first, &status, 0), first);
  ASSERT_EQ(status, 0) << "the plan itself";
  const int64_t long_us = absl::ToInt64Microseconds(absl::Now() - begun);
  CheckFile(kCommitted);

  std::mt19937 random(7);
  int inside = 0;
  int after = 0;
  for (int i = 0; i < kKills; ++i) {
    const pid_t child = Start();
    AwaitStage(i % 10 == 0 ? kReady : kInside);
    absl::SleepFor(absl::Microseconds(random() % (long_us * 11 / 10)));
    kill(child, SIGKILL);
    ASSERT_EQ(waitpid(child, &status, 0), child);
    const int stage = *stage_;
    if (WIFSIGNALED(status) && stage == kInside) ++inside;
    if (stage == kCommitted) ++after;
    CheckFile(stage);
    if (HasFailure()) FAIL() << "kill " << i << " at stage " << stage;
  }
  RecordProperty("inside", inside);
  printf("%d kills, %d inside of the transaction, %d after it\n", kKills,
         inside, after);
  EXPECT_GE(inside, kKills / 3);
}

INSTANTIATE_TEST_SUITE_P(Journals, KillTest, ::testing::Values("delete", "wal"),
                         [](const auto& info) {
                           return std::string(info.param);
                         });

}  // namespace
}  // namespace fleet
