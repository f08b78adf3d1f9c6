#include "lib/engine/postgres/script.h"

#include <random>
#include <string>
#include <vector>

#include "tests/testing/matchers.h"

namespace fleet {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> SplitTexts(absl::string_view script) {
  std::vector<std::string> texts;
  for (const ScriptStatement& statement : SplitPostgresScript(script)) {
    EXPECT_EQ(script.substr(statement.offset, statement.text.size()),
              statement.text);
    texts.emplace_back(statement.text);
  }
  return texts;
}

TEST(SplitPostgresScriptTest, SplitsAtSemicolons) {
  EXPECT_THAT(SplitTexts("SELECT 1; SELECT 2 ;;\n-- end\nSELECT 3"),
              ElementsAre("SELECT 1", "SELECT 2", "SELECT 3"));
  EXPECT_THAT(SplitTexts(""), IsEmpty());
  EXPECT_THAT(SplitTexts("-- nothing\n/* at all; */ ;"), IsEmpty());
}

TEST(SplitPostgresScriptTest, KeepsQuotedThingsWhole) {
  EXPECT_THAT(SplitTexts("SELECT 'a;''b;'; SELECT \"c;\"\"d;\";"),
              ElementsAre("SELECT 'a;''b;'", "SELECT \"c;\"\"d;\""));
  EXPECT_THAT(
      SplitTexts("SELECT E'a\\';b''c;'; SELECT e'\\\\'; SELECT 'x\\';"),
      ElementsAre("SELECT E'a\\';b''c;'", "SELECT e'\\\\'", "SELECT 'x\\'"));
  EXPECT_THAT(SplitTexts("SELECT type'a\\'; SELECT 2"),
              ElementsAre("SELECT type'a\\'", "SELECT 2"));
  EXPECT_THAT(SplitTexts("SELECT $$a;$b$;$$; SELECT $b$;$$;$b$"),
              ElementsAre("SELECT $$a;$b$;$$", "SELECT $b$;$$;$b$"));
  EXPECT_THAT(SplitTexts("SELECT a$b$c; SELECT $1; SELECT $2"),
              ElementsAre("SELECT a$b$c", "SELECT $1", "SELECT $2"));
}

TEST(SplitPostgresScriptTest, KeepsCommentsOutOfTheWay) {
  EXPECT_THAT(SplitTexts("SELECT 1 -- a;'\n+ 2 /* ;/* ' */;*/; SELECT 3"),
              ElementsAre("SELECT 1 -- a;'\n+ 2", "SELECT 3"));
}

TEST(SplitPostgresScriptTest, KeepsBodiesWhole) {
  const std::string function =
      "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql\n"
      "BEGIN ATOMIC\n SELECT CASE WHEN true THEN 1 END;\n SELECT 2;\nEND";
  EXPECT_THAT(SplitTexts(function + ";\nSELECT 3;"),
              ElementsAre(function, "SELECT 3"));
  EXPECT_THAT(SplitTexts("BEGIN; SELECT 1; END;"),
              ElementsAre("BEGIN", "SELECT 1", "END"));
  EXPECT_THAT(
      SplitTexts("CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT "
                 "2); SELECT 3"),
      ElementsAre("CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT "
                  "2)",
                  "SELECT 3"));
}

TEST(SplitPostgresScriptTest, PassesOverWhatIsForPsql) {
  EXPECT_THAT(SplitTexts("\\restrict abc'def\nSELECT 1;\n\\connect db\nSELECT 2"
                         ";\n\\unrestrict abc'def\n"),
              ElementsAre("SELECT 1", "SELECT 2"));
  EXPECT_THAT(SplitTexts("SELECT 1 \\g\nSELECT 2;"),
              ElementsAre("SELECT 1", "SELECT 2"));
}

TEST(SplitPostgresScriptTest, PassesOverData) {
  EXPECT_THAT(SplitTexts("COPY public.t (a, b) FROM stdin;\n1\tit's; fine\n"
                         "2\t$$\n\\.\n\nSELECT 1;"),
              ElementsAre("SELECT 1"));
  EXPECT_THAT(SplitTexts("COPY t FROM STDIN WITH (FORMAT csv);\n\\.\nSELECT 1"),
              ElementsAre("SELECT 1"));
  EXPECT_THAT(SplitTexts("COPY t FROM stdin;\n1\n"), IsEmpty());
  EXPECT_THAT(SplitTexts("COPY t TO stdout; COPY t FROM '/f'"),
              ElementsAre("COPY t FROM '/f'"));
}

TEST(SplitPostgresScriptTest, PassesOverOwnersAndGrants) {
  EXPECT_THAT(
      SplitTexts("ALTER TABLE public.t OWNER TO joe;\n"
                 "ALTER FUNCTION f(integer, text) OWNER TO joe;\n"
                 "grant all on t to joe; REVOKE ALL ON t FROM PUBLIC;\n"
                 "ALTER DEFAULT PRIVILEGES FOR ROLE joe GRANT SELECT ON "
                 "TABLES TO jane;\n"
                 "CREATE ROLE joe; ALTER ROLE joe SET search_path = x;\n"
                 "CREATE DATABASE d; ALTER SYSTEM SET fsync = off;\n"
                 "SET SESSION AUTHORIZATION joe;"),
      IsEmpty());
  EXPECT_THAT(SplitTexts("ALTER TABLE t OWNER TO joe, ADD a int;"
                         "ALTER TABLE grant ADD revoke int;"
                         "CREATE USER MAPPING FOR joe SERVER s;"
                         "SET search_path = x"),
              ElementsAre("ALTER TABLE t OWNER TO joe, ADD a int",
                          "ALTER TABLE grant ADD revoke int",
                          "CREATE USER MAPPING FOR joe SERVER s",
                          "SET search_path = x"));
}

TEST(SplitPostgresScriptTest, LeavesWhatDoesNotEndToTheServer) {
  EXPECT_THAT(SplitTexts("SELECT 1; SELECT 'open; SELECT 2;"),
              ElementsAre("SELECT 1", "SELECT 'open; SELECT 2;"));
  EXPECT_THAT(SplitTexts("SELECT $x$ open; SELECT 2;"),
              ElementsAre("SELECT $x$ open; SELECT 2;"));
  EXPECT_THAT(SplitTexts("SELECT E'\\"), ElementsAre("SELECT E'\\"));
  EXPECT_THAT(SplitTexts("SELECT 1 /* open"), ElementsAre("SELECT 1"));
}

TEST(SplitPostgresScriptTest, SkipsAByteOrderMark) {
  EXPECT_THAT(SplitTexts("\xEF\xBB\xBFSELECT 1;"), ElementsAre("SELECT 1"));
}

// Whatever the text is: the pieces are in order, apart and not blank.
TEST(SplitPostgresScriptTest, TakesAnyText) {
  const std::vector<std::string> pieces = {
      "'",        "\"",     "$$",   "$a$",  ";",          "\\",
      "\n",       "--",     "/*",   "*/",   "E'",         "(",
      ")",        " ",      "\0",   "\xc3", "BEGIN",      "END",
      "CASE",     "CREATE", "COPY", "é",    "FROM stdin", "\\.",
      "FUNCTION", "$1",     "1e",   "g",    ",",          "OWNER TO"};
  std::mt19937 random(7);
  for (int round = 0; round < 20'000; ++round) {
    std::string script;
    const size_t count = random() % 30;
    for (size_t i = 0; i < count; ++i) {
      script += pieces[random() % pieces.size()];
      if (random() % 2 == 0) script += ' ';
    }
    size_t end = 0;
    for (const ScriptStatement& statement : SplitPostgresScript(script)) {
      ASSERT_GE(statement.offset, end) << script;
      ASSERT_FALSE(statement.text.empty()) << script;
      end = statement.offset + statement.text.size();
      ASSERT_LE(end, script.size()) << script;
    }
  }
}

TEST(PositionAtTest, CountsLinesAndCharacters) {
  const absl::string_view script = "SELECT 'é';\nSELECT x";
  const ScriptPosition first = PositionAt(script, script.find("';"));
  EXPECT_EQ(first.line, 1);
  EXPECT_EQ(first.column, 10);
  const ScriptPosition second = PositionAt(script, script.find('x'));
  EXPECT_EQ(second.line, 2);
  EXPECT_EQ(second.column, 8);
}

TEST(ByteOffsetTest, CountsCharacters) {
  EXPECT_EQ(ByteOffset("aéb", 1), 0u);
  EXPECT_EQ(ByteOffset("aéb", 3), 3u);
  EXPECT_EQ(ByteOffset("aéb", 9), 4u);
}

}  // namespace
}  // namespace fleet
