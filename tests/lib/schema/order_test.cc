// Orders that one rule or one tie decides.

#include "lib/schema/order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "lib/schema/diff.h"
#include "tests/lib/schema/toy_engine.h"
#include "tests/testing/matchers.h"

namespace fleet::testing {
namespace {

using ::testing::ElementsAre;

constexpr const char* kVerbs[] = {"drop", "create", "alter", "rebuild"};

std::vector<std::string> StepsOf(const Schema& from, const Schema& to,
                                 KindSpecs specs = ToySpecs()) {
  const auto differences = Diff(from, to, specs);
  EXPECT_OK(differences);
  if (!differences.ok()) return {};
  const auto steps = Order(from, to, *differences, specs);
  EXPECT_OK(steps);
  if (!steps.ok()) return {};
  std::vector<std::string> lines;
  for (const Step& step : *steps) {
    lines.push_back(absl::StrCat(kVerbs[static_cast<int>(step.op)], " ",
                                 Describe(step.key())));
  }
  return lines;
}

Object Function(const std::string& name,
                const std::vector<std::string>& calls) {
  Object function(v1::FUNCTION, Path{name});
  function.Set("definition", name);
  for (const std::string& called : calls) {
    function.DependsOn(v1::FUNCTION, Path{called}, /*soft=*/true);
  }
  return function;
}

TEST(Order, SoftEdgesOutsideOfACycleAreKept) {
  // "a" only waits for the cycle of "x" and "y": it does not yield, though it
  // comes first by name.
  const Schema to = ToySchema({Function("a", {"x"}), Function("x", {"y"}),
                               Function("y", {"x"}), Function("z", {"a"})});
  EXPECT_THAT(StepsOf(ToySchema({}), to),
              ElementsAre("create function x", "create function a",
                          "create function y", "create function z"));
}

TEST(Order, ACycleThatWaitsForAnotherComesSecond) {
  const Schema to = ToySchema({Function("a", {"b", "c"}), Function("b", {"a"}),
                               Function("c", {"d"}), Function("d", {"c"})});
  EXPECT_THAT(StepsOf(ToySchema({}), to),
              ElementsAre("create function c", "create function d",
                          "create function a", "create function b"));
}

TEST(Order, ARebuildComesBeforeTheDropOfWhatItNoLongerNeeds) {
  // The function is held by a column that goes with the rebuild.
  Object held = Column("t", "computed", "int");
  held.Set("check", "f(id)");
  held.DependsOn(v1::FUNCTION, Path{"f"});
  Object freed = Column("t", "computed", "int");
  const Schema from = ToySchema({Table("t"), held, Function("f", {})});
  const Schema to = ToySchema({Table("t"), freed});
  EXPECT_THAT(StepsOf(from, to),
              ElementsAre("rebuild table t", "drop function f"));
}

TEST(Order, DropsGoFromTheLeavesAndCreatesFromTheRoot) {
  const Schema none = ToySchema({});
  Object view = View("v", "1");
  view.DependsOn(v1::COLUMN, Path{"t", "id"});
  const Schema all = ToySchema(
      {Table("t"), Column("t", "id", "int"), view, Function("f", {})});
  EXPECT_THAT(
      StepsOf(none, all),
      ElementsAre("create function f", "create table t", "create view v"));
  EXPECT_THAT(StepsOf(all, none),
              ElementsAre("drop view v", "drop table t", "drop function f"));
}

TEST(Order, TiesAreDecidedByPath) {
  EXPECT_THAT(StepsOf(ToySchema({Table("d"), Table("c")}),
                      ToySchema({Table("b"), Table("a")})),
              ElementsAre("drop table c", "drop table d", "create table a",
                          "create table b"));
}

// The toy engine, but columns are clauses of an ALTER of their table.
std::vector<KindSpec> BatchingSpecs() {
  std::vector<KindSpec> specs(ToySpecs().begin(), ToySpecs().end());
  specs[v1::COLUMN].create_batch = 1;
  specs[v1::COLUMN].change_batch = 1;
  return specs;
}

TEST(Order, AClauseStandsNextToTheOthersOfItsTable) {
  const std::vector<KindSpec> specs = BatchingSpecs();
  const Schema from = ToySchema({Table("t"), Column("t", "a", "int"),
                                 Table("u"), Column("u", "a", "int")});
  const Schema to = ToySchema({Table("t"), Column("t", "b", "int"), Table("u"),
                               Column("u", "b", "int")});
  EXPECT_THAT(StepsOf(from, to, specs),
              ElementsAre("drop column t.a", "create column t.b",
                          "drop column u.a", "create column u.b"));
}

TEST(Order, ABatchWaitsUntilTheWholeOfItCanFollow) {
  const std::vector<KindSpec> specs = BatchingSpecs();
  const Schema from = ToySchema({Table("t"), Column("t", "a", "int"),
                                 Table("u"), Column("u", "a", "int")});
  Object waits = Column("t", "b", "int");
  waits.DependsOn(v1::FUNCTION, Path{"f"});
  const Schema to = ToySchema({Table("t"), waits, Table("u"),
                               Column("u", "b", "int"), Function("f", {})});
  EXPECT_THAT(
      StepsOf(from, to, specs),
      ElementsAre("drop column u.a", "create column u.b", "create function f",
                  "drop column t.a", "create column t.b"));
}

TEST(Order, EveryOneOfManySoftCyclesYields) {
  std::vector<Object> objects;
  for (int i = 0; i < 300; ++i) {
    const std::string a = absl::StrCat("a", i);
    const std::string b = absl::StrCat("b", i);
    objects.push_back(Function(a, {b}));
    objects.push_back(Function(b, {a}));
  }
  EXPECT_EQ(StepsOf(ToySchema({}), ToySchema(objects)).size(), 600u);
}

}  // namespace
}  // namespace fleet::testing
