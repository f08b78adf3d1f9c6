#include "lib/schema/column_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "absl/strings/str_cat.h"
#include "tests/testing/matchers.h"

namespace fleet {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Names = std::vector<std::string>;

TEST(ColumnOrderTest, AsFewAsWillDo) {
  EXPECT_THAT(NamesToMove(Names{}, Names{}), IsEmpty());
  EXPECT_THAT(NamesToMove(Names{"a", "b"}, Names{"a", "b"}), IsEmpty());
  EXPECT_THAT(NamesToMove(Names{"a", "b", "c", "d"}, Names{"d", "a", "b", "c"}),
              ElementsAre("d"));
  EXPECT_THAT(NamesToMove(Names{"a", "b", "c", "d"}, Names{"b", "c", "d", "a"}),
              ElementsAre("a"));
}

// Moving them one by one, each behind the one that it shall follow, gives the
// wanted order.
TEST(ColumnOrderTest, TheMovesLeadThere) {
  std::mt19937 random(7);
  for (int round = 0; round < 2'000; ++round) {
    Names have;
    for (size_t i = 0; i < random() % 9; ++i) have.push_back(absl::StrCat(i));
    Names want = have;
    std::shuffle(want.begin(), want.end(), random);
    Names now = have;
    for (const std::string& name : NamesToMove(have, want)) {
      now.erase(std::find(now.begin(), now.end(), name));
      const auto place = std::find(want.begin(), want.end(), name);
      const auto at =
          place == want.begin()
              ? now.begin()
              : std::next(std::find(now.begin(), now.end(), *std::prev(place)));
      now.insert(at, name);
    }
    ASSERT_EQ(now, want);
  }
}

TEST(ColumnOrderTest, IsAnAttributeOfTablesThatSayIt) {
  std::vector<Object> objects;
  objects.emplace_back(v1::TABLE, Path{"t"});
  objects.emplace_back(v1::COLUMN, Path{"t", "a`, `b"}).Set("after", "z");
  objects.emplace_back(v1::COLUMN, Path{"t", "z"});
  objects.emplace_back(v1::TABLE, Path{"u"});
  objects.emplace_back(v1::COLUMN, Path{"u", "a"});
  ASSERT_OK_AND_ASSIGN(const Schema schema, Schema::Make({}, objects));
  ASSERT_OK_AND_ASSIGN(const Schema ordered, WithColumnOrder(schema));
  EXPECT_EQ(ordered.Find(v1::TABLE, Path{"t"})->Get("column_order"),
            "`z`, `a``, ``b`");
  EXPECT_EQ(ordered.Find(v1::TABLE, Path{"u"})->Get("column_order"), "");
}

}  // namespace
}  // namespace fleet
