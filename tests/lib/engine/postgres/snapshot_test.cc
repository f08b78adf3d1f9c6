#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lib/engine/introspect.h"
#include "lib/engine/open_session.h"
#include "lib/engine/postgres/dialect.h"
#include "lib/engine/postgres/queries.h"
#include "tests/testing/counting_proxy.h"
#include "tests/testing/matchers.h"
#include "tests/testing/real_postgres.h"

// What reading a schema costs, counted: it does not depend on how many objects
// there are, and what nobody has is not asked for.

namespace fleet::postgres {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::ProtocolCounts;
using ::testing::StartsWith;
using testing::StatusIs;

// With BEGIN and COMMIT.
constexpr int kMaxStatements = 20;

// At least one of each kind that few databases have.
constexpr const char* kRareKinds[][2] = {
    {"pg_range", "CREATE TYPE public.r AS RANGE (subtype = float8)"},
    {"pg_aggregate",
     "CREATE AGGREGATE public.g (integer) (SFUNC = int4pl, STYPE = integer)"},
    {"pg_default_acl",
     "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC"},
    {"pg_rewrite", "CREATE RULE r AS ON INSERT TO public.t DO INSTEAD NOTHING"},
    {"pg_policy", "CREATE POLICY p ON public.t"},
    {"pg_event_trigger",
     "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION public.e()"},
    {"pg_statistic_ext", "CREATE STATISTICS public.s ON a, b FROM public.t"},
    {"pg_publication", "CREATE PUBLICATION p FOR ALL TABLES"},
    {"pg_cast", "CREATE CAST (point AS date) WITH INOUT"},
    {"pg_operator",
     "CREATE OPERATOR public.=== (FUNCTION = int4eq, LEFTARG = integer, "
     "RIGHTARG = integer)"},
    {"pg_opfamily", "CREATE OPERATOR FAMILY public.f USING btree"},
    {"pg_opclass",
     "CREATE OPERATOR CLASS public.c FOR TYPE integer USING btree AS "
     "OPERATOR 1 <, FUNCTION 1 btint4cmp(integer, integer)"},
    {"pg_collation", "CREATE COLLATION public.l FROM \"C\""},
    {"pg_ts_config",
     "CREATE TEXT SEARCH CONFIGURATION public.c (COPY = simple)"},
    {"pg_ts_dict",
     "CREATE TEXT SEARCH DICTIONARY public.d (TEMPLATE = simple)"},
    {"pg_ts_template",
     "CREATE TEXT SEARCH TEMPLATE public.t (LEXIZE = dsimple_lexize)"},
    {"pg_ts_parser",
     "CREATE TEXT SEARCH PARSER public.p (START = prsd_start, GETTOKEN = "
     "prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype)"},
    {"pg_language", "CREATE LANGUAGE x HANDLER plpgsql_call_handler"},
    {"pg_conversion",
     "CREATE CONVERSION public.c FOR 'LATIN1' TO 'UTF8' FROM "
     "iso8859_1_to_utf8"},
    {"pg_foreign_data_wrapper", "CREATE FOREIGN DATA WRAPPER w"},
    {"pg_foreign_server", "CREATE SERVER s FOREIGN DATA WRAPPER w"},
    {"pg_am", "CREATE ACCESS METHOD h TYPE TABLE HANDLER heap_tableam_handler"},
    {"pg_transform",
     "CREATE TRANSFORM FOR integer LANGUAGE plpgsql (FROM SQL WITH FUNCTION "
     "prsd_lextype(internal))"},
};

class SnapshotTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(const std::string url,
                         testing::CreatePostgresDatabase());
    ASSERT_OK_AND_ASSIGN(proxy_, testing::StartCountingProxy(url));
    ASSERT_OK_AND_ASSIGN(session_, OpenSession(proxy_->url(), {}));
  }

  ProtocolCounts CountRead() {
    proxy_->Take();
    EXPECT_OK(Introspect(*session_, PostgresDialect()));
    return proxy_->Take();
  }

  // The follow-ups for the database as it is.
  std::string FollowUp() {
    const int version = session_->info().server_version;
    std::string all;
    const auto rows = session_->QuerySnapshot(
        CatalogQueries(version), [&](const RowSet& present) {
          for (const std::string& query : CatalogFollowUps(version, present)) {
            all.append(query);
          }
          return std::vector<std::string>();
        });
    EXPECT_OK(rows);
    return all;
  }

  void ExpectNothingRare() {
    const std::string asked = FollowUp();
    for (const auto& [catalog, statement] : kRareKinds) {
      EXPECT_THAT(asked, Not(HasSubstr(absl::StrCat(catalog, " "))));
    }
  }

  std::unique_ptr<testing::CountingProxy> proxy_;
  std::unique_ptr<Session> session_;
};

