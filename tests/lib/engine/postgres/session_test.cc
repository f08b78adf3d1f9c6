#include "lib/engine/session.h"

#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "lib/engine/open_session.h"
#include "lib/engine/postgres/scratch.h"
#include "lib/engine/postgres/settings.h"
#include "tests/testing/matchers.h"
#include "tests/testing/real_postgres.h"

namespace fleet {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using testing::StatusIs;

class PostgresSessionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(url_, testing::CreatePostgresDatabase());
    session_ = Open();
    ASSERT_NE(session_, nullptr);
  }

  std::unique_ptr<Session> Open(const SessionOptions& options = {}) const {
    absl::StatusOr<std::unique_ptr<Session>> session =
        OpenSession(url_, options);
    EXPECT_OK(session);
    return session.ok() ? *std::move(session) : nullptr;
  }

  static std::string One(Session& session, absl::string_view sql) {
    const auto rows = session.Query(sql);
    EXPECT_OK(rows);
    if (!rows.ok() || (*rows)->rows() != 1) return "?";
    return std::string((*rows)->at(0, 0));
  }
  std::string One(absl::string_view sql) { return One(*session_, sql); }

  std::string url_;
  std::unique_ptr<Session> session_;
};

TEST_F(PostgresSessionTest, SaysWhatItIs) {
  EXPECT_EQ(session_->info().engine, v1::POSTGRES);
  EXPECT_EQ(session_->info().flavour, "postgresql");
  EXPECT_EQ(absl::StrCat(session_->info().server_version),
            One("SELECT current_setting('server_version_num')"));
}

TEST_F(PostgresSessionTest, PinsSettings) {
  for (const PinnedSetting& setting :
       PinnedSettings(session_->info().server_version, false, true)) {
    EXPECT_EQ(One(absl::StrCat("SHOW ", setting.name)), setting.value)
        << setting.name;
  }
  EXPECT_EQ(One("SHOW application_name"), "fleetctl");
  SessionOptions options;
  options.read_only = true;
  options.application_name = "reader";
  const auto reader = Open(options);
  EXPECT_EQ(One(*reader, "SHOW default_transaction_read_only"), "on");
  EXPECT_EQ(One(*reader, "SHOW application_name"), "reader");
  EXPECT_THAT(
      reader->Execute("CREATE TABLE public.t (a int)"),
      StatusIs(absl::StatusCode::kFailedPrecondition, StartsWith("25006: ")));
}

TEST_F(PostgresSessionTest, RunsExactlyOneStatement) {
  EXPECT_THAT(session_->Execute("SELECT 1; SELECT 2"),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       StartsWith("42601: cannot insert multiple commands")));
  EXPECT_OK(session_->Execute("SELECT 1;"));
  EXPECT_FALSE(session_->Execute("").ok());
}

TEST_F(PostgresSessionTest, ClassifiesErrors) {
  ASSERT_OK(session_->Execute("CREATE TABLE public.t (a int PRIMARY KEY)"));
  ASSERT_OK(session_->Execute("INSERT INTO public.t VALUES (1)"));
  const absl::Status data =
      session_->Execute("INSERT INTO public.t VALUES (1)");
  EXPECT_THAT(std::string(data.message()),
              StartsWith("23505: duplicate key value violates unique "
                         "constraint \"t_pkey\"; Key (a)=(1) already exists."));
  EXPECT_EQ(ErrorClassOf(data), ErrorClass::kData);
  EXPECT_EQ(ErrorClassOf(session_->Execute("CREATE TABLE public.t (a int)")),
            ErrorClass::kPlan);
}

