#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/lib/engine/sqlite/sqlite_database.h"

// What a rebuild does to rows: the laws of tests/cases look at shapes only.

namespace fleet {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::StatusIs;

class RebuildTest : public ::testing::Test {
 protected:
  void Load(absl::string_view sql) { database_.Load(sql); }
  absl::Status SyncTo(absl::string_view sql) { return database_.SyncTo(sql); }
  std::string Value(absl::string_view sql) { return database_.Value(sql); }
  Session& session() { return database_.session(); }

  SqliteDatabase database_{":memory:"};
};

TEST_F(RebuildTest, ChildrenAreNotDeletedWithTheOldTable) {
  Load(
      "CREATE TABLE p (id INTEGER PRIMARY KEY, a INT);"
      "CREATE TABLE c (p INT REFERENCES p ON DELETE CASCADE);"
      "INSERT INTO p VALUES (1, 7); INSERT INTO c VALUES (1);");
  ASSERT_OK(session().Execute("PRAGMA foreign_keys = ON"));
  ASSERT_OK(
      SyncTo("CREATE TABLE p (id INTEGER PRIMARY KEY, a TEXT NOT NULL);"
             "CREATE TABLE c (p INT REFERENCES p ON DELETE CASCADE);"));
  EXPECT_EQ(Value("SELECT * FROM p"), "1 7");
  EXPECT_EQ(Value("SELECT * FROM c"), "1");
  EXPECT_THAT(Value("SELECT sql FROM sqlite_schema WHERE name = 'c'"),
              HasSubstr("REFERENCES p ON"));
}

TEST_F(RebuildTest, RenamedColumnsKeepTheirValues) {
  Load(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b);"
      "INSERT INTO t VALUES (3, '7', 'x'), (5, '8', 'y');");
  ASSERT_OK_AND_ASSIGN(
      v1::Plan plan,
      database_.PlanTo("CREATE TABLE u (id INTEGER PRIMARY KEY, b, c INT "
                       "NOT NULL)",
                       {"table:t=u", "column:t.a=c"}));
  // Nothing can be asked before of a name that is not there yet.
  EXPECT_THAT(database_.Findings(plan, /*warnings=*/false), IsEmpty());
  ASSERT_OK(database_.Run(plan));
  EXPECT_EQ(Value("SELECT id, b, c FROM u"), "3 x 7 5 y 8");
  ASSERT_OK(
      RunPlan(session(), SqliteDialect(), plan, PlanDirection::kReverse, {}));
  EXPECT_EQ(Value("SELECT id, a, b FROM t"), "3 7 x 5 8 y");
}

TEST_F(RebuildTest, NumbersThatWereGivenStayTaken) {
  Load(
      "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a INT);"
      "INSERT INTO t VALUES (41, 1); DELETE FROM t;");
  ASSERT_OK(
      SyncTo("CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT)"));
  ASSERT_OK(session().Execute("INSERT INTO t (a) VALUES ('x')"));
  EXPECT_EQ(Value("SELECT id FROM t"), "42");
  EXPECT_EQ(Value("SELECT count(*) FROM sqlite_sequence"), "1");
}

TEST_F(RebuildTest, RowsKeepTheirRowid) {
  Load(
      "CREATE TABLE t (a TEXT); INSERT INTO t (rowid, a) VALUES (5, 'x');"
      "INSERT INTO t (rowid, a) VALUES (9, 'y');");
  ASSERT_OK(SyncTo("CREATE TABLE t (a BLOB, b INT DEFAULT (1 + 1))"));
  EXPECT_EQ(Value("SELECT rowid, a, b FROM t"), "5 x 2 9 y 2");
  ASSERT_OK(SyncTo("CREATE TABLE t (c INT DEFAULT 3)"));
  EXPECT_EQ(Value("SELECT rowid, c FROM t"), "5 3 9 3");
}

