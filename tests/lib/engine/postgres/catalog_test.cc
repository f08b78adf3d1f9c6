#include "lib/engine/postgres/catalog.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lib/engine/introspect.h"
#include "lib/engine/marker.h"
#include "lib/engine/open_session.h"
#include "lib/engine/postgres/dialect.h"
#include "lib/engine/postgres/quoting.h"
#include "lib/schema/fingerprint.h"
#include "tests/testing/matchers.h"
#include "tests/testing/real_postgres.h"

// What is printed here instead of by the server is what the server would print,
// and nothing is seen that is not the user's.

namespace fleet::postgres {
namespace {

class CatalogTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(const std::string url,
                         testing::CreatePostgresDatabase());
    ASSERT_OK_AND_ASSIGN(session_, OpenSession(url, {}));
  }

  void Run(absl::string_view sql) {
    ASSERT_OK(session_->RunScript(sql, "test.sql"));
  }

  std::string Token() {
    absl::StatusOr<std::string> token =
        ReadChangeToken(*session_, PostgresDialect());
    EXPECT_OK(token);
    return token.value_or("");
  }

  std::unique_ptr<Session> session_;
};

TEST_F(CatalogTest, PrintsTypesAsTheServerDoes) {
  Run("CREATE SCHEMA \"S\"; CREATE TYPE \"S\".\"select\" AS ENUM ('a');"
      "CREATE DOMAIN d AS integer; CREATE TYPE c AS (a integer);"
      "CREATE TYPE r AS RANGE (subtype = float8);");
  ASSERT_OK_AND_ASSIGN(
      const auto results,
      session_->QuerySnapshot(CatalogQueries(session_->info().server_version)));
  const Catalog catalog(results);
  ASSERT_OK_AND_ASSIGN(
      const auto rows,
      session_->Query(
          "SELECT oid, -1, format_type(oid, -1) FROM pg_type UNION ALL "
          "SELECT t, m, format_type(t, m) FROM unnest(ARRAY[1042, 1043, 1560, "
          "1562, 1700, 1083, 1114, 1184, 1266, 1015, 1231]) t, "
          "unnest(ARRAY[4, 5, 24, 655366, 200710]) m UNION ALL "
          // Fields of an interval, with and without a precision.
          "SELECT 1186, m, format_type(1186, m) FROM (SELECT f << 16 | p AS m "
          "FROM unnest(ARRAY[2, 4, 6, 8, 1024, 2048, 4096, 1032, 3080, 7176, "
          "3072, 7168, 6144, 32767]) f, unnest(ARRAY[3, 65535]) p) i"));
  ASSERT_GT(rows->rows(), 400);
  for (int i = 0; i < rows->rows(); ++i) {
    const CatalogRow row(rows.get(), i);
    EXPECT_EQ(catalog.types().Format(row.Id(0), row.Count(1)), row.Text(2))
        << row.Text(0) << " " << row.Text(1);
  }
}

TEST_F(CatalogTest, QuotesAllKeywordsOfTheServer) {
  ASSERT_OK_AND_ASSIGN(
      const auto rows,
      session_->Query("SELECT word, quote_ident(word) FROM pg_get_keywords()"));
  for (int i = 0; i < rows->rows(); ++i) {
    const std::string word(rows->at(i, 0));
    // A later server's keyword is quoted on an earlier one too.
    if (QuoteName(word) != word && rows->at(i, 1) == word) continue;
    EXPECT_EQ(QuoteName(word), rows->at(i, 1));
  }
}

TEST_F(CatalogTest, AnEmptyDatabaseHasOneSchema) {
  ASSERT_OK_AND_ASSIGN(const Schema schema,
                       Introspect(*session_, PostgresDialect()));
  ASSERT_EQ(schema.objects().size(), 1u);
  EXPECT_EQ(schema.objects()[0].key, (ObjectKey{v1::SCHEMA, Path{"public"}}));
}

TEST_F(CatalogTest, DoesNotSeeWhatIsNotTheUsers) {
  ASSERT_OK_AND_ASSIGN(const Schema before,
                       Introspect(*session_, PostgresDialect()));
  Run("CREATE SCHEMA fleetctl_meta; CREATE TABLE fleetctl_meta.state (a int);"
      "CREATE TEMPORARY TABLE t (a integer PRIMARY KEY);");
  ASSERT_OK_AND_ASSIGN(const Schema after,
                       Introspect(*session_, PostgresDialect()));
  EXPECT_EQ(after, before);
}

TEST_F(CatalogTest, OurOwnStateIsNoChange) {
  Run("CREATE DOMAIN d AS integer CHECK (VALUE > 0);");
  const std::string before = Token();
  ASSERT_OK(EnsureMarkers(*session_, PostgresDialect()));
  EXPECT_EQ(Token(), before);
  Run("ALTER DOMAIN d ADD CHECK (VALUE < 9);");
  EXPECT_NE(Token(), before);
}

