#include "lib/engine/scratch.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "lib/engine/introspect.h"
#include "lib/engine/make_plan.h"
#include "lib/engine/open_session.h"
#include "lib/engine/postgres/scratch.h"
#include "lib/engine/registry.h"
#include "lib/schema/fingerprint.h"
#include "tests/testing/matchers.h"
#include "tests/testing/real_postgres.h"

namespace fleet {
namespace {

using ::testing::HasSubstr;
using testing::StatusIs;

class ScratchTest : public ::testing::TestWithParam<v1::Engine> {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(dialect_, DialectOf(GetParam()));
    std::string url;
    if (GetParam() == v1::POSTGRES) {
      ASSERT_OK_AND_ASSIGN(url, testing::PostgresServerUrl());
    }
    ASSERT_OK_AND_ASSIGN(scratch_, Scratch::Open(GetParam(), url));
  }

  absl::StatusOr<Schema> Load(absl::string_view sql) {
    return SchemaOfSql(*scratch_, *dialect_, sql, "test.sql");
  }
  absl::StatusOr<v1::Plan> Plan(const Schema& from, const Schema& to) {
    return MakePlan(from, to, *dialect_, from.info(), PlanOptions());
  }

  const Dialect* dialect_ = nullptr;
  std::unique_ptr<Scratch> scratch_;
};

TEST_P(ScratchTest, IsEmptyAgainAfterReset) {
  ASSERT_OK_AND_ASSIGN(const Schema empty,
                       Introspect(scratch_->session(), *dialect_));
  ASSERT_OK(scratch_->session().RunScript("CREATE TABLE t (a int);", "a.sql"));
  ASSERT_OK(scratch_->Reset());
  ASSERT_OK_AND_ASSIGN(const Schema again,
                       Introspect(scratch_->session(), *dialect_));
  EXPECT_TRUE(empty == again);
}

TEST_P(ScratchTest, LoadsEachTextIntoAnEmptyDatabase) {
  ASSERT_OK_AND_ASSIGN(const Schema first, Load("CREATE TABLE t (a int);"));
  ASSERT_OK_AND_ASSIGN(const Schema second, Load("CREATE TABLE t (a int);"));
  EXPECT_EQ(Fingerprint(first, dialect_->specs()),
            Fingerprint(second, dialect_->specs()));
  EXPECT_THAT(Load("CREATE TABEL t (a int);"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("test.sql:1:8: ")));
}

TEST_P(ScratchTest, BuildsAScheme) {
  ASSERT_OK_AND_ASSIGN(
      const Schema schema,
      Load("CREATE TABLE t (a int PRIMARY KEY, b text NOT NULL);"
           "CREATE TABLE u (a int REFERENCES t (a));"
           "CREATE INDEX i ON t (b);"));
  ASSERT_OK(BuildSchema(*scratch_, *dialect_, schema));
  ASSERT_OK_AND_ASSIGN(const Schema built,
                       Introspect(scratch_->session(), *dialect_));
  EXPECT_EQ(Fingerprint(built, dialect_->specs()),
            Fingerprint(schema, dialect_->specs()));
}

TEST_P(ScratchTest, RehearsalFillsInFingerprints) {
  ASSERT_OK_AND_ASSIGN(const Schema from, Load("CREATE TABLE t (a int);"));
  ASSERT_OK_AND_ASSIGN(
      const Schema to,
      Load("CREATE TABLE t (a int); CREATE TABLE u (b text);"));
  ASSERT_OK_AND_ASSIGN(const v1::Plan plan, Plan(from, to));
  ASSERT_OK_AND_ASSIGN(const v1::Plan rehearsed,
                       Rehearse(*scratch_, *dialect_, from, plan, &to));
  EXPECT_TRUE(rehearsed.rehearsed());
  EXPECT_EQ(rehearsed.id(), PlanId(rehearsed));
  EXPECT_EQ(
      rehearsed.statements(rehearsed.statements_size() - 1).fingerprint_after(),
      plan.to_fingerprint());
  EXPECT_GT(rehearsed.reverse_size(), 0);
}

TEST_P(ScratchTest, RehearsalFindsWhatDiffers) {
  ASSERT_OK_AND_ASSIGN(const Schema from, Load("CREATE TABLE t (a int);"));
  ASSERT_OK_AND_ASSIGN(
      const Schema to,
      Load("CREATE TABLE t (a int); CREATE TABLE u (b text);"));
  ASSERT_OK_AND_ASSIGN(v1::Plan plan, Plan(from, to));
  v1::Statement& last = *plan.mutable_statements(plan.statements_size() - 1);
  last.set_sql("SELECT 1");
  EXPECT_THAT(Rehearse(*scratch_, *dialect_, from, plan, &to),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("differing: table ")));
  last.set_sql("CREATE TABEL u (b text)");
  EXPECT_THAT(Rehearse(*scratch_, *dialect_, from, plan, &to),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("(CREATE TABEL u (b text)): ")));
}

