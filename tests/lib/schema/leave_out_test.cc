#include "lib/schema/leave_out.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/status.h"
#include "tests/lib/schema/toy_engine.h"
#include "tests/testing/matchers.h"

namespace fleet::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const ObjectKey kTable{v1::TABLE, Path{"t"}};

Object Needing(Object object, const ObjectKey& key, bool soft = false) {
  object.DependsOn(key.kind, key.path, soft);
  return object;
}

Object Opaque(const std::string& name, const std::string& definition) {
  Object object(v1::OPAQUE, Path{"word", name});
  object.Set("definition", definition);
  return object;
}

TEST(Refusal, LastsThroughAnnotate) {
  // A name may hold anything but NUL.
  const ObjectKey key{v1::COLUMN, Path{"a b", "c\n.\"1 2"}};
  const absl::Status status =
      Annotate(RefusalOf(key, absl::FailedPreconditionError("no")), "planning");
  EXPECT_EQ(status.message(), "planning: no");
  ASSERT_TRUE(RefusedObject(status).has_value());
  EXPECT_EQ(*RefusedObject(status), key);
}

TEST(Refusal, TheFirstObjectCounts) {
  const absl::Status status =
      RefusalOf({v1::VIEW, Path{"v"}},
                RefusalOf(kTable, absl::FailedPreconditionError("no")));
  EXPECT_EQ(*RefusedObject(status), kTable);
}

TEST(Refusal, OtherErrorsAreOfNoObject) {
  EXPECT_FALSE(RefusedObject(absl::InternalError("no")).has_value());
  EXPECT_FALSE(RefusedObject(RefusalOf(kTable, absl::OkStatus())).has_value());
}

TEST(DifferingOpaque, NamesWhatDiffersOnEitherSide) {
  const Schema from = ToySchema(
      {Opaque("a", "1"), Opaque("b", "1"), Opaque("c", "1"), Table("t")});
  const Schema to = ToySchema(
      {Opaque("a", "1"), Opaque("b", "2"), Opaque("d", "1"), Table("u")});
  EXPECT_THAT(DifferingOpaque(from, to, ToySpecs()),
              ElementsAre(ObjectKey{v1::OPAQUE, Path{"word", "b"}},
                          ObjectKey{v1::OPAQUE, Path{"word", "c"}},
                          ObjectKey{v1::OPAQUE, Path{"word", "d"}}));
}

TEST(LeaveOut, NothingIsLeftOutOfNothing) {
  const Schema from = ToySchema({Table("t")});
  const Schema to = ToySchema({Table("u")});
  ASSERT_OK_AND_ASSIGN(const Remainder remainder, LeaveOut(from, to, {}));
  EXPECT_EQ(remainder.schema, to);
  EXPECT_THAT(remainder.also, IsEmpty());
}

TEST(LeaveOut, WhatChangesStaysAsItIs) {
  const Schema from = ToySchema({Table("t"), Column("t", "a", "int"),
                                 Column("t", "b", "int"), View("v", "1")});
  const Schema to = ToySchema({Table("t"), Column("t", "a", "text"),
                               Column("t", "b", "text"), View("v", "2")});
  ASSERT_OK_AND_ASSIGN(const Remainder remainder,
                       LeaveOut(from, to, {{v1::COLUMN, Path{"t", "a"}}}));
  EXPECT_EQ(remainder.schema,
            ToySchema({Table("t"), Column("t", "a", "int"),
                       Column("t", "b", "text"), View("v", "2")}));
}

TEST(LeaveOut, WhatNeedsTheMissingIsMissingToo) {
  const Schema from = ToySchema({Table("u")});
  const Schema to =
      ToySchema({Table("t"), Column("t", "a", "int"), Table("u"),
                 Needing(View("v", "1"), {v1::COLUMN, Path{"t", "a"}}),
                 Needing(View("w", "1"), {v1::VIEW, Path{"v"}}),
                 // A soft need lets its object be.
                 Needing(View("x", "1"), {v1::VIEW, Path{"v"}}, true)});
  ASSERT_OK_AND_ASSIGN(const Remainder remainder, LeaveOut(from, to, {kTable}));
  EXPECT_EQ(remainder.schema, ToySchema({Table("u"), View("x", "1")}));
  EXPECT_THAT(remainder.also, ElementsAre(ObjectKey{v1::COLUMN, Path{"t", "a"}},
                                          ObjectKey{v1::VIEW, Path{"v"}},
                                          ObjectKey{v1::VIEW, Path{"w"}}));
}

TEST(LeaveOut, AnOldOneStaysWhereItsSuccessorLacksSomething) {
  const Schema from = ToySchema({View("v", "old")});
  const Schema to = ToySchema({Table("t"), Needing(View("v", "new"), kTable)});
  ASSERT_OK_AND_ASSIGN(const Remainder remainder, LeaveOut(from, to, {kTable}));
  EXPECT_EQ(remainder.schema, from);
}

TEST(LeaveOut, WhatStaysKeepsWhatItNeeds) {
  const Schema from =
      ToySchema({Table("t"), Column("t", "a", "int"), Column("t", "b", "int"),
                 Needing(View("v", "1"), {v1::COLUMN, Path{"t", "a"}})});
  const Schema to = ToySchema({Table("t"), Column("t", "c", "int")});
  ASSERT_OK_AND_ASSIGN(const Remainder remainder,
                       LeaveOut(from, to, {{v1::VIEW, Path{"v"}}}));
  EXPECT_EQ(
      remainder.schema,
      ToySchema({Table("t"), Column("t", "a", "int"), Column("t", "c", "int"),
                 Needing(View("v", "1"), {v1::COLUMN, Path{"t", "a"}})}));
}

TEST(LeaveOut, ATableThatIsNotDroppedKeepsItsColumns) {
  const Schema from = ToySchema({Table("t"), Column("t", "a", "int")});
  ASSERT_OK_AND_ASSIGN(const Remainder remainder,
                       LeaveOut(from, ToySchema({}), {kTable}));
  EXPECT_EQ(remainder.schema, from);
}

}  // namespace
}  // namespace fleet::testing
