#include "lib/schema/diff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "lib/schema/order.h"
#include "tests/lib/schema/toy_engine.h"
#include "tests/testing/matchers.h"

namespace fleet::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// "drop view v", "alter column t.a" … in order; empty on any error.
std::vector<std::string> Plan(const Schema& from, const Schema& to) {
  const auto differences = Diff(from, to, ToySpecs());
  EXPECT_OK(differences);
  if (!differences.ok()) return {};
  const auto steps = Order(from, to, *differences, ToySpecs());
  EXPECT_OK(steps);
  if (!steps.ok()) return {};
  // Every plan of this file also has to play, and to arrive.
  const absl::StatusOr<Schema> played = Play(from, to, *steps);
  EXPECT_OK(played);
  EXPECT_TRUE(played.ok() && *played == to);
  std::vector<std::string> lines;
  constexpr absl::string_view kWords[] = {"drop", "create", "alter", "rebuild"};
  for (const Step& step : *steps) {
    lines.push_back(absl::StrCat(kWords[static_cast<int>(step.op)], " ",
                                 Describe(step.key())));
  }
  return lines;
}

Object DependingOn(Object object, v1::ObjectKind kind, Path path,
                   bool soft = false) {
  object.DependsOn(kind, std::move(path), soft);
  return object;
}

Object Child(v1::ObjectKind kind, const std::string& table,
             const std::string& name) {
  Object child(kind, Path{table, name});
  child.Set("columns", "x");
  return child;
}

TEST(Diff, EqualSchemasDoNotDiffer) {
  const Schema schema = ToySchema({Table("t"), Column("t", "a", "int")});
  EXPECT_THAT(Plan(schema, schema), IsEmpty());
}

TEST(Diff, AbsorbedColumnsComeAndGoWithTheirTable) {
  const Schema empty = ToySchema({});
  const Schema schema = ToySchema(
      {Table("t"), Column("t", "a", "int"), Child(v1::INDEX, "t", "i")});
  EXPECT_THAT(Plan(empty, schema),
              ElementsAre("create table t", "create index t.i"));
  EXPECT_THAT(Plan(schema, empty), ElementsAre("drop table t"));
}

TEST(Diff, MutualForeignKeysNeedNoCycle) {
  Object a =
      DependingOn(Child(v1::FOREIGN_KEY, "a", "to_b"), v1::TABLE, Path{"b"});
  Object b =
      DependingOn(Child(v1::FOREIGN_KEY, "b", "to_a"), v1::TABLE, Path{"a"});
  const Schema schema = ToySchema({Table("a"), Table("b"), a, b});
  const Schema empty = ToySchema({});
  EXPECT_THAT(
      Plan(empty, schema),
      ElementsAre("create table a", "create table b",
                  "create foreign key a.to_b", "create foreign key b.to_a"));
  EXPECT_THAT(Plan(schema, empty),
              ElementsAre("drop foreign key a.to_b", "drop foreign key b.to_a",
                          "drop table a", "drop table b"));
}

TEST(Diff, TypeChangeTakesStackedViewsAway) {
  const auto make = [](const std::string& type) {
    return ToySchema(
        {Table("t"), Column("t", "a", type),
         DependingOn(View("v", "1"), v1::COLUMN, Path{"t", "a"}),
         DependingOn(View("w", "2"), v1::VIEW, Path{"v"}),
         DependingOn(Child(v1::INDEX, "t", "i"), v1::COLUMN, Path{"t", "a"})});
  };
  EXPECT_THAT(Plan(make("int"), make("bigint")),
              ElementsAre("drop view w", "drop view v", "alter column t.a",
                          "create view v", "create view w"));
}

TEST(Diff, ViewMovesFromADroppedToAnAddedColumn) {
  const Schema from =
      ToySchema({Table("t"), Column("t", "old", "int"),
                 DependingOn(View("v", "old"), v1::COLUMN, Path{"t", "old"})});
  const Schema to =
      ToySchema({Table("t"), Column("t", "new", "int"),
                 DependingOn(View("v", "new"), v1::COLUMN, Path{"t", "new"})});
  EXPECT_THAT(Plan(from, to), ElementsAre("create column t.new", "alter view v",
                                          "drop column t.old"));
}

TEST(Diff, RebuiltTableGivesBackWhatHungOnIt) {
  const auto make = [](const std::string& check) {
    Object column = Column("t", "a", "int");
    column.Set("check", check);
    return ToySchema(
        {Table("t"), column, Child(v1::INDEX, "t", "i"),
         DependingOn(View("v", "1"), v1::TABLE, Path{"t"}),
         DependingOn(Child(v1::TRIGGER, "t", "g"), v1::VIEW, Path{"v"})});
  };
  EXPECT_THAT(Plan(make("a > 0"), make("a > 1")),
              ElementsAre("drop trigger t.g", "drop view v", "drop index t.i",
                          "rebuild table t", "create index t.i",
                          "create view v", "create trigger t.g"));
}