TEST_F(SnapshotTest, ConnectingTakesOneStatement) {
  const ProtocolCounts counts = proxy_->Take();
  EXPECT_EQ(counts.statements, 1);
  EXPECT_EQ(counts.round_trips, 1);
}

TEST_F(SnapshotTest, CostsTheSameForAnySize) {
  const ProtocolCounts empty = CountRead();
  EXPECT_LE(empty.statements, kMaxStatements);
  EXPECT_EQ(empty.round_trips, 2);
  for (int i = 0; i < 20; ++i) {
    ASSERT_OK(session_->RunScript(
        absl::StrCat("CREATE TABLE t", i,
                     " (a serial PRIMARY KEY, b text CHECK (b <> ''), "
                     "c integer REFERENCES t",
                     i, ");", "CREATE INDEX ON t", i, " (b) WHERE c > 0;",
                     "CREATE VIEW v", i, " AS SELECT a FROM t", i, ";"),
        "t.sql"));
  }
  const ProtocolCounts many = CountRead();
  EXPECT_EQ(many.statements, empty.statements);
  EXPECT_EQ(many.round_trips, empty.round_trips);
}

TEST_F(SnapshotTest, AsksForWhatIsRareWhereItIs) {
  ASSERT_OK(session_->RunScript(
      "CREATE TABLE t (a integer, b text); CREATE VIEW v AS SELECT a FROM t;"
      "CREATE DOMAIN d AS integer CHECK (VALUE > 0); CREATE TYPE c AS (a d);"
      "CREATE FUNCTION e() RETURNS event_trigger LANGUAGE plpgsql AS "
      "'BEGIN END';",
      "t.sql"));
  ExpectNothingRare();
  for (const auto& [catalog, statement] : kRareKinds) {
    ASSERT_OK(session_->Begin());
    // What it needs.
    if (absl::string_view(catalog) == "pg_foreign_server") {
      ASSERT_OK(session_->Execute("CREATE FOREIGN DATA WRAPPER w"));
    }
    ASSERT_OK(session_->Execute(statement)) << statement;
    EXPECT_THAT(FollowUp(), HasSubstr(absl::StrCat(catalog, " "))) << statement;
    ASSERT_OK(session_->Rollback());
  }
  ExpectNothingRare();
}

TEST_F(SnapshotTest, AllThatIsRareStaysWithinTheLimits) {
  ASSERT_OK(session_->RunScript(
      "CREATE TABLE t (a integer, b text);"
      "CREATE FUNCTION e() RETURNS event_trigger LANGUAGE plpgsql AS "
      "'BEGIN END';",
      "t.sql"));
  for (const auto& [catalog, statement] : kRareKinds) {
    ASSERT_OK(session_->Execute(statement)) << statement;
  }
  const ProtocolCounts counts = CountRead();
  EXPECT_LE(counts.statements, kMaxStatements);
  EXPECT_EQ(counts.round_trips, 2);
}

TEST_F(SnapshotTest, TheTokenTakesOneRoundTrip) {
  proxy_->Take();
  ASSERT_OK(ReadChangeToken(*session_, PostgresDialect()));
  const ProtocolCounts counts = proxy_->Take();
  EXPECT_EQ(counts.statements, 3);  // with BEGIN and COMMIT
  EXPECT_EQ(counts.round_trips, 1);
}

TEST_F(SnapshotTest, AFailureAnywhereFailsAll) {
  const auto more = [](std::vector<std::string> queries) {
    return [queries = std::move(queries)](const RowSet&) { return queries; };
  };
  ASSERT_OK_AND_ASSIGN(const auto rows,
                       session_->QuerySnapshot(
                           {"SELECT 1", "SELECT 2"},
                           more({"SELECT 3", "SHOW transaction_isolation"})));
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(rows[1]->at(0, 0), "2");
  EXPECT_EQ(rows[2]->at(0, 0), "3");
  EXPECT_EQ(rows[3]->at(0, 0), "repeatable read");
  const auto fails =
      StatusIs(absl::StatusCode::kFailedPrecondition, StartsWith("22012: "));
  EXPECT_THAT(
      session_->QuerySnapshot({"SELECT 1/0", "SELECT 2"}, more({"SELECT 3"})),
      fails);
  EXPECT_THAT(
      session_->QuerySnapshot({"SELECT 1", "SELECT 1/0"}, more({"SELECT 3"})),
      fails);
  EXPECT_THAT(
      session_->QuerySnapshot({"SELECT 1", "SELECT 2"}, more({"SELECT 1/0"})),
      fails);
  EXPECT_OK(session_->Execute("CREATE TABLE public.t (a int)"));
}

}  // namespace
}  // namespace fleet::postgres