TEST_F(CatalogTest, SeesWithoutPrivileges) {
  Run("CREATE SCHEMA s; CREATE TABLE s.t (a integer DEFAULT 1 CHECK (a > 0));"
      "CREATE VIEW s.v AS SELECT a FROM s.t; CREATE FUNCTION s.f() RETURNS "
      "integer LANGUAGE sql AS 'SELECT 1';");
  ASSERT_OK(session_->Execute("CREATE ROLE weak"));
  ASSERT_OK_AND_ASSIGN(const Schema before,
                       Introspect(*session_, PostgresDialect()));
  ASSERT_OK(session_->Execute("SET ROLE weak"));
  ASSERT_OK_AND_ASSIGN(const Schema after,
                       Introspect(*session_, PostgresDialect()));
  // That others own it is noted, and not compared.
  EXPECT_EQ(after.objects().size(), before.objects().size());
  EXPECT_EQ(Fingerprint(after, PostgresDialect().specs()),
            Fingerprint(before, PostgresDialect().specs()));
}

TEST_F(CatalogTest, TheTokenChangesWithTheSchema) {
  Run("CREATE TYPE e AS ENUM ('a'); CREATE TABLE t (a integer, b text);"
      "CREATE SEQUENCE s;");
  const char* const changes[] = {
      "COMMENT ON TABLE public.t IS 'x'",
      "COMMENT ON SCHEMA public IS 'x'",
      "ALTER TYPE public.e ADD VALUE 'b'",
      "ALTER TABLE public.t ALTER a SET DEFAULT 1",
      "ALTER TABLE public.t ALTER a SET DEFAULT 2",
      "ALTER TABLE public.t ADD CONSTRAINT c CHECK (a > 0) NOT VALID",
      "ALTER TABLE public.t VALIDATE CONSTRAINT c",
      "CREATE INDEX i ON public.t (a)",
      "ALTER SEQUENCE public.s INCREMENT BY 2",
      "CREATE FUNCTION public.f() RETURNS trigger LANGUAGE plpgsql AS "
      "'BEGIN RETURN NEW; END'",
      "CREATE TRIGGER g BEFORE INSERT ON public.t FOR EACH ROW EXECUTE "
      "FUNCTION public.f()",
      "ALTER TABLE public.t DISABLE TRIGGER g",
      "CREATE VIEW public.v AS SELECT a FROM public.t",
      "CREATE OR REPLACE VIEW public.v AS SELECT a + 1 AS a FROM public.t",
      "CREATE POLICY p ON public.t",
      "CREATE SCHEMA x",
  };
  std::string token = Token();
  for (const char* change : changes) {
    ASSERT_OK(session_->Execute(change));
    const std::string next = Token();
    EXPECT_NE(next, token) << change;
    token = next;
  }
}

TEST_F(CatalogTest, TheTokenStaysWithoutAChange) {
  Run("CREATE TABLE t (a serial PRIMARY KEY, b text);");
  const std::string token = Token();
  Run("INSERT INTO t (b) SELECT 'x' FROM generate_series(1, 100);"
      "ANALYZE t; CREATE TEMPORARY TABLE u AS SELECT 1 AS a; DROP TABLE u;");
  ASSERT_OK(session_->Execute("VACUUM public.t"));
  ASSERT_OK(session_->Begin());
  ASSERT_OK(session_->Execute("ALTER TABLE public.t ADD COLUMN c integer"));
  ASSERT_OK(session_->Rollback());
  EXPECT_EQ(Token(), token);
}

TEST_F(CatalogTest, WhatTheServerClonesIsNotSeen) {
  Run("CREATE TABLE r (a integer PRIMARY KEY) PARTITION BY RANGE (a);"
      "CREATE TABLE r1 PARTITION OF r FOR VALUES FROM (0) TO (9);"
      "CREATE TABLE q (a integer REFERENCES r);"
      "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS "
      "'BEGIN RETURN NEW; END';"
      "CREATE TRIGGER g AFTER INSERT ON r FOR EACH ROW EXECUTE FUNCTION f();");
  ASSERT_OK_AND_ASSIGN(const Schema schema,
                       Introspect(*session_, PostgresDialect()));
  EXPECT_EQ(schema.OfKind(v1::FOREIGN_KEY).size(), 1u);
  EXPECT_EQ(schema.OfKind(v1::TRIGGER).size(), 1u);
  const Object* column = schema.Find(v1::COLUMN, Path{"public", "r1", "a"});
  ASSERT_NE(column, nullptr);
  EXPECT_EQ(column->Get("inherited"), "true");
  const Object* key =
      schema.Find(v1::PRIMARY_KEY, Path{"public", "r1", "r1_pkey"});
  ASSERT_NE(key, nullptr);
  EXPECT_EQ(key->Get("partition_of"), "public.r_pkey");
}

}  // namespace
}  // namespace fleet::postgres