TEST_F(RebuildTest, ConflictClausesLoseNoRows) {
  Load("CREATE TABLE t (a INT); INSERT INTO t VALUES (1), (1);");
  EXPECT_THAT(
      SyncTo("CREATE TABLE t (a INT UNIQUE ON CONFLICT IGNORE)"),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("UNIQUE")));
  EXPECT_EQ(Value("SELECT count(*) FROM t"), "2");
  EXPECT_EQ(Value("SELECT count(*) FROM sqlite_schema"), "1");
}

TEST_F(RebuildTest, NullsStopNotNull) {
  Load("CREATE TABLE t (a INT); INSERT INTO t VALUES (NULL);");
  EXPECT_THAT(
      SyncTo("CREATE TABLE t (a INT NOT NULL DEFAULT 0)"),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("NOT NULL")));
  EXPECT_EQ(Value("SELECT a FROM t"), "NULL");
}

TEST_F(RebuildTest, OrphansStopAForeignKeyBeforeCommit) {
  Load(
      "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p INT);"
      "INSERT INTO c VALUES (1);");
  const char wanted[] =
      "CREATE TABLE p (id INTEGER PRIMARY KEY);"
      "CREATE TABLE c (p INT, FOREIGN KEY (p) REFERENCES p);";
  EXPECT_THAT(SyncTo(wanted),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("a row of c refers to a row of p")));
  Load("INSERT INTO p VALUES (1)");
  EXPECT_OK(SyncTo(wanted));
  EXPECT_EQ(Value("SELECT p FROM c"), "1");
}

TEST_F(RebuildTest, SettingsAreBackAfterwards) {
  Load("CREATE TABLE t (a INT CHECK (json_valid(a)))");
  ASSERT_OK(SyncTo("CREATE TABLE t (a TEXT CHECK (json_valid(a)))"));
  EXPECT_EQ(Value("PRAGMA legacy_alter_table"), "0");
  EXPECT_EQ(Value("PRAGMA trusted_schema"), "0");
}

// A name that is taken is not taken again, whatever it belongs to.
TEST_F(RebuildTest, TheNewNameIsFree) {
  const char rest[] =
      "CREATE TABLE fleetctl_new_t (b INT);"
      "CREATE INDEX fleetctl_new_t_2 ON fleetctl_new_t (b);";
  Load(absl::StrCat("CREATE TABLE t (a INT); INSERT INTO t VALUES (1);", rest));
  ASSERT_OK(SyncTo(absl::StrCat("CREATE TABLE t (a TEXT);", rest)));
  EXPECT_EQ(Value("SELECT a FROM t"), "1");
}

// A key of two columns is not the rowid, although one is an INTEGER.
TEST_F(RebuildTest, CompositeKeysKeepTheRowid) {
  Load(
      "CREATE TABLE t (a INTEGER, b TEXT, PRIMARY KEY (a, b));"
      "INSERT INTO t (rowid, a, b) VALUES (7, 1, 'x'), (3, 2, 'y');");
  ASSERT_OK(SyncTo("CREATE TABLE t (a INTEGER, b BLOB, PRIMARY KEY (a, b))"));
  EXPECT_EQ(Value("SELECT rowid, a FROM t ORDER BY rowid"), "3 2 7 1");
}

TEST_F(RebuildTest, ANewIdIsTheRowid) {
  Load(
      "CREATE TABLE t (a TEXT);"
      "INSERT INTO t (rowid, a) VALUES (7, 'x'), (3, 'y');");
  ASSERT_OK(SyncTo("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)"));
  EXPECT_EQ(Value("SELECT id, a FROM t ORDER BY id"), "3 y 7 x");
  ASSERT_OK(SyncTo("CREATE TABLE t (id INT PRIMARY KEY, a TEXT)"));
  EXPECT_EQ(Value("SELECT rowid, id, a FROM t ORDER BY id"), "3 3 y 7 7 x");
}

// DROP TABLE with enforced keys would have deleted them before the check.
TEST_F(RebuildTest, RowsOfOtherTablesAreCheckedToo) {
  Load(
      "CREATE TABLE p (k TEXT COLLATE nocase PRIMARY KEY);"
      "CREATE TABLE c (k TEXT REFERENCES p ON DELETE CASCADE);"
      "INSERT INTO p VALUES ('A'); INSERT INTO c VALUES ('a');");
  EXPECT_THAT(SyncTo("CREATE TABLE p (k TEXT PRIMARY KEY);"
                     "CREATE TABLE c (k TEXT REFERENCES p ON DELETE CASCADE);"),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("a row of c refers to a row of p")));
  EXPECT_EQ(Value("SELECT * FROM c"), "a");
}

