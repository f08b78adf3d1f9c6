#include "coordinator/waves.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "coordinator/policy.h"
#include "tests/testing/matchers.h"

namespace fleet {
namespace {

using ::fleet::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<v1::Target> Fleet(const std::vector<std::string>& specs) {
  std::vector<v1::Target> fleet;  // "name@region"
  for (const std::string& spec : specs) {
    v1::Target& target = fleet.emplace_back();
    target.set_name(spec.substr(0, spec.find('@')));
    if (spec.find('@') != spec.npos) {
      target.set_region(spec.substr(spec.find('@') + 1));
    }
  }
  return fleet;
}

// "canary: a b" for each wave, or the error.
std::vector<std::string> Built(const std::string& waves,
                               const std::vector<v1::Target>& targets) {
  const auto policy = ParsePolicy("version: 1\n" + waves, "p");
  if (!policy.ok()) return {policy.status().ToString()};
  const auto built = BuildWaves(*policy, targets);
  if (!built.ok()) return {built.status().ToString()};
  std::vector<std::string> lines;
  for (const v1::Wave& wave : *built) {
    lines.push_back(
        absl::StrCat(wave.name(), ": ", absl::StrJoin(wave.targets(), " ")));
  }
  return lines;
}

TEST(Waves, FirstMatchOwnsATarget) {
  EXPECT_THAT(Built("waves: [{name: one, match: a*}, {name: rest}]",
                    Fleet({"b1", "a2", "a1"})),
              ElementsAre("one: a1 a2", "rest: b1"));
}

TEST(Waves, ACanaryTakesTheFirstAndLeavesTheRest) {
  EXPECT_THAT(Built("waves: [{name: canary, canary: 2}, {name: rest}]",
                    Fleet({"c", "a", "d", "b"})),
              ElementsAre("canary: a b", "rest: c d"));
  EXPECT_THAT(Built("waves: [{name: canary, canary: 9}, {name: rest}]",
                    Fleet({"b", "a"})),
              ElementsAre("canary: a b"));  // empty waves are left out
}

TEST(Waves, EachRegionInItsOrder) {
  const std::string waves =
      "regions: [us, eu]\n"
      "waves: [{name: \"r-{{region}}\", each: region}]";
  EXPECT_THAT(
      Built(waves, Fleet({"a@eu", "b@us", "c@zz", "d@ap", "e@eu", "f"})),
      ElementsAre("r-us: b", "r-eu: a e", "r-no-region: f", "r-ap: d",
                  "r-zz: c"));
}

TEST(Waves, ACanaryInEachRegion) {
  EXPECT_THAT(
      Built("waves: [{name: \"first-{{region}}\", each: region, canary: 1}, "
            "{name: rest, order_by: [region]}]",
            Fleet({"a@us", "b@us", "c@eu", "d@eu"})),
      ElementsAre("first-eu: c", "first-us: a", "rest: d b"));
}

TEST(Waves, UnmatchedTargetsAreAnError) {
  EXPECT_THAT(
      Built("name: saas\nwaves: [{name: one, match: a*}]",
            Fleet({"a1", "b-01", "b-02"})),
      ElementsAre("INVALID_ARGUMENT: no wave of policy \"saas\" matches "
                  "b-[01-02]; end the policy with a wave that has no match"));
}

TEST(Waves, EqualNamesAreAnError) {
  EXPECT_THAT(Built("waves: [{name: eu, match: a}, "
                    "{name: \"{{region}}\", each: region}]",
                    Fleet({"a@eu", "b@eu"})),
              ElementsAre(HasSubstr("two waves named \"eu\"")));
}

TEST(Waves, PercentagesRoundDown) {
  struct Case {
    int targets;
    const char* max_parallel;
    const char* tolerance;
    int want_parallel;
    int want_tolerance;
  };
  for (const Case& one :
       {Case{5, "50%", "50%", 2, 2}, Case{1, "50%", "99%", 1, 0},
        Case{10, "9%", "10%", 1, 1}, Case{3, "100%", "100%", 3, 3},
        Case{3, "7", "2", 7, 2}, Case{9, "1%", "0%", 1, 0}}) {
    std::vector<std::string> names;
    for (int i = 0; i < one.targets; ++i) names.push_back(absl::StrCat("t", i));
    ASSERT_OK_AND_ASSIGN(
        const v1::Policy policy,
        ParsePolicy(absl::StrCat("version: 1\nwaves: [{name: w, max_parallel: ",
                                 one.max_parallel,
                                 ", failure_tolerance: ", one.tolerance, "}]"),
                    "p"));
    ASSERT_OK_AND_ASSIGN(const std::vector<v1::Wave> waves,
                         BuildWaves(policy, Fleet(names)));
    ASSERT_EQ(waves.size(), 1);
    EXPECT_EQ(waves[0].max_parallel(), one.want_parallel) << one.max_parallel;
    EXPECT_EQ(waves[0].failure_tolerance(), one.want_tolerance)
        << one.tolerance;
  }
}

TEST(Waves, TheDefaultIsACanaryThenRegions) {
  const std::vector<v1::Target> fleet =
      Fleet({"d@us", "c@us", "b@eu", "a@eu", "e@ap"});
  ASSERT_OK_AND_ASSIGN(const std::vector<v1::Wave> waves,
                       BuildWaves(DefaultPolicy(), fleet));
  std::vector<std::string> lines;
  for (const v1::Wave& wave : waves) {
    lines.push_back(absl::StrCat(wave.name(), ": ",
                                 absl::StrJoin(wave.targets(), " "),
                                 wave.manual_promotion() ? " manual" : ""));
    EXPECT_EQ(wave.max_parallel(), 1);
    EXPECT_EQ(wave.failure_tolerance(), 0);
    EXPECT_EQ(wave.bake_ms(), 10'000);
    EXPECT_EQ(wave.state(), v1::WAVE_WAITING);
  }
  EXPECT_THAT(lines,
              ElementsAre("canary: a", "ap: e manual", "eu: b", "us: c d"));
  EXPECT_EQ(Reversed(waves).front().name(), "us");
  EXPECT_EQ(Reversed(waves).back().name(), "canary");
}

TEST(Waves, ManualHoldsForEveryRegion) {
  ASSERT_OK_AND_ASSIGN(
      const v1::Policy policy,
      ParsePolicy("version: 1\nwaves: [{name: \"{{region}}\", each: region, "
                  "promote: manual}]",
                  "p"));
  ASSERT_OK_AND_ASSIGN(const std::vector<v1::Wave> waves,
                       BuildWaves(policy, Fleet({"a@eu", "b@us"})));
  EXPECT_TRUE(waves[0].manual_promotion());
  EXPECT_TRUE(waves[1].manual_promotion());
}

TEST(Waves, TheOrderOfTheInputDoesNotMatter) {
  std::vector<v1::Target> fleet =
      Fleet({"a@us", "b@us", "c@eu", "d@eu", "e@ap"});
  const std::string waves =
      "waves: [{name: canary, canary: 2}, "
      "{name: \"{{region}}\", each: region}]";
  const std::vector<std::string> once = Built(waves, fleet);
  std::reverse(fleet.begin(), fleet.end());
  EXPECT_EQ(Built(waves, fleet), once);
}

TEST(Waves, NoTargetsNoWaves) {
  ASSERT_OK_AND_ASSIGN(const std::vector<v1::Wave> waves,
                       BuildWaves(DefaultPolicy(), {}));
  EXPECT_THAT(waves, IsEmpty());
}

}  // namespace
}  // namespace fleet
