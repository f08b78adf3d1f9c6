#include "lib/base/suggest.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fleet {
namespace {

const std::vector<std::string>& Verbs() {
  static const auto* verbs = new std::vector<std::string>{
      "diff", "plan", "sync", "rollout", "rollback", "history", "drift"};
  return *verbs;
}

TEST(SuggestTest, FindsOneSlip) {
  EXPECT_EQ(Nearest("rolout", Verbs()), "rollout");     // left out
  EXPECT_EQ(Nearest("historyy", Verbs()), "history");   // too many
  EXPECT_EQ(Nearest("rollbock", Verbs()), "rollback");  // wrong
  EXPECT_EQ(Nearest("histroy", Verbs()), "history");    // swapped
  EXPECT_EQ(Nearest("snyc", Verbs()), "sync");
}

TEST(SuggestTest, FindsTwoSlipsInALongWord) {
  EXPECT_EQ(Nearest("rolbakc", Verbs()), "rollback");
}

TEST(SuggestTest, SaysNothingWhenFarAway) {
  EXPECT_EQ(Nearest("deploy", Verbs()), "");
  EXPECT_EQ(Nearest("", Verbs()), "");
  EXPECT_EQ(Nearest("x", Verbs()), "");
  EXPECT_EQ(Nearest("plan", {}), "");
}

TEST(SuggestTest, AShortWordMustBeCloserThanHalfOfIt) {
  // Two of four letters differ: more likely another word.
  EXPECT_EQ(Nearest("plug", Verbs()), "");
  EXPECT_EQ(Nearest("ab", {"ba", "cd"}), "");
  EXPECT_EQ(Nearest("abc", {"acb", "cd"}), "acb");
}

TEST(SuggestTest, PrefersTheNearestThenTheFirst) {
  EXPECT_EQ(Nearest("waves", {"leaves", "wave", "waved"}), "wave");
  EXPECT_EQ(Nearest("waves", {"waved", "wave"}), "waved");
}

TEST(SuggestTest, IgnoresWordsOfAbsurdLength) {
  EXPECT_EQ(Nearest(std::string(100'000, 'a'), {std::string(100'000, 'a')}),
            "");
}

TEST(SuggestTest, DidYouMeanIsAnAppendixOrNothing) {
  EXPECT_EQ(DidYouMean("plann", Verbs()), "; did you mean \"plan\"?");
  EXPECT_EQ(DidYouMean("deploy", Verbs()), "");
}

}  // namespace
}  // namespace fleet
