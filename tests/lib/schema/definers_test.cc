#include "lib/schema/definers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/testing/matchers.h"

namespace fleet {
namespace {

using ::fleet::testing::StatusIs;
using ::testing::HasSubstr;

Schema OneView(const std::string& definer) {
  std::vector<Object> objects;
  objects.emplace_back(v1::VIEW, Path{"v"}).Set("definer", definer);
  absl::StatusOr<Schema> schema = Schema::Make({}, objects);
  EXPECT_OK(schema);
  return *std::move(schema);
}

std::string DefinerIn(const absl::StatusOr<Schema>& schema) {
  EXPECT_OK(schema);
  return schema.ok()
             ? std::string(schema->Find(v1::VIEW, Path{"v"})->Get("definer"))
             : "";
}

TEST(DefinersTest, AccountsAsServersPrintThem) {
  EXPECT_EQ(QuotedDefiner("a@b@%"), "`a@b`@`%`");
  EXPECT_EQ(QuotedDefiner("we`ird@localhost"), "`we``ird`@`localhost`");
  EXPECT_EQ(QuotedDefiner("role"), "`role`");
}

TEST(DefinersTest, ASourceIsMappedAndATargetIsNot) {
  v1::Scope scope;
  scope.add_definers("root@localhost=app@%");
  scope.add_definers("role=o`ther");
  const Schema root = OneView("`root`@`localhost`");
  EXPECT_EQ(DefinerIn(WithSourceDefiners(root, scope)), "`app`@`%`");
  EXPECT_EQ(DefinerIn(WithTargetDefiners(root, scope)), "`root`@`localhost`");
  EXPECT_EQ(DefinerIn(WithSourceDefiners(OneView("`role`"), scope)),
            "`o``ther`");
  EXPECT_EQ(DefinerIn(WithSourceDefiners(OneView("`x`@`y`"), scope)),
            "`x`@`y`");
}

TEST(DefinersTest, CurrentIsComparedOnNeitherSide) {
  v1::Scope scope;
  scope.add_definers("current");
  const Schema root = OneView("`root`@`localhost`");
  EXPECT_EQ(DefinerIn(WithSourceDefiners(root, scope)), "");
  EXPECT_EQ(DefinerIn(WithTargetDefiners(root, scope)), "");
}

TEST(DefinersTest, WhatIsNotUnderstoodIsRefused) {
  for (const char* text : {"keep", "=a", "a=", ""}) {
    v1::Scope scope;
    scope.add_definers(text);
    EXPECT_THAT(WithSourceDefiners(OneView("`a`"), scope).status(),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         HasSubstr("is not understood")))
        << text;
  }
  v1::Scope both;
  both.add_definers("current");
  both.add_definers("a=b");
  EXPECT_THAT(WithSourceDefiners(OneView("`a`"), both).status(),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("it can be one of them")));
}

}  // namespace
}  // namespace fleet
