#include "coordinator/policy.h"

#include <string>

#include "coordinator/waves.h"
#include "tests/testing/matchers.h"

namespace fleet {
namespace {

using ::fleet::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Policy, ParsesEverything) {
  ASSERT_OK_AND_ASSIGN(const v1::Policy policy, ParsePolicy(R"(version: 1
name: saas
regions: [eu-west, us-east]
waves:
  - name: canary
    match: "tag:canary"
    canary: 2
    bake: 30s
  - name: "{{region}}"
    each: region
    order_by: [region, name]
    max_parallel: 50%
    failure_tolerance: 1
    promote: manual
on_failure: continue
max_risk: 80
allow_hazards: [INDEX_BUILD, DELETES_DATA]
target_deadline: 2m
lock_timeout: 3s
lock_retries: 7
online_change: {tool: pt-online-schema-change, from: 512MiB}
)",
                                                            "p.yaml"));
  EXPECT_EQ(policy.name(), "saas");
  EXPECT_THAT(policy.regions(), ElementsAre("eu-west", "us-east"));
  ASSERT_EQ(policy.waves_size(), 2);
  EXPECT_EQ(policy.waves(0).match(), "tag:canary");
  EXPECT_EQ(policy.waves(0).canary(), 2);
  EXPECT_EQ(policy.waves(0).bake_ms(), 30'000);
  EXPECT_EQ(policy.waves(0).max_parallel().count(), 1);
  EXPECT_EQ(policy.waves(0).failure_tolerance().count(), 0);
  EXPECT_EQ(policy.waves(0).promote(), v1::AUTO);
  EXPECT_THAT(policy.waves(0).order_by(), ElementsAre("name"));
  EXPECT_EQ(policy.waves(1).each(), "region");
  EXPECT_EQ(policy.waves(1).max_parallel().percent(), 50);
  EXPECT_EQ(policy.waves(1).failure_tolerance().count(), 1);
  EXPECT_EQ(policy.waves(1).bake_ms(), 10'000);
  EXPECT_EQ(policy.waves(1).promote(), v1::MANUAL);
  EXPECT_THAT(policy.waves(1).order_by(), ElementsAre("region", "name"));
  EXPECT_EQ(policy.on_failure(), v1::CONTINUE);
  EXPECT_EQ(policy.max_risk(), 80);
  EXPECT_THAT(policy.allow_hazards(),
              ElementsAre(v1::INDEX_BUILD, v1::DELETES_DATA));
  EXPECT_EQ(policy.target_deadline_ms(), 120'000);
  EXPECT_EQ(policy.lock_timeout_ms(), 3'000);
  EXPECT_EQ(policy.lock_retries(), 7);
  EXPECT_EQ(policy.online_change().tool(), "pt-online-schema-change");
  EXPECT_EQ(policy.online_change().from_bytes(), int64_t{512} << 20);
}

TEST(Policy, SaysNothingMeansTheDefault) {
  ASSERT_OK_AND_ASSIGN(v1::Policy policy, ParsePolicy("version: 1", "p.yaml"));
  EXPECT_EQ(policy.name(), "p.yaml");
  policy.set_name("default");
  EXPECT_EQ(policy.SerializeAsString(), DefaultPolicy().SerializeAsString());
}

TEST(Policy, ErrorsNameTheirPlace) {
  struct Case {
    const char* text;
    const char* message;
  };
  for (const Case& one : {
           Case{"waves: []", "p.yaml:1:1: key \"version\" is missing"},
           Case{"version: 2", "p.yaml:1:10: have 2, want 1 to 1"},
           Case{"version: 1\nwave: []",
                "p.yaml:2:1: unknown key \"wave\"; did "
                "you mean \"waves\"?"},
           Case{"version: 1\nversion: 1", "p.yaml:2:1: duplicate key"},
           Case{"version: 1\nwaves: []", "p.yaml:2:8: a policy needs at least"},
           Case{"version: 1\nwaves:\n  - bake: 1s",
                "p.yaml:3:5: key \"name\" is missing"},
           Case{"version: 1\nwaves:\n  - name: a\n  - name: a",
                "p.yaml:4:11: there are two waves named \"a\""},
           Case{"version: 1\non_failure: revert_wave",
                "p.yaml:2:13: unknown value \"revert_wave\"; known: halt, "
                "continue"},
           Case{"version: 1\nmax_risk: 101", "p.yaml:2:11: have 101, want 0"},
           Case{"version: 1\nallow_hazards: [INDEX_BILD]",
                "p.yaml:2:17: unknown value \"INDEX_BILD\""},
           Case{"version: 1\nregions: [a, a]",
                "p.yaml:2:14: region \"a\" is "
                "named twice"},
           Case{"version: 1\nlock_retries: -1", "p.yaml:2:15: have -1"},
           Case{"version: 1\nonline_change: {from: 1GiB}",
                "p.yaml:2:16: key \"tool\" is missing"},
           Case{"version: 1\nonline_change: {tool: rm}",
                "p.yaml:2:23: unknown value \"rm\"; known: "
                "pt-online-schema-change"},
           Case{"version: 1\nonline_change: {tool: pt-online-schema-change, "
                "from: big}",
                "p.yaml:2:54: expected a size"},
           Case{"version: 1\ntarget_deadline: soon",
                "p.yaml:2:18: expected a "
                "duration"},
       }) {
    EXPECT_THAT(
        ParsePolicy(one.text, "p.yaml"),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(one.message)))
        << one.text;
  }
}

TEST(Policy, ErrorsNameTheirPlaceInAWave) {
  struct Case {
    const char* text;
    const char* message;
  };
  const std::string head = "version: 1\nwaves:\n  - name: w\n    ";
  for (const Case& one : {
           Case{"bkae: 1s",
                "p.yaml:4:5: unknown key \"bkae\"; did you mean "
                "\"bake\"?"},
           Case{"bake: 5", "p.yaml:4:11: expected a duration"},
           Case{"max_parallel: 0", "p.yaml:4:19: have 0, want at least 1"},
           Case{"max_parallel: 0%", "p.yaml:4:19: have 0%, want at least 1%"},
           Case{"max_parallel: 101%", "p.yaml:4:19: have 101%"},
           Case{"max_parallel: half", "p.yaml:4:19: expected a count such as"},
           Case{"failure_tolerance: -1", "p.yaml:4:24: have -1"},
           Case{"canary: -1", "p.yaml:4:13: have -1, want at least 0"},
           Case{"canary: 10%", "p.yaml:4:13: expected a whole number"},
           Case{"promote: maybe",
                "p.yaml:4:14: unknown value \"maybe\"; "
                "known: auto, manual, manual_first"},
           Case{"each: country",
                "p.yaml:4:11: unknown value \"country\"; "
                "known: region"},
           Case{"each: region",
                "p.yaml:3:11: a wave with each: region needs "
                "\"{{region}}\""},
           Case{"order_by: [size]", "p.yaml:4:16: unknown value \"size\""},
           Case{"match: \"state:drifted\"",
                "p.yaml:4:12: state: and version: are of the moment"},
           Case{"match: \"tag:a,,b\"",
                "p.yaml:4:12: selector \"tag:a,,b\", "
                "column 7: expected a name"},
       }) {
    EXPECT_THAT(
        ParsePolicy(head + one.text, "p.yaml"),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(one.message)))
        << one.text;
  }
  EXPECT_THAT(ParsePolicy("version: 1\nwaves: [{name: \"{{region}}\"}]", "p"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("needs each: region")));
}

}  // namespace
}  // namespace fleet
