#include "lib/engine/sql.h"

#include <string>
#include <vector>

#include "lib/engine/open_session.h"
#include "tests/testing/matchers.h"

namespace fleet {
namespace {

using ::testing::HasSubstr;
using testing::IsOkAndHolds;
using testing::StatusIs;

bool NothingIsPlain(absl::string_view /*name*/) { return false; }
bool LettersArePlain(absl::string_view name) {
  return name.find_first_not_of("abcdefghijklmnopqrstuvwxyz") == name.npos;
}

constexpr Quoting kQuoting = {'"', 63, false, LettersArePlain};
constexpr Quoting kAlwaysQuoting = {'"', 0, false, NothingIsPlain};
constexpr Quoting kBackslashQuoting = {'`', 64, true, NothingIsPlain};

TEST(SqlTest, QuotesByType) {
  const Path path{"public", "Weird \"name\""};
  Sql sql(kQuoting);
  sql << "ALTER TABLE " << Name(path) << " RENAME TO " << Identifier{"plain"}
      << " /* " << Verbatim{"numeric(10,2)"} << " " << Literal{"it's \\"} << " "
      << Number{-7} << " */";
  EXPECT_THAT(sql.Text(),
              IsOkAndHolds(std::string(
                  "ALTER TABLE public.\"Weird \"\"name\"\"\" RENAME TO plain "
                  "/* numeric(10,2) 'it''s \\' -7 */")));
}

TEST(SqlTest, DoublesBackslashesWhereTheyEscape) {
  Sql sql(kBackslashQuoting);
  sql << Identifier{"a`b"} << Literal{"\\' OR 1"};
  EXPECT_THAT(sql.Text(), IsOkAndHolds(std::string("`a``b`'\\\\'' OR 1'")));
}

TEST(SqlTest, WritesTheFirstComponentsOfAPath) {
  const Path path{"s", "t", "c"};
  Sql sql(kQuoting);
  sql << Name(path, 2) << "|" << Name(path, 9);
  EXPECT_THAT(sql.Text(), IsOkAndHolds(std::string("s.t|s.t.c")));
}

TEST(SqlTest, RemembersTheFirstBadName) {
  Sql sql(kQuoting);
  sql << Identifier{std::string(64, 'x')} << Identifier{""};
  EXPECT_THAT(sql.Text(), StatusIs(absl::StatusCode::kInvalidArgument,
                                   HasSubstr("has 64 bytes")));
  Sql whole(kQuoting);
  whole << "SELECT " << sql;
  EXPECT_FALSE(whole.Text().ok());
}

TEST(SqlTest, RefusesWhatNoStatementCanCarry) {
  const std::string with_nul("a\0b", 3);
  Sql name(kQuoting);
  name << Identifier{with_nul};
  EXPECT_THAT(name.Text(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("NUL")));
  Sql literal(kQuoting);
  literal << Literal{with_nul};
  EXPECT_FALSE(literal.Text().ok());
  Sql verbatim(kQuoting);
  verbatim << Verbatim{"\xff\xfe"};
  EXPECT_THAT(verbatim.Text(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("UTF-8")));
  Sql empty(kQuoting);
  empty << Name(Path{});
  EXPECT_FALSE(empty.Text().ok());
}

// A table and a value of each hostile name, made and read back by a real
// server.
TEST(SqlTest, HostileNamesRoundTripThroughSqlite) {
  ASSERT_OK_AND_ASSIGN(const auto session,
                       OpenSession("sqlite::memory:", SessionOptions()));
  const std::vector<std::string> names = {"a\"b",        "a'b",
                                          "a`b]c[d",     "semi;colon",
                                          "line\nbreak", "-- comment",
                                          "/* open",     "select",
                                          "tab\tbed",    "\"; DROP TABLE x",
                                          "back\\slash", "\u202ertl\u202c",
                                          "emoji😀",      " spaces ",
                                          "$1 :p ?1"};
  for (const std::string& name : names) {
    Sql create(kAlwaysQuoting);
    create << "CREATE TABLE " << Identifier{name} << " (" << Identifier{name}
           << " TEXT)";
    ASSERT_OK_AND_ASSIGN(const std::string text, create.Text());
    ASSERT_OK(session->Execute(text));
    Sql find(kAlwaysQuoting);
    find << "SELECT name FROM sqlite_schema WHERE name = " << Literal{name};
    ASSERT_OK_AND_ASSIGN(const std::string query, find.Text());
    ASSERT_OK_AND_ASSIGN(const auto rows, session->Query(query));
    ASSERT_EQ(rows->rows(), 1) << name;
    EXPECT_EQ(std::string(rows->at(0, 0)), name);
  }
}

}  // namespace
}  // namespace fleet
