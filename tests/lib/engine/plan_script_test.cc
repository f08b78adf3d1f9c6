#include <stdlib.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "lib/base/status.h"
#include "lib/engine/introspect.h"
#include "lib/engine/make_plan.h"
#include "lib/engine/open_session.h"
#include "lib/engine/registry.h"
#include "lib/schema/fingerprint.h"
#include "tests/testing/matchers.h"
#include "tests/testing/real_postgres.h"

// A plan as a script does in psql and sqlite3 what it does in a session.

namespace fleet {
namespace {

class PlanScriptTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/fleetctl-test-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  absl::StatusOr<Schema> Read(const std::string& url) {
    SessionOptions options;
    options.create = true;
    ASSIGN_OR_RETURN(const auto session, OpenSession(url, options));
    return Introspect(*session, *dialect_);
  }

  void Load(const std::string& url, const std::string& sql) {
    SessionOptions options;
    options.create = true;
    ASSERT_OK_AND_ASSIGN(const auto session, OpenSession(url, options));
    ASSERT_OK(session->RunScript(sql, "schema.sql"));
  }

  // Takes the database of `url` from `from` to `to` with `client`, which reads
  // the script from its standard input, and back again.
  void Check(const std::string& url, const std::string& other_url,
             const std::string& client, const std::string& from_sql,
             const std::string& to_sql) {
    Load(url, from_sql);
    Load(other_url, to_sql);
    ASSERT_OK_AND_ASSIGN(const Schema from, Read(url));
    ASSERT_OK_AND_ASSIGN(const Schema to, Read(other_url));
    RunClient(client, from, to);
    ASSERT_OK_AND_ASSIGN(const Schema live, Read(url));
    EXPECT_EQ(Fingerprint(live, dialect_->specs()),
              Fingerprint(to, dialect_->specs()));
    RunClient(client, live, from);
    ASSERT_OK_AND_ASSIGN(const Schema back, Read(url));
    EXPECT_EQ(Fingerprint(back, dialect_->specs()),
              Fingerprint(from, dialect_->specs()));
  }

  void RunClient(const std::string& client, const Schema& from,
                 const Schema& to) {
    ASSERT_OK_AND_ASSIGN(
        const v1::Plan plan,
        MakePlan(from, to, *dialect_, from.info(), PlanOptions()));
    const std::string script = PlanToScript(plan, *dialect_);
    ASSERT_NE(script, "");
    const std::string file = folder_ + "/plan.sql";
    const std::string output = folder_ + "/output";
    std::ofstream(file) << script;
    const int result = system(
        absl::StrCat(client, " < ", file, " > ", output, " 2>&1").c_str());
    std::ifstream said(output);
    EXPECT_EQ(result, 0) << std::string((std::istreambuf_iterator<char>(said)),
                                        std::istreambuf_iterator<char>())
                         << script;
  }

  const Dialect* dialect_ = nullptr;
  std::string folder_;
};

TEST_F(PlanScriptTest, RunsInPsql) {
  ASSERT_OK_AND_ASSIGN(dialect_, DialectOf(v1::POSTGRES));
  ASSERT_OK_AND_ASSIGN(const std::string url,
                       testing::CreatePostgresDatabase());
  ASSERT_OK_AND_ASSIGN(const std::string other,
                       testing::CreatePostgresDatabase());
  Check(url, other,
        absl::StrCat("psql -X -q -v ON_ERROR_STOP=1 -f - -d '", url, "'"),
        "CREATE TABLE t (id int PRIMARY KEY, \"we;ird\" text);"
        "CREATE INDEX j ON t (\"we;ird\");"
        "CREATE TABLE r (id int);"
        "CREATE VIEW v AS SELECT id FROM t;",
        "CREATE TABLE t (id int PRIMARY KEY, \"we;ird\" text NOT NULL UNIQUE, "
        "\"it's\" text DEFAULT 'a;b''c\\d');"
        "CREATE INDEX i ON t (\"it's\");"
        "CREATE INDEX j ON t (\"we;ird\" DESC);"
        "CREATE TABLE r (id int REFERENCES t CHECK (id > 0));"
        "CREATE FUNCTION f(a int[]) RETURNS int LANGUAGE sql IMMUTABLE AS "
        "$$ SELECT a[1:2][1]; -- ';\n $$;"
        "CREATE FUNCTION g() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; "
        "SELECT 2; END;"
        "COMMENT ON TABLE t IS '\\echo not a command :x';"
        "CREATE VIEW v AS SELECT id, \"it's\" FROM t;");
}

TEST_F(PlanScriptTest, RunsInSqlite3) {
  ASSERT_OK_AND_ASSIGN(dialect_, DialectOf(v1::SQLITE));
  const std::string file = folder_ + "/a.db";
  Check("sqlite:" + file, "sqlite:" + folder_ + "/b.db",
        absl::StrCat("sqlite3 -bail ", file),
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);"
        "CREATE TABLE u (t_id INTEGER REFERENCES t (id) ON DELETE CASCADE);"
        "CREATE VIEW v AS SELECT id FROM t;",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER NOT NULL DEFAULT 0, "
        "\"it's; \" TEXT DEFAULT ';' -- a comment\n);"
        "CREATE TABLE u (t_id INTEGER REFERENCES t (id) ON DELETE CASCADE);"
        "CREATE INDEX i ON t (a) WHERE a > 0 -- end\n;"
        "CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; SELECT 2; END;"
        "CREATE VIEW v AS SELECT id, a FROM t;");
}

}  // namespace
}  // namespace fleet
