#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "absl/strings/str_replace.h"
#include "lib/engine/sqlite/disk.h"
#include "tests/lib/engine/sqlite/sqlite_database.h"

// What stands in the way of a plan on a file: others that use it, a file that
// may only be read, a damaged one. The error says so, and the file stays as it
// was.

namespace fleet {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::StatusIs;

constexpr char kBefore[] = "CREATE TABLE t (id INTEGER PRIMARY KEY, a INT);";
constexpr char kAfter[] = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);";

class FileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/fleetctl-file-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string File() const { return folder_ + "/test.db"; }

  void Make(absl::string_view journal) {
    SqliteDatabase database(File());
    database.Load(
        absl::StrCat("PRAGMA journal_mode = ", journal, ";", kBefore));
    database.Load(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE "
        "i < 5000) INSERT INTO t SELECT i, i * 7 FROM n;");
  }

  std::string Bytes() const {
    std::ifstream file(File(), std::ios::binary);
    return std::string((std::istreambuf_iterator<char>(file)),
                       std::istreambuf_iterator<char>());
  }

  std::string folder_;
};

TEST_F(FileTest, BothJournalsStayWhatTheyAre) {
  for (const char* journal : {"delete", "truncate", "persist", "wal"}) {
    std::filesystem::remove(File());
    Make(journal);
    {
      SqliteDatabase database(File());
      EXPECT_OK(database.SyncTo(kAfter));
      EXPECT_EQ(database.Value("SELECT count(*), sum(a) FROM t"),
                "5000 87517500");
    }
    // A mode other than WAL is the connection's own affair.
    const std::string kept =
        absl::string_view(journal) == "wal" ? "wal" : "delete";
    EXPECT_EQ(SqliteDatabase(File()).Value("PRAGMA journal_mode"), kept);
  }
}

TEST_F(FileTest, ReadersInWalSeeTheOldTableUntilTheEnd) {
  Make("wal");
  SqliteDatabase reader(File());
  ASSERT_OK(reader.session().Execute("BEGIN"));
  EXPECT_EQ(reader.Value("SELECT count(*) FROM t"), "5000");
  SqliteDatabase writer(File());
  EXPECT_OK(writer.SyncTo(kAfter));
  EXPECT_EQ(reader.Value("SELECT typeof(a) FROM t LIMIT 1"), "integer");
  ASSERT_OK(reader.session().Execute("COMMIT"));
  EXPECT_EQ(reader.Value("SELECT typeof(a) FROM t LIMIT 1"), "text");
}

// In the other modes readers have to be gone when a plan commits.
TEST_F(FileTest, AReaderThatStaysStopsTheCommit) {
  Make("delete");
  SqliteDatabase writer(File());
  ASSERT_OK_AND_ASSIGN(const v1::Plan plan, writer.PlanTo(kAfter));
  ASSERT_OK(writer.session().SetTimeouts(50, 0));
  SqliteDatabase reader(File());
  ASSERT_OK(reader.session().Execute("BEGIN"));
  EXPECT_EQ(reader.Value("SELECT count(*) FROM t"), "5000");
  const absl::Status status = writer.Run(plan);
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kAborted,
                               HasSubstr("SQLITE_BUSY: database is locked")));
  EXPECT_EQ(ErrorClassOf(status), ErrorClass::kRetryable);
  ASSERT_OK(reader.session().Execute("COMMIT"));
  EXPECT_EQ(writer.Value("SELECT typeof(a) FROM t LIMIT 1"), "integer");
  EXPECT_OK(writer.Run(plan));
}

// By a process of its own: POSIX locks do not tell connections of one apart.
TEST_F(FileTest, ADatabaseThatAnotherProcessHolds) {
  Make("delete");
  const std::string bytes = Bytes();
  int ready[2];
  int done[2];
  ASSERT_EQ(pipe(ready), 0);
  ASSERT_EQ(pipe(done), 0);
  const pid_t child = fork();
  if (child == 0) {
    SqliteDatabase holder(File());
    char byte = 0;
    const bool ok = holder.session().Execute("BEGIN EXCLUSIVE").ok();
    if (!ok || write(ready[1], "r", 1) != 1) _exit(1);
    _exit(read(done[0], &byte, 1) == 1 ? 0 : 1);
  }
  char byte = 0;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  const absl::Status status =
      OpenSession(absl::StrCat("sqlite:", File()), SessionOptions()).status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kAborted,
                               HasSubstr("SQLITE_BUSY: database is locked")));
  EXPECT_THAT(std::string(status.message()), HasSubstr(File()));
  ASSERT_EQ(write(done[1], "d", 1), 1);
  int exit_status = 1;
  ASSERT_EQ(waitpid(child, &exit_status, 0), child);
  EXPECT_EQ(exit_status, 0);
  EXPECT_EQ(Bytes(), bytes);
  SqliteDatabase database(File());
  EXPECT_OK(database.SyncTo(kAfter));
}

