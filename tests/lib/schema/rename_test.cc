// From what people write to what becomes what.

#include "lib/schema/rename.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/lib/schema/toy_engine.h"
#include "tests/testing/matchers.h"

namespace fleet::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// "table orders > table purchases" of each.
absl::StatusOr<std::vector<std::string>> Resolved(
    const std::vector<std::string>& hints, std::vector<Object> from,
    std::vector<Object> to) {
  const Schema target = ToySchema(std::move(from));
  const Schema source = ToySchema(std::move(to));
  const absl::StatusOr<std::vector<Rename>> renames =
      ResolveRenames(hints, target, source);
  if (!renames.ok()) return renames.status();
  std::vector<std::string> texts;
  for (const Rename& rename : *renames) {
    texts.push_back(absl::StrCat(Describe(rename.from->key), " > ",
                                 Describe(rename.to->key)));
  }
  return texts;
}

std::string Refusal(const std::string& hint, std::vector<Object> from,
                    std::vector<Object> to) {
  return std::string(
      Resolved({hint}, std::move(from), std::move(to)).status().message());
}

TEST(Renames, NameColumnsByTheOldTableAndComeBeforeIt) {
  ASSERT_OK_AND_ASSIGN(
      const std::vector<std::string> renames,
      Resolved({"table:orders=purchases", "column:orders.total=amount"},
               {Table("orders"), Column("orders", "total", "int")},
               {Table("purchases"), Column("purchases", "amount", "int")}));
  EXPECT_THAT(renames,
              ElementsAre("column orders.total > column purchases.amount",
                          "table orders > table purchases"));
}

TEST(Renames, FoldTheNewNameWhereTheEngineDoes) {
  ASSERT_OK_AND_ASSIGN(const std::vector<std::string> renames,
                       Resolved({"table:Orders=Purchases"}, {Table("orders")},
                                {Table("purchases")}));
  EXPECT_THAT(renames, ElementsAre("table orders > table purchases"));
}

TEST(Renames, NeedNothingWhereTheyAreDone) {
  ASSERT_OK_AND_ASSIGN(const std::vector<std::string> renames,
                       Resolved({"table:a=b"}, {Table("b")}, {Table("b")}));
  EXPECT_THAT(renames, IsEmpty());
}

TEST(Renames, FollowParentsThatAreDone) {
  const std::vector<std::string> hints = {"table:orders=purchases",
                                          "column:orders.total=amount"};
  const std::vector<Object> source = {Table("purchases"),
                                      Column("purchases", "amount", "int")};
  ASSERT_OK_AND_ASSIGN(std::vector<std::string> renames,
                       Resolved(hints, source, source));
  EXPECT_THAT(renames, IsEmpty());
  ASSERT_OK_AND_ASSIGN(
      renames,
      Resolved(hints, {Table("purchases"), Column("purchases", "total", "int")},
               source));
  EXPECT_THAT(renames,
              ElementsAre("column purchases.total > column purchases.amount"));
  ASSERT_OK_AND_ASSIGN(
      renames,
      Resolved(hints, {Table("orders"), Column("orders", "amount", "int")},
               source));
  EXPECT_THAT(renames, ElementsAre("table orders > table purchases"));
}

TEST(Renames, KnowNamesWithDots) {
  ASSERT_OK_AND_ASSIGN(std::vector<std::string> renames,
                       Resolved({"table:a.b=c"}, {Table("a.b")}, {Table("c")}));
  EXPECT_THAT(renames, ElementsAre("table a.b > table c"));
  ASSERT_OK_AND_ASSIGN(renames,
                       Resolved({"table:a.b=c"}, {Table("c")}, {Table("c")}));
  EXPECT_THAT(renames, IsEmpty());
  ASSERT_OK_AND_ASSIGN(renames, Resolved({"table:orders=done"},
                                         {Table("x.orders"), Table("done")},
                                         {Table("x.orders"), Table("done")}));
  EXPECT_THAT(renames, IsEmpty());
}

TEST(Renames, SayWhatIsWrong) {
  EXPECT_THAT(Refusal("orders=purchases", {}, {}),
              HasSubstr("have \"SORT:OLD=NEW\""));
  EXPECT_THAT(Refusal("table:=b", {}, {}), HasSubstr("SORT:OLD=NEW"));
  EXPECT_THAT(Refusal("table:b=", {}, {}), HasSubstr("SORT:OLD=NEW"));
  EXPECT_THAT(Refusal("tables:a=b", {}, {}),
              HasSubstr("have a sort of column, constraint, index"));
  EXPECT_THAT(Refusal("table:a=b", {Table("c")}, {Table("b")}),
              HasSubstr("the target has no table a"));
  EXPECT_THAT(Refusal("column:totl=y", {Table("a"), Column("a", "y", "int")},
                      {Table("a")}),
              HasSubstr("the target has no column totl"));
  EXPECT_THAT(Refusal("table:a=b", {Table("a"), Table("b")}, {Table("b")}),
              HasSubstr("the target has both, table a and table b"));
  EXPECT_THAT(Refusal("table:a=b", {Table("a")}, {Table("c")}),
              HasSubstr("the source has no table a"));
  EXPECT_THAT(Refusal("table:a=b", {Table("a")}, {Table("a"), Table("b")}),
              HasSubstr("the source still has table a"));
  EXPECT_THAT(Refusal("column:x=y",
                      {Table("a"), Column("a", "x", "int"), Table("b"),
                       Column("b", "x", "int")},
                      {Table("a")}),
              HasSubstr("x may be a.x or b.x; write more of its path"));
}

std::vector<std::string> Suggested(std::vector<Object> from,
                                   std::vector<Object> to) {
  return SuggestRenames(ToySchema(std::move(from)), ToySchema(std::move(to)),
                        ToySpecs());
}

TEST(Renames, AreSuggestedWhereOneOfAKindComesAndOneGoes) {
  EXPECT_THAT(
      Suggested(
          {Table("a"), Column("a", "x", "int"), Column("a", "y", "text")},
          {Table("a"), Column("a", "z", "int"), Column("a", "y", "text")}),
      ElementsAre("column:a.x=z"));
  EXPECT_THAT(Suggested({Table("a"), Column("a", "x", "int"), Table("u"),
                         Column("u", "y", "text")},
                        {Table("b"), Column("b", "x", "int"), Table("u"),
                         Column("u", "y", "text")}),
              ElementsAre("table:a=b"));
  // A name that no hint can say; another type; two that may be it; tables of
  // other columns.
  EXPECT_THAT(Suggested({Table("a"), Column("a", "x", "int")},
                        {Table("a"), Column("a", "y=z", "int")}),
              IsEmpty());
  EXPECT_THAT(Suggested({Table("a"), Column("a", "x", "int")},
                        {Table("a"), Column("a", "z", "text")}),
              IsEmpty());
  EXPECT_THAT(
      Suggested({Table("a"), Column("a", "x", "int")},
                {Table("a"), Column("a", "y", "int"), Column("a", "z", "int")}),
      IsEmpty());
  EXPECT_THAT(Suggested({Table("a"), Column("a", "x", "int")},
                        {Table("b"), Column("b", "y", "int")}),
              IsEmpty());
}

}  // namespace
}  // namespace fleet::testing