// "foreign key mismatch": SQLite can neither enforce nor check such a key.
TEST_F(RebuildTest, KeysThatReferToNoKeyStopNothing) {
  const char rest[] =
      "CREATE TABLE a (x REFERENCES p (v)); CREATE TABLE b (x, y, FOREIGN KEY "
      "(x, y) REFERENCES p); CREATE TABLE c (x REFERENCES p (u));";
  Load(absl::StrCat("CREATE TABLE p (id INTEGER PRIMARY KEY, u INT UNIQUE, v);",
                    rest, "INSERT INTO a VALUES (1);"));
  const std::string wanted = absl::StrCat(
      "CREATE TABLE p (id INTEGER PRIMARY KEY, u INT UNIQUE, v TEXT);", rest);
  EXPECT_OK(SyncTo(wanted));
  // The others are checked all the same.
  Load("INSERT INTO c VALUES (5);");
  EXPECT_THAT(SyncTo(absl::StrCat("CREATE TABLE p (id INTEGER PRIMARY KEY, "
                                  "u INT UNIQUE, v BLOB);",
                                  rest)),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("a row of c refers to a row of p")));
}

// The setting does nothing inside a transaction, and says nothing either.
TEST_F(RebuildTest, ForeignKeysThatStayOnStopThePlan) {
  Load("CREATE TABLE t (a INT); INSERT INTO t VALUES (1);");
  ASSERT_OK_AND_ASSIGN(const v1::Plan plan,
                       database_.PlanTo("CREATE TABLE t (a TEXT)"));
  ASSERT_OK(session().Execute("PRAGMA foreign_keys = ON"));
  ASSERT_OK(session().Begin());
  EXPECT_THAT(database_.Run(plan),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("foreign keys are enforced (1)")));
  ASSERT_OK(session().Rollback());
  EXPECT_OK(database_.Run(plan));
}

// SQLite 3.40 takes this for a NULL in a: a mistake of its integrity_check.
TEST_F(RebuildTest, WhatOnlySeemsDamagedStopsNothing) {
  Load(
      "CREATE TABLE t (a INT, k INT PRIMARY KEY); INSERT INTO t VALUES (7, 1)");
  EXPECT_OK(SyncTo(
      "CREATE TABLE t (a INT NOT NULL, k INT PRIMARY KEY) WITHOUT ROWID"));
  EXPECT_EQ(Value("SELECT * FROM t"), "7 1");
}

// A plan that loses rows on the way is not one that the planner makes.
TEST_F(RebuildTest, RowsThatAreLostStopThePlan) {
  Load("CREATE TABLE t (a INT); INSERT INTO t VALUES (1), (2), (3);");
  ASSERT_OK_AND_ASSIGN(v1::Plan plan,
                       database_.PlanTo("CREATE TABLE t (a TEXT)"));
  bool found = false;
  for (v1::Statement& statement : *plan.mutable_statements()) {
    if (!absl::StrContains(statement.sql(), "INSERT OR ABORT")) continue;
    found = true;
    statement.set_sql(absl::StrCat(statement.sql(), " WHERE a > 1"));
  }
  EXPECT_TRUE(found);
  EXPECT_THAT(database_.Run(plan),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("copied 2 of 3 rows of t")));
  EXPECT_EQ(Value("SELECT count(*) FROM t"), "3");
}

// "ON main.t" is kept as it was written.
TEST_F(RebuildTest, TriggersThatNameTheDatabaseArePutBack) {
  const char trigger[] =
      "CREATE TRIGGER g AFTER INSERT ON main.t BEGIN SELECT 1; END;";
  Load(absl::StrCat("CREATE TABLE t (a INT);", trigger));
  ASSERT_OK(SyncTo(absl::StrCat("CREATE TABLE t (a TEXT);", trigger)));
  EXPECT_EQ(Value("SELECT name FROM sqlite_schema WHERE type = 'trigger'"),
            "g");
}

