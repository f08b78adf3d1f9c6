#include <string>

#include "tests/lib/engine/sqlite/sqlite_database.h"

// Statement.checks: what is found in the rows before a plan that would fail on
// them, and silence where it would not.

namespace fleet {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Sample {
  const char* name;
  const char* from;
  const char* to;
  const char* bad;      // rows that break it
  const char* finding;  // what is said then; the plan fails
  const char* good;     // rows in place of them; nothing is said
};

constexpr Sample kSamples[] = {
    {"NotNull", "CREATE TABLE t (a INT)", "CREATE TABLE t (a INT NOT NULL)",
     "INSERT INTO t VALUES (NULL), (1), (NULL)",
     "rebuilding t fails when column a has NULLs: 2 rows",
     "INSERT INTO t VALUES (1)"},
    {"NotNullWithoutDefault", "CREATE TABLE t (a INT)",
     "CREATE TABLE t (a INT, b INT NOT NULL)", "INSERT INTO t VALUES (1)",
     "rebuilding t fails when the table has rows: column b is NOT NULL without "
     "a default: 1 row",
     "DELETE FROM t"},
    {"Unique", "CREATE TABLE t (a INT, b INT)",
     "CREATE TABLE t (a INT, b INT, UNIQUE (a, b))",
     "INSERT INTO t VALUES (1, 1), (1, 1), (2, 2), (2, 2), (2, 2)",
     "rebuilding t fails when rows break unique (a, b): equal values in 5 rows",
     "INSERT INTO t VALUES (1, NULL), (1, NULL), (1, 2)"},
    {"UniqueCollation", "CREATE TABLE t (a TEXT)",
     "CREATE TABLE t (a TEXT UNIQUE COLLATE nocase)",
     "INSERT INTO t VALUES ('x'), ('X')", "equal values in 2 rows",
     "INSERT INTO t VALUES ('x'), ('y')"},
    {"PrimaryKey", "CREATE TABLE t (a TEXT)",
     "CREATE TABLE t (a TEXT PRIMARY KEY)", "INSERT INTO t VALUES ('x'), ('x')",
     "equal values in 2 rows", "INSERT INTO t VALUES ('x'), (NULL), (NULL)"},
    {"Rowid", "CREATE TABLE t (a)", "CREATE TABLE t (a INTEGER PRIMARY KEY)",
     "INSERT INTO t VALUES ('x')",
     "rebuilding t fails when column a has values that are no ids: 1 row",
     "INSERT INTO t VALUES ('12'), (3.0), (4)"},
    {"WithoutRowid", "CREATE TABLE t (a TEXT PRIMARY KEY)",
     "CREATE TABLE t (a TEXT PRIMARY KEY) WITHOUT ROWID",
     "INSERT INTO t VALUES (NULL)", "column a of the key has NULLs: 1 row",
     "INSERT INTO t VALUES ('x')"},
    {"Check", "CREATE TABLE t (a INT)",
     "CREATE TABLE t (a INT, CONSTRAINT positive CHECK (a > 0))",
     "INSERT INTO t VALUES (0), (1)",
     "rebuilding t fails when rows break positive: 1 row",
     "INSERT INTO t VALUES (NULL), (1)"},
    {"ForeignKey",
     "CREATE TABLE p (k TEXT PRIMARY KEY); CREATE TABLE t (a TEXT, b)",
     "CREATE TABLE p (k TEXT PRIMARY KEY); CREATE TABLE t (a TEXT REFERENCES "
     "p, b)",
     "INSERT INTO t VALUES ('x', 1)",
     "rebuilding t fails when rows break foreign key (a) references p: 1 row",
     "INSERT INTO p VALUES ('x'); INSERT INTO t VALUES ('x', 1), (NULL, 2)"},
    {"OldForeignKey",
     "CREATE TABLE p (k TEXT PRIMARY KEY); CREATE TABLE t (a TEXT REFERENCES "
     "p, b)",
     "CREATE TABLE p (k TEXT PRIMARY KEY); CREATE TABLE t (a TEXT REFERENCES "
     "p, b TEXT)",
     "INSERT INTO t VALUES ('x', 1)",
     "a row of t refers to a row of p that is not there",
     "INSERT INTO t VALUES (NULL, 2)"},
    {"StrictInteger", "CREATE TABLE t (a)", "CREATE TABLE t (a INT) STRICT",
     "INSERT INTO t VALUES ('1x'), (1.5), (x'00'), ('1.5'), (1e300)",
     "rebuilding t fails when column a has values of another type: 5 rows",
     "INSERT INTO t VALUES (1), ('1'), (1.0), (NULL), ('1e2')"},
    {"StrictReal", "CREATE TABLE t (a)", "CREATE TABLE t (a REAL) STRICT",
     "INSERT INTO t VALUES ('1x'), (x'00')", "values of another type: 2 rows",
     "INSERT INTO t VALUES (1), ('1.5'), (NULL)"},
    {"StrictText", "CREATE TABLE t (a)", "CREATE TABLE t (a TEXT) STRICT",
     "INSERT INTO t VALUES (x'00')", "values of another type: 1 row",
     "INSERT INTO t VALUES (1), ('1.5'), (2.5), (NULL)"},
    {"StrictBlob", "CREATE TABLE t (a)", "CREATE TABLE t (a BLOB) STRICT",
     "INSERT INTO t VALUES (1), ('x')", "values of another type: 2 rows",
     "INSERT INTO t VALUES (x'00'), (NULL)"},
    {"UniqueIndex", "CREATE TABLE t (a TEXT, b INT)",
     "CREATE TABLE t (a TEXT, b INT);"
     "CREATE UNIQUE INDEX i ON t (lower(a), b DESC) WHERE b > 0",
     "INSERT INTO t VALUES ('x', 1), ('X', 1)",
     "rows have equal values for unique index t.i: equal values in 2 rows",
     "INSERT INTO t VALUES ('x', 0), ('X', 0), ('x', 1), ('x', 2)"},
};

class ChecksTest : public ::testing::TestWithParam<Sample> {};

TEST_P(ChecksTest, FindWhatBreaksThePlan) {
  const Sample& sample = GetParam();
  SqliteDatabase database(":memory:");
  database.Load(sample.from);
  database.Load(sample.bad);
  ASSERT_OK_AND_ASSIGN(const v1::Plan plan, database.PlanTo(sample.to));
  EXPECT_THAT(database.Findings(plan, /*warnings=*/false),
              ::testing::Contains(HasSubstr(sample.finding)));
  EXPECT_FALSE(database.Run(plan).ok());
}

TEST_P(ChecksTest, SayNothingOfGoodRows) {
  const Sample& sample = GetParam();
  SqliteDatabase database(":memory:");
  database.Load(sample.from);
  database.Load(sample.good);
  ASSERT_OK_AND_ASSIGN(const v1::Plan plan, database.PlanTo(sample.to));
  EXPECT_THAT(database.Findings(plan, /*warnings=*/false), IsEmpty());
  EXPECT_OK(database.Run(plan));
}

INSTANTIATE_TEST_SUITE_P(All, ChecksTest, ::testing::ValuesIn(kSamples),
                         [](const auto& info) {
                           return std::string(info.param.name);
                         });

}  // namespace
}  // namespace fleet
