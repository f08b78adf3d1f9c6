#include "lib/engine/sqlite/tokens.h"

#include <string>

#include "lib/engine/sqlite/quoting.h"
#include "tests/testing/matchers.h"

namespace fleet::sqlite {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string CanonicalOf(absl::string_view sql, const KnownNames& known = {}) {
  const absl::StatusOr<Tokens> tokens = Tokenize(sql);
  EXPECT_OK(tokens);
  return tokens.ok() ? Canonical(*tokens, known) : "";
}

std::string WrittenOf(absl::string_view sql, const KnownNames& known = {}) {
  const absl::StatusOr<Tokens> tokens = Tokenize(sql);
  EXPECT_OK(tokens);
  return tokens.ok() ? Written(*tokens, known) : "";
}

TEST(TokensTest, CommentsAndSpaceDoNotMatter) {
  const std::string want = "CHECK (price > 0 AND state = 'A')";
  EXPECT_EQ(CanonicalOf("check (\n Price>0 and `state` = 'A')"), want);
  EXPECT_EQ(CanonicalOf("CHECK(price/* x */>0--\nAND[state]='A')"), want);
  EXPECT_EQ(CanonicalOf("a /* to the end"), "a");
}

TEST(TokensTest, StringsKeepEveryByte) {
  EXPECT_EQ(CanonicalOf("'It''s -- /* X */ \"q\"'"),
            "'It''s -- /* X */ \"q\"'");
  EXPECT_EQ(CanonicalOf("X'Ab'"), "x'Ab'");
}

TEST(TokensTest, TextWithoutEndIsAnError) {
  for (absl::string_view sql : {"'a", "\"a", "`a", "[a", "'a''"}) {
    EXPECT_THAT(Tokenize(sql),
                testing::StatusIs(absl::StatusCode::kInvalidArgument,
                                  HasSubstr("ends inside")))
        << sql;
  }
  EXPECT_FALSE(Tokenize(absl::string_view("a\0b", 3)).ok());
}

// "a" is a string unless something is called a: folding it would change it.
TEST(TokensTest, DoubleQuotesAreNamesOnlyWhenKnown) {
  EXPECT_EQ(CanonicalOf("state = \"Open\""), "state = \"Open\"");
  EXPECT_EQ(CanonicalOf("state = \"Open\"", {"open"}), "state = open");
  EXPECT_EQ(WrittenOf("state = \"Open\"", {"open"}), "state = Open");
  EXPECT_EQ(CanonicalOf("\"T\".\"A\" AS \"B\""), "t.a AS b");
  EXPECT_EQ(WrittenOf("\"T\".\"A\""), "T.A");
}

TEST(TokensTest, NamesThatAreKeywordsKeepQuotesWhereTheyNeedThem) {
  EXPECT_EQ(CanonicalOf("[order], [key]"), "\"order\", key");
  EXPECT_EQ(WrittenOf("[order], [key], [A b]", {"a b"}),
            "`order`, `key`, \"A b\"");
  EXPECT_EQ(CanonicalOf("`a\"b`"), "\"a\"\"b\"");
}

TEST(TokensTest, SignsStandWithTheirNumbers) {
  EXPECT_EQ(CanonicalOf("default -1"), "DEFAULT -1");
  EXPECT_EQ(CanonicalOf("a-1"), "a - 1");
  EXPECT_EQ(CanonicalOf("(a)-1"), "(a) - 1");
  EXPECT_EQ(CanonicalOf("f(-1,+2)"), "f(-1, +2)");
  // Without the space it would be a comment.
  EXPECT_EQ(CanonicalOf("a - - 1"), "a - -1");
  EXPECT_EQ(CanonicalOf("- - 1"), "- -1");
}

TEST(TokensTest, OperatorsAreTakenWhole) {
  EXPECT_EQ(CanonicalOf("a->>'$'||b<>c==d!=1.5e-3"),
            "a ->> '$' || b <> c == d != 1.5e-3");
  EXPECT_EQ(CanonicalOf("0x1F+.5"), "0x1F + .5");
}

// What is canonical stays so: a text read back from SQLite is the same.
TEST(TokensTest, BothFormsAreFixedPoints) {
  const KnownNames known = {"a", "price"};
  for (absl::string_view sql :
       {"CREATE TABLE t(a INT PRIMARY KEY,`Order` x'00' default - -1)",
        "select count( * )filter(where a.b>-1),'x' from [T 1] \"U\"",
        "BEGIN UPDATE t SET a = -1; SELECT RAISE(ABORT, 'no; x'); END"}) {
    const std::string canonical = CanonicalOf(sql, known);
    EXPECT_EQ(CanonicalOf(canonical, known), canonical);
    const std::string written = WrittenOf(sql, known);
    EXPECT_EQ(WrittenOf(written, known), written);
    EXPECT_EQ(CanonicalOf(written, known), canonical);
  }
}

TEST(TokensTest, FindsNamesAndFunctions) {
  ASSERT_OK_AND_ASSIGN(const Tokens tokens,
                       Tokenize("lower(\"A\") || my_f(b) || 'c'"));
  EXPECT_THAT(NamesIn(tokens), ElementsAre("a", "b", "lower", "my_f"));
  EXPECT_EQ(UnknownFunction(tokens, {"lower"}), "my_f");
  EXPECT_EQ(UnknownFunction(tokens, {"lower", "my_f"}), "");
  EXPECT_TRUE(Mentions("check (A > 0)", "a"));
  EXPECT_FALSE(Mentions("check (b > 'a')", "a"));
  EXPECT_TRUE(Mentions("'not understood", "a"));
}

TEST(QuotingTest, KnowsWhatNeedsQuotes) {
  EXPECT_TRUE(kSqliteQuoting.is_plain("Users_2"));
  for (absl::string_view name :
       {"", "2a", "a b", "a-b", "a$", "select", "Key", "ä", "a\"b"}) {
    EXPECT_FALSE(kSqliteQuoting.is_plain(name)) << name;
  }
  EXPECT_TRUE(IsReservedWord("Select"));
  EXPECT_FALSE(IsReservedWord("key"));
  EXPECT_TRUE(IsGrammarWord("key"));
  EXPECT_FALSE(IsGrammarWord("users"));
}

// A name in other letters is the same object; a stale one is not used.
TEST(QuotingTest, WrittenNameFollowsThePath) {
  Object table(v1::TABLE, Path{"users"});
  SetWrittenName("Users", table);
  EXPECT_EQ(WrittenName(table), "Users");
  table.key.path = Path{"people"};
  EXPECT_EQ(WrittenName(table), "people");
}

}  // namespace
}  // namespace fleet::sqlite