TEST_F(PostgresSessionTest, LockTimeoutIsRetryable) {
  ASSERT_OK(session_->Execute("CREATE TABLE public.t (a int)"));
  const auto other = Open();
  ASSERT_OK(other->Begin());
  ASSERT_OK(other->Execute("LOCK TABLE public.t"));
  ASSERT_OK(session_->SetTimeouts(50, 10'000));
  EXPECT_EQ(One("SHOW lock_timeout"), "50ms");
  EXPECT_EQ(One("SHOW statement_timeout"), "10s");
  const absl::Status status =
      session_->Execute("ALTER TABLE public.t ADD b int");
  EXPECT_THAT(status,
              StatusIs(absl::StatusCode::kAborted, StartsWith("55P03: ")));
  EXPECT_EQ(ErrorClassOf(status), ErrorClass::kRetryable);
}

TEST_F(PostgresSessionTest, TimeoutsOfARolledBackTransactionAreSetAgain) {
  ASSERT_OK(session_->Begin());
  ASSERT_OK(session_->SetTimeouts(70, 0));
  ASSERT_OK(session_->Rollback());
  EXPECT_EQ(One("SHOW lock_timeout"), "0");
  ASSERT_OK(session_->SetTimeouts(70, 0));
  EXPECT_EQ(One("SHOW lock_timeout"), "70ms");
}

TEST_F(PostgresSessionTest, CancelsFromAnotherThread) {
  std::thread canceller([this] {
    absl::SleepFor(absl::Milliseconds(100));
    session_->Cancel();
  });
  const absl::Status status = session_->Execute("SELECT pg_sleep(30)");
  canceller.join();
  EXPECT_THAT(std::string(status.message()), StartsWith("57014: "));
  EXPECT_FALSE(session_->IsBroken());
}

TEST_F(PostgresSessionTest, ALostConnectionIsUnknown) {
  const auto other = Open();
  const std::string pid = One("SELECT pg_backend_pid()");
  ASSERT_OK(other->Execute(
      absl::StrCat("SELECT pg_terminate_backend(", pid, ", 5000)")));
  const absl::Status status = session_->Execute("SELECT 1");
  EXPECT_EQ(ErrorClassOf(status), ErrorClass::kUnknown) << status;
  EXPECT_TRUE(session_->IsBroken());
  EXPECT_EQ(ErrorClassOf(session_->Execute("SELECT 1")), ErrorClass::kUnknown);
  EXPECT_EQ(ErrorClassOf(session_->ExecuteAll({"SELECT 1"}, nullptr)),
            ErrorClass::kUnknown);
}

TEST_F(PostgresSessionTest, ALostConnectionInAPipelineIsUnknown) {
  int failed = -1;
  const absl::Status status = session_->ExecuteAll(
      {"SELECT 1", "SELECT pg_terminate_backend(pg_backend_pid())", "SELECT 2"},
      &failed);
  EXPECT_EQ(ErrorClassOf(status), ErrorClass::kUnknown) << status;
  EXPECT_EQ(failed, 1);
  EXPECT_TRUE(session_->IsBroken());
}

TEST_F(PostgresSessionTest, ReadsOneSnapshot) {
  const auto other = Open();
  ASSERT_OK_AND_ASSIGN(
      const auto rows,
      session_->QuerySnapshot({"SHOW transaction_isolation",
                               "SHOW transaction_read_only", "SELECT NULL"}));
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0]->at(0, 0), "repeatable read");
  EXPECT_EQ(rows[1]->at(0, 0), "on");
  EXPECT_TRUE(rows[2]->is_null(0, 0));
  EXPECT_THAT(
      session_->QuerySnapshot({"SELECT 1", "SELECT 1/0", "SELECT 2"}),
      StatusIs(absl::StatusCode::kFailedPrecondition, StartsWith("22012: ")));
  EXPECT_OK(session_->Execute("CREATE TABLE public.t (a int)"));
}

TEST_F(PostgresSessionTest, KeepsPlansOfWhatIsAskedAgain) {
  SessionOptions options;
  options.keep_plans = true;
  const auto warm = Open(options);
  const std::vector<std::string> queries = {
      "SELECT count(*) FROM pg_class WHERE relname = 't'", "SELECT 7"};
  for (absl::string_view want : {"0", "1"}) {
    ASSERT_OK_AND_ASSIGN(const auto rows, warm->QuerySnapshot(queries));
    EXPECT_EQ(rows[0]->at(0, 0), want);
    EXPECT_EQ(rows[1]->at(0, 0), "7");
    ASSERT_OK(warm->Execute("CREATE TABLE IF NOT EXISTS public.t (a int)"));
  }
  EXPECT_EQ(One(*warm,
                "SELECT sum(generic_plans) FROM "
                "pg_prepared_statements"),
            "4");
  // A query that cannot be prepared leaves the others as they are.
  EXPECT_FALSE(warm->QuerySnapshot({"SELECT 8", "SELECT nothing"}).ok());
  EXPECT_OK(warm->QuerySnapshot({"SELECT 8", queries[0]}));
  // Nor does a session keep whatever comes.
  for (int i = 0; i < 50; ++i) {
    const std::string query = absl::StrCat("SELECT ", 100 + i);
    ASSERT_OK_AND_ASSIGN(const auto rows, warm->QuerySnapshot({query}));
    EXPECT_EQ(rows[0]->at(0, 0), absl::StrCat(100 + i));
  }
  EXPECT_EQ(One(*warm, "SELECT count(*) <= 41 FROM pg_prepared_statements"),
            "t");
}

TEST_F(PostgresSessionTest, SnapshotSeesTheCallersTransaction) {
  ASSERT_OK(session_->Begin());
  ASSERT_OK(session_->Execute("CREATE TABLE public.t (a int)"));
  ASSERT_OK_AND_ASSIGN(
      const auto rows,
      session_->QuerySnapshot({"SELECT to_regclass('public.t')"}));
  EXPECT_EQ(rows[0]->at(0, 0), "public.t");
  ASSERT_OK(session_->Rollback());
  EXPECT_EQ(One("SELECT count(to_regclass('public.t'))"), "0");
}