TEST_P(ScratchTest, AReverseThatDoesNotComeBackIsAHazard) {
  ASSERT_OK_AND_ASSIGN(const Schema from, Load("CREATE TABLE t (a int);"));
  ASSERT_OK_AND_ASSIGN(
      const Schema to,
      Load("CREATE TABLE t (a int); CREATE TABLE u (b text);"));
  ASSERT_OK_AND_ASSIGN(v1::Plan plan, Plan(from, to));
  plan.mutable_reverse(0)->set_sql("SELECT 1");
  ASSERT_OK_AND_ASSIGN(const v1::Plan rehearsed,
                       Rehearse(*scratch_, *dialect_, from, plan, &to));
  EXPECT_EQ(rehearsed.reverse_size(), 0);
  const v1::Statement& last =
      rehearsed.statements(rehearsed.statements_size() - 1);
  ASSERT_GT(last.hazards_size(), 0);
  EXPECT_EQ(last.hazards(last.hazards_size() - 1).type(), v1::IRREVERSIBLE);
}

TEST_P(ScratchTest, OpaqueObjectsStayInTheFingerprint) {
  ASSERT_OK_AND_ASSIGN(const Schema plain, Load("CREATE TABLE t (a int);"));
  std::vector<Object> objects(plain.objects().begin(), plain.objects().end());
  Object opaque(v1::OPAQUE, Path{"operator", "public.@@@"});
  opaque.Set("definition", "something");
  objects.push_back(opaque);
  ASSERT_OK_AND_ASSIGN(const Schema from,
                       Schema::Make(plain.info(), std::move(objects)));
  ASSERT_OK_AND_ASSIGN(
      const Schema to_plain,
      Load("CREATE TABLE t (a int); CREATE TABLE u (b text);"));
  objects.assign(to_plain.objects().begin(), to_plain.objects().end());
  objects.push_back(opaque);
  ASSERT_OK_AND_ASSIGN(const Schema to,
                       Schema::Make(plain.info(), std::move(objects)));
  ASSERT_OK_AND_ASSIGN(const v1::Plan plan, Plan(from, to));
  EXPECT_OK(Rehearse(*scratch_, *dialect_, from, plan, &to));
}

INSTANTIATE_TEST_SUITE_P(Engines, ScratchTest,
                         ::testing::Values(v1::POSTGRES, v1::SQLITE),
                         [](const auto& info) {
                           return v1::Engine_Name(info.param);
                         });

TEST(PostgresScratchTest, TakesItsDatabaseAway) {
  ASSERT_OK_AND_ASSIGN(const std::string url, testing::PostgresServerUrl());
  ASSERT_OK_AND_ASSIGN(const auto session, OpenSession(url, SessionOptions()));
  const char count[] =
      "SELECT count(*) FROM pg_database WHERE datname LIKE "
      "'fleetctl\\_scratch\\_%'";
  {
    ASSERT_OK_AND_ASSIGN(const auto scratch, Scratch::Open(v1::POSTGRES, url));
    ASSERT_OK_AND_ASSIGN(const auto rows, session->Query(count));
    EXPECT_EQ(rows->at(0, 0), "1");
  }
  ASSERT_OK_AND_ASSIGN(const auto rows, session->Query(count));
  EXPECT_EQ(rows->at(0, 0), "0");
}

// The folder is the host in the URL.
std::string FolderOf(absl::string_view url) {
  const size_t begin = url.find("host=") + 5;
  return std::string(url.substr(begin, url.find('&', begin) - begin));
}

TEST(PrivateServerTest, GoesWithItsObject) {
  std::string folder;
  {
    ASSERT_OK_AND_ASSIGN(const auto server, StartPostgresServer());
    folder = FolderOf(server->Url("postgres"));
    ASSERT_TRUE(std::filesystem::exists(folder)) << folder;
    ASSERT_OK(OpenSession(server->Url("postgres"), SessionOptions()));
  }
  EXPECT_FALSE(std::filesystem::exists(folder));
}

TEST(PrivateServerTest, GoesWithItsProcess) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    const auto server = StartPostgresServer();
    const std::string folder =
        server.ok() ? FolderOf((*server)->Url("postgres")) : "";
    if (write(ends[1], folder.data(), folder.size()) < 0) _exit(1);
    close(ends[1]);
    for (;;) pause();
  }
  close(ends[1]);
  std::string folder(256, '\0');
  const ssize_t size = read(ends[0], folder.data(), folder.size());
  close(ends[0]);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  ASSERT_GT(size, 0);
  folder.resize(static_cast<size_t>(size));
  for (int i = 0; i < 200 && std::filesystem::exists(folder); ++i) {
    absl::SleepFor(absl::Milliseconds(50));
  }
  EXPECT_FALSE(std::filesystem::exists(folder)) << folder;
}

}  // namespace
}  // namespace fleet
