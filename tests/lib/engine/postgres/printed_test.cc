#include "lib/engine/postgres/printed.h"

#include <string>
#include <vector>

#include "lib/engine/postgres/quoting.h"
#include "lib/engine/postgres/type_change.h"
#include "tests/testing/matchers.h"

namespace fleet::postgres {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(ParseArrayTest, TakesQuotesAway) {
  EXPECT_THAT(ParseArray(""), IsEmpty());
  EXPECT_THAT(ParseArray("{}"), IsEmpty());
  EXPECT_THAT(ParseArray(R"({a,"b, c","d\"e","\\"})"),
              ElementsAre("a", "b, c", "d\"e", "\\"));
}

TEST(ParseNumbersTest, ReadsVectorsAndArrays) {
  EXPECT_THAT(ParseNumbers("1 0 -7"), ElementsAre(1, 0, -7));
  EXPECT_THAT(ParseNumbers("{3,4}"), ElementsAre(3, 4));
  EXPECT_THAT(ParseNumbers(""), IsEmpty());
}

TEST(SplitListTest, SplitsOutsideOfQuotesAndBrackets) {
  EXPECT_THAT(SplitList(""), IsEmpty());
  EXPECT_THAT(
      SplitList(R"(a, "b,c", f(d, e), 'it''s, f', ARRAY[1, 2])"),
      ElementsAre("a", R"("b,c")", "f(d, e)", "'it''s, f'", "ARRAY[1, 2]"));
}

TEST(SplitListTest, KnowsBackslashesInEscapeStrings) {
  EXPECT_THAT(SplitList(R"(E'a\', b', c)"), ElementsAre(R"(E'a\', b')", "c"));
  EXPECT_THAT(SplitList(R"('a\', c)"), ElementsAre(R"('a\')", "c"));
}

TEST(LeadingNameSizeTest, StopsBehindTheName) {
  EXPECT_EQ(LeadingNameSize("a IS 'x'"), 1u);
  EXPECT_EQ(LeadingNameSize(R"("a "" IS" IS 'x')"), 9u);
}

TEST(FirstParenthesizedTest, LooksPastQuotedNames) {
  EXPECT_EQ(FirstParenthesized("CREATE INDEX i ON s.\"t(1)\" USING btree (a, "
                               "f(b)) WHERE (c)"),
            "a, f(b)");
  EXPECT_EQ(FirstParenthesized("text"), "");
}

TEST(CanonicalExpressionTest, BringsListsToTheFormAfterAReload) {
  EXPECT_EQ(
      CanonicalExpression("((a)::text = ANY ((ARRAY['x'::character varying, "
                          "'y, ''z'']'::character varying])::text[]))"),
      "((a)::text = ANY (ARRAY[('x'::character varying)::text, "
      "('y, ''z'']'::character varying)::text]))");
  const std::string after = "(a = ANY (ARRAY[('x'::character varying)::text]))";
  EXPECT_EQ(CanonicalExpression(after), after);
  const std::string other = "(a = ANY ((ARRAY[1, 2])::bigint[]))";
  EXPECT_EQ(CanonicalExpression(other), other);
}

TEST(CanonicalQueryTest, DropsImplicitNamesOfLaterBranches) {
  EXPECT_EQ(CanonicalQuery(" SELECT a\n   FROM t\nUNION ALL\n SELECT "
                           "NULL::integer AS int4,\n    'x'::text AS text;"),
            "SELECT a\n   FROM t\nUNION ALL\n SELECT NULL::integer,\n    "
            "'x'::text");
  // The name is not what a cast would be called.
  const std::string named =
      "SELECT a\n   FROM t\nUNION ALL\n SELECT NULL::integer AS text";
  EXPECT_EQ(CanonicalQuery(named), named);
  // A column keeps its name under a cast.
  const std::string column =
      "SELECT t.a::integer AS int4\n   FROM t\nUNION ALL\n SELECT 1";
  EXPECT_EQ(CanonicalQuery(column), column);
}

TEST(QuotingTest, QuotesWhatTheServerWould) {
  EXPECT_EQ(QuoteName("plain_1"), "plain_1");
  EXPECT_EQ(QuoteName("Mixed"), "\"Mixed\"");
  EXPECT_EQ(QuoteName("1st"), "\"1st\"");
  EXPECT_EQ(QuoteName("select"), "\"select\"");
  EXPECT_EQ(QuoteName("a\"b"), "\"a\"\"b\"");
  EXPECT_EQ(QuoteName("é"), "\"é\"");
  EXPECT_EQ(QuotePath(Path{"a.b", "c"}), "\"a.b\".c");
  EXPECT_EQ(QuoteLiteral("it's"), "'it''s'");
}

TEST(TypeChangeTest, SaysWhatIsWritten) {
  EXPECT_EQ(TypeChangeOf("character varying(10)", "character varying(20)"),
            TypeChange::kWidens);
  EXPECT_EQ(TypeChangeOf("character varying(10)", "text"), TypeChange::kWidens);
  EXPECT_EQ(TypeChangeOf("text", "character varying(10)"),
            TypeChange::kNarrows);
  EXPECT_EQ(TypeChangeOf("numeric(10,2)", "numeric(12,2)"),
            TypeChange::kWidens);
  EXPECT_EQ(TypeChangeOf("numeric(10,2)", "numeric(12,4)"),
            TypeChange::kNarrows);
  EXPECT_EQ(TypeChangeOf("integer", "bigint"), TypeChange::kRewrites);
  EXPECT_EQ(TypeChangeOf("bigint", "integer"), TypeChange::kNarrows);
  EXPECT_EQ(TypeChangeOf("date", "text"), TypeChange::kRewrites);
  EXPECT_EQ(TypeChangeOf("timestamp(3) without time zone",
                         "timestamp(0) without time zone"),
            TypeChange::kNarrows);
}

TEST(TypeChangeTest, SaysHowValuesGetThere) {
  EXPECT_EQ(ConversionOf("integer", "bigint"), Conversion::kAssignment);
  EXPECT_EQ(ConversionOf("character varying(5)", "character varying(3)"),
            Conversion::kAssignment);
  EXPECT_EQ(ConversionOf("public.mood", "text"), Conversion::kAssignment);
  EXPECT_EQ(ConversionOf("text", "integer"), Conversion::kCast);
  EXPECT_EQ(ConversionOf("text[]", "integer[]"), Conversion::kCast);
  EXPECT_EQ(ConversionOf("integer", "boolean"), Conversion::kCast);
  EXPECT_EQ(ConversionOf("integer", "uuid"), Conversion::kThroughText);
  EXPECT_EQ(ConversionOf("public.mood", "public.other"),
            Conversion::kThroughText);
}

TEST(TypeChangeTest, TakesModifiersAway) {
  EXPECT_EQ(BaseType("timestamp(3) with time zone"),
            "timestamp with time zone");
  EXPECT_EQ(BaseType("numeric(10,2)[]"), "numeric[]");
  EXPECT_EQ(BaseType("text"), "text");
}

}  // namespace
}  // namespace fleet::postgres