TEST_F(PostgresSessionTest, ExecuteAllSaysWhichFailed) {
  int failed = 7;
  ASSERT_OK(session_->Begin());
  EXPECT_OK(session_->ExecuteAll(
      {"CREATE TABLE public.a (x int)", "CREATE TABLE public.b (x int)"},
      &failed));
  EXPECT_EQ(failed, -1);
  EXPECT_THAT(
      session_->ExecuteAll({"CREATE TABLE public.c (x int)",
                            "CREATE TABLE public.a (x int)", "SELECT 1"},
                           &failed),
      StatusIs(absl::StatusCode::kFailedPrecondition, StartsWith("42P07: ")));
  EXPECT_EQ(failed, 1);
  EXPECT_THAT(session_->Commit(),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("rolled back")));
  EXPECT_EQ(One("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"),
            "0");
}

TEST_F(PostgresSessionTest, OneSessionHoldsTheFence) {
  const auto other = Open();
  ASSERT_OK(session_->TakeFence(absl::ZeroDuration()));
  ASSERT_OK(session_->TakeFence(absl::ZeroDuration()));  // again: nothing new
  EXPECT_THAT(other->TakeFence(absl::Milliseconds(60)),
              StatusIs(absl::StatusCode::kAborted,
                       HasSubstr("another fleetctl session")));
  session_->ReleaseFence();
  EXPECT_OK(other->TakeFence(absl::ZeroDuration()));
  other->ReleaseFence();
  ASSERT_OK(session_->TakeFence(absl::ZeroDuration()));
  session_.reset();
  EXPECT_OK(other->TakeFence(absl::Seconds(5)));
}

TEST_F(PostgresSessionTest, RunsDumps) {
  ASSERT_OK(session_->RunScript(
      "\\restrict x\nSET statement_timeout = 0;\n"
      "SELECT pg_catalog.set_config('search_path', '', false);\n"
      "CREATE FUNCTION public.f() RETURNS int LANGUAGE sql AS $$ SELECT 1; "
      "$$;\n"
      "ALTER FUNCTION public.f() OWNER TO nobody_here;\n"
      "CREATE TABLE public.t (a int);\nGRANT ALL ON public.t TO nobody_here;\n"
      "COPY public.t (a) FROM stdin;\n1\n\\.\n\\unrestrict x\n",
      "dump.sql"));
  ASSERT_OK(session_->RunScript("CREATE TABLE here (a t);", "plain.sql"));
  EXPECT_EQ(One("SELECT count(to_regclass('public.here'))"), "1");
  EXPECT_EQ(One("SHOW search_path"), "pg_catalog");
}

TEST_F(PostgresSessionTest, ScriptErrorsSayWhere) {
  EXPECT_THAT(session_->RunScript(
                  "CREATE TABLE t (a int);\n\nSELECT 'é', nope;", "a.sql"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       StartsWith("a.sql:3:13: 42703: column \"nope\"")));
  EXPECT_THAT(session_->RunScript("BEGIN; CREATE TABLE u (a int);", "b.sql"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("ends inside a transaction")));
  EXPECT_THAT(session_->RunScript("BEGIN;\nSELECT 1/0;", "c.sql"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       StartsWith("c.sql:2:1: 22012: division by zero")));
  EXPECT_EQ(One("SELECT count(to_regclass('public.u'))"), "0");
  EXPECT_EQ(One("SHOW search_path"), "pg_catalog");
}

TEST_F(PostgresSessionTest, CopyEndsTheSession) {
  ASSERT_OK(session_->Execute("CREATE TABLE public.t (a int)"));
  EXPECT_THAT(session_->Execute("COPY public.t FROM stdin"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("COPY")));
  EXPECT_TRUE(session_->IsBroken());
}

TEST_F(PostgresSessionTest, ConnectErrorsAreToldApart) {
  EXPECT_THAT(OpenSession(WithDatabase(url_, "nowhere"), SessionOptions()),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("\"nowhere\"")));
  EXPECT_THAT(
      OpenSession("postgres://u:secret@127.0.0.1:1/d", SessionOptions()),
      StatusIs(absl::StatusCode::kUnavailable,
               ::testing::AllOf(HasSubstr("u@127.0.0.1:1/d"),
                                ::testing::Not(HasSubstr("secret")))));
}

TEST_F(PostgresSessionTest, ReadsLargeSnapshots) {
  // More than any socket buffer in both directions, so that a pipeline that
  // only wrote would never end.
  const std::string query =
      absl::StrCat("SELECT repeat('x', 1000) /* ", std::string(200'000, 'y'),
                   " */ FROM generate_series(1, 2000)");
  ASSERT_OK_AND_ASSIGN(
      const auto rows,
      session_->QuerySnapshot(std::vector<std::string>(8, query)));
  EXPECT_EQ(rows.back()->rows(), 2000);
}

}  // namespace
}  // namespace fleet