TEST(Diff, ReplacedKeyTakesItsForeignKeyAlong) {
  const auto make = [](const std::string& columns) {
    Object key(v1::UNIQUE_KEY, Path{"a", "k"});
    key.Set("columns", columns);
    return ToySchema({Table("a"), Table("b"), key,
                      DependingOn(Child(v1::FOREIGN_KEY, "b", "f"),
                                  v1::UNIQUE_KEY, Path{"a", "k"})});
  };
  EXPECT_THAT(Plan(make("x"), make("y")),
              ElementsAre("drop foreign key b.f", "drop unique key a.k",
                          "create unique key a.k", "create foreign key b.f"));
}

TEST(Diff, AbsorbedColumnKeepsItsSequenceEdge) {
  const Schema to =
      ToySchema({Table("t"),
                 DependingOn(Column("t", "a", "int"), v1::SEQUENCE, Path{"s"}),
                 Object(v1::SEQUENCE, Path{"s"})});
  const Schema empty = ToySchema({});
  EXPECT_THAT(Plan(empty, to),
              ElementsAre("create sequence s", "create table t"));
  EXPECT_THAT(Plan(to, empty), ElementsAre("drop table t", "drop sequence s"));
}

TEST(Diff, TableReplacedByAViewOfItsName) {
  const Schema from = ToySchema({Table("t"), Column("t", "a", "int")});
  const Schema to = ToySchema({View("t", "1")});
  EXPECT_THAT(Plan(from, to), ElementsAre("drop table t", "create view t"));
  EXPECT_THAT(Plan(to, from), ElementsAre("drop view t", "create table t"));
}

TEST(Diff, SoftEdgesYieldInACycle) {
  Object f(v1::FUNCTION, Path{"f"});
  f.Set("definition", "reads t");
  f.DependsOn(v1::TABLE, Path{"t"}, /*soft=*/true);
  const Schema to = ToySchema(
      {Table("t"), f,
       DependingOn(Column("t", "a", "int"), v1::FUNCTION, Path{"f"})});
  EXPECT_THAT(Plan(ToySchema({}), to),
              ElementsAre("create function f", "create table t"));
}

TEST(Diff, HardCycleNamesItsMembers) {
  const Schema to = ToySchema({DependingOn(View("v", "1"), v1::VIEW, Path{"w"}),
                               DependingOn(View("w", "1"), v1::VIEW, Path{"v"}),
                               View("x", "1")});
  const Schema empty = ToySchema({});
  const auto differences = Diff(empty, to, ToySpecs());
  ASSERT_OK(differences);
  EXPECT_THAT(Order(empty, to, *differences, ToySpecs()),
              StatusIs(absl::StatusCode::kInternal,
                       AllOf(HasSubstr("view v, view w"))));
}

TEST(Diff, RefusalNamesObjectHaveAndWant) {
  Object from = Table("t");
  from.Set("strategy", "range");
  Object to = Table("t");
  to.Set("strategy", "list");
  EXPECT_THAT(Diff(ToySchema({from}), ToySchema({to}), ToySpecs()),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("table t"), HasSubstr("have range"),
                             HasSubstr("want list"))));
}

TEST(Diff, WhatIsNotUnderstoodIsNeverChanged) {
  const Schema from = ToySchema({Object(v1::DOMAIN, Path{"d"})});
  EXPECT_THAT(
      Diff(from, ToySchema({}), ToySpecs()),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("domain d")));
  EXPECT_THAT(Plan(from, from), IsEmpty());
}

TEST(Describe, CountsWhatAReaderThinksOf) {
  const Schema from =
      ToySchema({Table("t"), Column("t", "a", "int"), Column("t", "b", "int"),
                 DependingOn(View("v", "1"), v1::COLUMN, Path{"t", "a"})});
  const Schema to =
      ToySchema({Table("t"), Column("t", "a", "text"), Table("new"),
                 Column("new", "x", "int"), Column("new", "y", "int"),
                 DependingOn(View("v", "1"), v1::COLUMN, Path{"t", "a"})});
  const auto differences = Diff(from, to, ToySpecs());
  ASSERT_OK(differences);
  const std::vector<v1::Change> changes = Describe(*differences, ToySpecs());
  const ChangeCounts counts = CountChanges(changes);
  EXPECT_EQ(counts.add, 1);     // table new, with its columns
  EXPECT_EQ(counts.change, 1);  // column a; the view only comes along
  EXPECT_EQ(counts.drop, 1);    // column b
  for (const v1::Change& change : changes) {
    if (change.kind() == v1::VIEW) {
      EXPECT_EQ(change.because(), "column t.a");
    }
    if (change.op() == v1::DROP) {
      EXPECT_GE(change.risk(), 75);
    }
  }
}

}  // namespace
}  // namespace fleet::testing
