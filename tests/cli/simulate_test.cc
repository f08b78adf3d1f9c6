#include "cli/simulate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace fleet {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

void AddWave(const std::string& name, int targets, int max_parallel,
             int tolerance, int64_t bake_ms, bool manual, v1::FleetPlan& plan) {
  v1::Wave& wave = *plan.add_waves();
  wave.set_name(name);
  for (int i = 0; i < targets; ++i) {
    wave.add_targets(absl::StrCat(name, "-", i));
  }
  wave.set_max_parallel(max_parallel);
  wave.set_failure_tolerance(tolerance);
  wave.set_bake_ms(bake_ms);
  wave.set_manual_promotion(manual);
}

TEST(SimulateTest, TheWorstThatCanHappenBeforeItStops) {
  v1::FleetPlan plan;
  AddWave("canary", 1, 1, 0, 60'000, false, plan);
  AddWave("eu", 10, 4, 2, 0, true, plan);
  AddWave("us", 10, 3, 0, 0, false, plan);
  const Forecast forecast = Simulate(plan, 10'000);
  ASSERT_EQ(forecast.waves.size(), 3u);
  EXPECT_EQ(forecast.waves[0].broken, 1);
  // Two are tolerated; when the third fails, three more run beside it.
  EXPECT_EQ(forecast.waves[1].broken, 6);
  // Two in eu were tolerated; three at once.
  EXPECT_EQ(forecast.waves[2].broken, 5);
  EXPECT_EQ(forecast.broken, 6);
  EXPECT_EQ(forecast.waves[1].reached, 11);
  EXPECT_EQ(forecast.duration_ms, 70'000 + 30'000 + 40'000);
  EXPECT_EQ(forecast.approvals, 1);
  const std::string text = PrintForecast(forecast, 10'000, Style::Plain());
  EXPECT_THAT(text, AllOf(HasSubstr("About 2m20s with 10s per target, and 1 "
                                    "approval.\n"),
                          HasSubstr("At most 6 of 21 targets can be broken")));
  EXPECT_THAT(PrintForecastJson(forecast), HasSubstr("\"broken_at_most\": 6"));
}

TEST(SimulateTest, AWaveIsNoLargerThanItIs) {
  v1::FleetPlan plan;
  AddWave("all", 2, 50, 9, 0, false, plan);
  EXPECT_EQ(Simulate(plan, 1).broken, 2);
  plan.mutable_policy()->set_on_failure(v1::CONTINUE);
  AddWave("rest", 3, 1, 0, 0, false, plan);
  EXPECT_EQ(Simulate(plan, 1).broken, 5);
  EXPECT_THAT(PrintForecast(Simulate(plan, 1), 1, Style::Plain()),
              HasSubstr("breaks all 5 targets"));
}

}  // namespace
}  // namespace fleet