// The library of the target is what has to open the file.
TEST_F(RebuildTest, WhatTheTargetIsTooOldForIsRefused) {
  Load("CREATE TABLE t (a INT);");
  ASSERT_OK_AND_ASSIGN(const Schema from,
                       Introspect(session(), SqliteDialect()));
  SchemaInfo server = from.info();
  const auto plan = [&](absl::string_view sql, int version) {
    SqliteDatabase other(":memory:");
    other.Load(sql);
    server.server_version = version;
    const absl::StatusOr<Schema> to =
        Introspect(other.session(), SqliteDialect());
    EXPECT_OK(to);
    return MakePlan(from, *to, SqliteDialect(), server, PlanOptions()).status();
  };
  EXPECT_THAT(plan("CREATE TABLE t (a INT) STRICT", 3'036'000),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("table t is STRICT (have SQLite 3.36.0, want "
                                 "3.37.0)")));
  EXPECT_OK(plan("CREATE TABLE t (a INT) STRICT", 3'037'000));
  EXPECT_THAT(plan("CREATE TABLE t (a INT, b INT AS (a))", 3'030'001),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("have SQLite 3.30.1, want 3.31.0")));
  EXPECT_OK(plan("CREATE TABLE t (a TEXT)", 3'030'001));
}

TEST_F(RebuildTest, FullTextKeepsItsRows) {
  Load(
      "CREATE VIRTUAL TABLE docs USING fts5(title, body, tokenize = 'ascii');"
      "INSERT INTO docs (rowid, title, body) VALUES (9, 'a b', 'the body');"
      "CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT);"
      "CREATE TRIGGER g AFTER INSERT ON notes BEGIN"
      "  INSERT INTO docs (rowid, body) VALUES (new.id, new.body); END;");
  ASSERT_OK(
      SyncTo("CREATE VIRTUAL TABLE docs USING fts5(title, tags, body,"
             " tokenize = 'porter');"
             "CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT);"
             "CREATE TRIGGER g AFTER INSERT ON notes BEGIN"
             "  INSERT INTO docs (rowid, body) VALUES (new.id, new.body); "
             "END;"));
  Load("INSERT INTO notes VALUES (11, 'bodies');");
  EXPECT_EQ(Value("SELECT rowid, title FROM docs WHERE docs MATCH 'body' "
                  "ORDER BY rowid"),
            "9 a b 11 NULL");
  EXPECT_EQ(Value("SELECT count(*) FROM sqlite_schema "
                  "WHERE name LIKE 'fleetctl%'"),
            "0");
}

TEST_F(RebuildTest, FullTextOfAnotherTableIsReadAgain) {
  const char notes[] =
      "CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT);";
  Load(absl::StrCat(notes,
                    "INSERT INTO notes VALUES (3, 'running');"
                    "CREATE VIRTUAL TABLE docs USING fts5(body, "
                    "content='notes', content_rowid='id');"
                    "INSERT INTO docs (docs) VALUES ('rebuild');"));
  EXPECT_EQ(Value("SELECT rowid FROM docs WHERE docs MATCH 'run'"), "");
  ASSERT_OK(SyncTo(absl::StrCat(
      notes,
      "CREATE VIRTUAL TABLE docs USING fts5(body, content='notes', "
      "content_rowid='id', tokenize='porter');")));
  EXPECT_EQ(Value("SELECT rowid FROM docs WHERE docs MATCH 'run'"), "3");
}

TEST_F(RebuildTest, TreesKeepTheirBoxes) {
  Load(
      "CREATE VIRTUAL TABLE box USING rtree(id, x0, x1);"
      "INSERT INTO box VALUES (5, 1, 2);");
  ASSERT_OK(SyncTo("CREATE VIRTUAL TABLE box USING rtree(nr, x0, x1, +note)"));
  EXPECT_EQ(Value("SELECT * FROM box WHERE x0 > 0"), "5 1.0 2.0 NULL");
}

}  // namespace
}  // namespace fleet