// As a user to whom the file does not belong; root may do everything.
int InChildOfNobody(const std::string& folder, int (*body)(const std::string&),
                    const std::string& file) {
  chmod(folder.c_str(), 0755);
  chmod(file.c_str(), 0444);
  const pid_t child = fork();
  if (child == 0) {
    if (geteuid() == 0 && setuid(65534) != 0) _exit(100);
    _exit(body(file));
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 101;
}

int TryToMigrate(const std::string& file) {
  SqliteDatabase database(file);
  if (database.Value("SELECT count(*) FROM t") != "5000") return 1;
  const absl::StatusOr<v1::Plan> plan = database.PlanTo(kAfter);
  if (!plan.ok()) return 2;
  const absl::Status status = database.Run(*plan);
  if (status.ok()) return 3;
  if (!absl::IsPermissionDenied(status)) return 4;
  const std::string message(status.message());
  if (message.find("is read-only for this process") == message.npos) return 5;
  if (message.find(file) == message.npos) return 6;
  if (ErrorClassOf(status) != ErrorClass::kEnvironmental) return 7;
  if (!absl::IsPermissionDenied(
          database.session().TakeFence(absl::ZeroDuration()))) {
    return 8;
  }
  return 0;
}

TEST_F(FileTest, AFileThatMayOnlyBeRead) {
  Make("delete");
  const std::string bytes = Bytes();
  EXPECT_EQ(InChildOfNobody(folder_, TryToMigrate, File()), 0);
  EXPECT_EQ(Bytes(), bytes);
}

TEST_F(FileTest, ADamagedTableStopsThePlan) {
  Make("delete");
  {
    std::fstream file(File(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(4096 * 10);
    file << std::string(4096, '\xee');
  }
  const std::string bytes = Bytes();
  {
    SqliteDatabase database(File());
    ASSERT_OK_AND_ASSIGN(const v1::Plan plan, database.PlanTo(kAfter));
    EXPECT_THAT(database.Run(plan),
                StatusIs(absl::StatusCode::kFailedPrecondition,
                         HasSubstr("SQLITE_CORRUPT: database disk image is "
                                   "malformed")));
  }
  EXPECT_EQ(Bytes(), bytes);
  EXPECT_FALSE(std::filesystem::exists(File() + "-journal"));
}

// DROP COLUMN leaves the other indexes as they are: what is wrong with them is
// found before COMMIT.
TEST_F(FileTest, ADamagedIndexStopsTheDropOfAColumn) {
  ASSERT_EQ(std::system(absl::StrCat(
                            "sqlite3 ", File(),
                            " \"CREATE TABLE t (a INT, b INT, c INT); CREATE "
                            "INDEX i ON t (a); INSERT INTO t VALUES (1, 2, 3); "
                            "PRAGMA writable_schema = ON; UPDATE sqlite_schema "
                            "SET sql = 'CREATE INDEX i ON t (b)' WHERE name = "
                            "'i'\"")
                            .c_str()),
            0);
  const std::string bytes = Bytes();
  {
    SqliteDatabase database(File());
    ASSERT_OK_AND_ASSIGN(
        v1::Plan plan,
        database.PlanTo("CREATE TABLE t (a INT, b INT); CREATE INDEX i ON t "
                        "(b)"));
    EXPECT_THAT(database.Run(plan),
                StatusIs(absl::StatusCode::kFailedPrecondition,
                         HasSubstr("table t is not sound: row 1 missing from "
                                   "index i")));
  }
  EXPECT_EQ(Bytes(), bytes);
}

TEST_F(FileTest, ADamagedSchemaIsAnErrorNotASmallerSchema) {
  Make("delete");
  std::string bytes = Bytes();
  const size_t at = bytes.find("CREATE TABLE t");
  ASSERT_NE(at, bytes.npos);
  bytes.replace(at, 6, "CRATER");
  std::ofstream(File(), std::ios::binary) << bytes;
  EXPECT_THAT(OpenSession(absl::StrCat("sqlite:", File()), SessionOptions()),
              StatusIs(absl::StatusCode::kDataLoss,
                       HasSubstr("malformed database schema (t)")));
  EXPECT_EQ(Bytes(), bytes);
}

TEST_F(FileTest, WhatIsLeftOfACrashedWriterIsReplayed) {
  Make("wal");
  // A process that dies with its changes in the log only.
  const pid_t child = fork();
  if (child == 0) {
    SqliteDatabase writer(File());
    writer.Load("INSERT INTO t VALUES (100000, 1);");
    _exit(0);  // closes nothing
  }
  ASSERT_EQ(waitpid(child, nullptr, 0), child);
  EXPECT_GT(std::filesystem::file_size(File() + "-wal"), 0u);
  SqliteDatabase database(File());
  EXPECT_OK(database.SyncTo(kAfter));
  EXPECT_EQ(database.Value("SELECT count(*), max(id) FROM t"), "5001 100000");
}

TEST_F(FileTest, AFullDiskStopsThePlan) {
  for (const char* journal : {"delete", "wal"}) {
    std::filesystem::remove(File());
    Make(journal);
    SqliteDatabase database(File());
    ASSERT_OK_AND_ASSIGN(const v1::Plan plan, database.PlanTo(kAfter));
    const std::string before = database.Fingerprint();
    const std::string pages = database.Value("PRAGMA page_count");
    database.Value(absl::StrCat("PRAGMA max_page_count = ", pages));
    EXPECT_THAT(database.Run(plan),
                StatusIs(absl::StatusCode::kFailedPrecondition,
                         HasSubstr("SQLITE_FULL: database or disk is full")));
    EXPECT_EQ(database.Fingerprint(), before);
    EXPECT_EQ(database.Value("SELECT count(*), sum(a) FROM t"),
              "5000 87517500");
    database.Value("PRAGMA max_page_count = 100000");
    EXPECT_OK(database.Run(plan));
  }
}

// The shell goes on after errors unless it is told not to: DROP TABLE after a
// copy that failed.
TEST_F(FileTest, ScriptsStopTheShellToo) {
  constexpr char kBroken[] =
      "CREATE TABLE p (id INTEGER PRIMARY KEY);"
      "CREATE TABLE t (id INTEGER PRIMARY KEY, a INT);";
  constexpr char kWanted[] =
      "CREATE TABLE p (id INTEGER PRIMARY KEY);"
      "CREATE TABLE t (id INTEGER PRIMARY KEY, a INT %s);";
  for (const char* demand : {"NOT NULL", "REFERENCES p"}) {
    std::filesystem::remove(File());
    SqliteDatabase database(File());
    database.Load(kBroken);
    database.Load("INSERT INTO t VALUES (1, NULL), (2, 7);");
    ASSERT_OK_AND_ASSIGN(
        const v1::Plan plan,
        database.PlanTo(absl::StrReplaceAll(kWanted, {{"%s", demand}})));
    const std::string script = folder_ + "/plan.sql";
    std::ofstream(script) << PlanToScript(plan, SqliteDialect());
    const std::string run = absl::StrCat("sqlite3 ", File(), " < ", script,
                                         " > ", folder_, "/said 2>&1");
    EXPECT_NE(system(run.c_str()), 0) << demand;
    EXPECT_EQ(database.Value("SELECT count(*) FROM t"), "2");
    EXPECT_EQ(database.Fingerprint(), plan.from_fingerprint());
    database.Load("DELETE FROM t WHERE a IS NULL; INSERT INTO p VALUES (7);");
    EXPECT_EQ(system(run.c_str()), 0) << demand;
    EXPECT_EQ(database.Fingerprint(), plan.to_fingerprint());
  }
}

// As after a restored backup: the old file is still open.
TEST_F(FileTest, AFileThatWasReplacedIsOpenedAgain) {
  Make("delete");
  SqliteDatabase database(File());
  ASSERT_OK_AND_ASSIGN(const v1::Plan plan, database.PlanTo(kAfter));
  ASSERT_OK_AND_ASSIGN(const std::string token,
                       ReadChangeToken(database.session(), SqliteDialect()));
  EXPECT_FALSE(database.session().IsBroken());
  std::filesystem::copy_file(File(), File() + ".new");
  std::filesystem::rename(File() + ".new", File());
  EXPECT_TRUE(database.session().IsBroken());
  EXPECT_THAT(database.Run(plan), StatusIs(absl::StatusCode::kUnavailable,
                                           HasSubstr("was replaced since")));
  SqliteDatabase again(File());
  ASSERT_OK_AND_ASSIGN(const std::string other,
                       ReadChangeToken(again.session(), SqliteDialect()));
  EXPECT_NE(other, token);
  EXPECT_OK(again.Run(plan));
}

TEST_F(FileTest, TemporaryObjectsAreNotSeen) {
  Make("delete");
  SqliteDatabase database(File());
  const std::string fingerprint = database.Fingerprint();
  database.Load(
      "CREATE TEMP TABLE t (other INT); CREATE TEMP TABLE mine (a INT);"
      "CREATE TEMP VIEW v AS SELECT 1;"
      "CREATE TEMP TRIGGER g AFTER INSERT ON main.t BEGIN SELECT 1; END;");
  EXPECT_EQ(database.Fingerprint(), fingerprint);
}

TEST_F(FileTest, SaysHowMuchRoomThereIs) {
  Make("delete");
  SqliteDatabase database(File());
  EXPECT_EQ(database.Value("SELECT fleetctl_free_bytes() > 0"), "1");
  const std::string bytes = database.Value("SELECT fleetctl_table_bytes('T')");
  EXPECT_GT(std::stoll(bytes), 5000 * 4);
  EXPECT_LE(std::stoll(bytes),
            static_cast<long long>(std::filesystem::file_size(File())));
  database.Load("CREATE INDEX i ON t (a)");
  EXPECT_GT(std::stoll(database.Value("SELECT fleetctl_table_bytes('t')")),
            std::stoll(bytes));
  database.Load(
      "CREATE VIRTUAL TABLE docs USING fts5(body);"
      "INSERT INTO docs SELECT 'word ' || id FROM t;");
  EXPECT_GT(std::stoll(database.Value("SELECT fleetctl_table_bytes('docs')")),
            100'000);
  // Not for definitions in the file.
  database.Load("CREATE VIEW v AS SELECT fleetctl_free_bytes() AS n");
  EXPECT_FALSE(database.session().Query("SELECT n FROM v").ok());
}

TEST_F(FileTest, ATableThatDoesNotFitOnTheDisk) {
  Make("delete");
  SqliteDatabase database(File());
  ASSERT_OK_AND_ASSIGN(v1::Plan plan, database.PlanTo(kAfter));
  EXPECT_THAT(database.Findings(plan, false), IsEmpty());
  // The same question on a smaller disk.
  int asked = 0;
  for (v1::Statement& statement : *plan.mutable_statements()) {
    for (v1::Check& check : *statement.mutable_checks()) {
      check.set_sql(absl::StrReplaceAll(check.sql(),
                                        {{"fleetctl_free_bytes()", "2000"}}));
      ++asked;
    }
  }
  EXPECT_GT(asked, 0);
  EXPECT_THAT(database.Findings(plan, false),
              ElementsAre(HasSubstr("the disk has no room to rebuild t; make "
                                    "room first: about 1 MiB are needed, 0 MiB "
                                    "are free")));
}

TEST_F(FileTest, LargeTablesAreAnnounced) {
  SqliteDatabase database(File());
  database.Load(kBefore);
  ASSERT_OK_AND_ASSIGN(const v1::Plan plan, database.PlanTo(kAfter));
  EXPECT_THAT(database.Findings(plan, /*warnings=*/true), IsEmpty());
  database.Load("INSERT INTO t VALUES (1, zeroblob(120 * 1048576))");
  EXPECT_THAT(database.Findings(plan, /*warnings=*/true),
              ElementsAre(HasSubstr("about 120 MiB are written anew")));
}

TEST(DiskTest, KnowsNetworkFileSystems) {
  EXPECT_TRUE(sqlite::IsNetworkFileSystem(0x6969));       // nfs
  EXPECT_TRUE(sqlite::IsNetworkFileSystem(0xFF534D42));   // cifs
  EXPECT_FALSE(sqlite::IsNetworkFileSystem(0xEF53));      // ext4
  EXPECT_FALSE(sqlite::IsNetworkFileSystem(0x01021994));  // tmpfs
  EXPECT_OK(sqlite::CheckFileSystem("/tmp"));
  EXPECT_OK(sqlite::CheckFileSystem("/no/such/file"));
}

}  // namespace
}  // namespace fleet
