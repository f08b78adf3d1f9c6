#include "coordinator/selector.h"

#include <string>
#include <vector>

#include "tests/testing/matchers.h"

namespace fleet {
namespace {

using ::fleet::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

v1::Target MakeTarget(const std::string& name, const std::string& region,
                      const std::vector<std::string>& tags) {
  v1::Target target;
  target.set_name(name);
  target.set_region(region);
  target.set_engine(v1::POSTGRES);
  target.set_agent("agent-" + region);
  for (const std::string& tag : tags) target.add_tags(tag);
  return target;
}

std::vector<v1::Target> Fleet() {
  std::vector<v1::Target> fleet = {
      MakeTarget("saas-us-01", "us-east", {"saas"}),
      MakeTarget("saas-eu-01", "eu-west", {"gold", "saas"}),
      MakeTarget("saas-eu-02", "eu-west", {"saas"}),
      MakeTarget("shop", "eu-north", {"shop"}),
  };
  fleet[1].add_labels()->set_key("tier");
  fleet[1].mutable_labels(0)->set_value("gold");
  fleet[3].set_engine(v1::MYSQL);
  fleet[3].set_flavour("mariadb");
  return fleet;
}

std::string Selected(const std::vector<std::string>& selectors,
                     const std::vector<std::string>& exclude = {}) {
  const auto targets = Select(Fleet(), selectors, exclude);
  if (!targets.ok()) return std::string(targets.status().message());
  std::string names;
  for (const v1::Target& target : *targets) {
    names += (names.empty() ? "" : " ") + target.name();
  }
  return names;
}

TEST(Selector, Selects) {
  struct Case {
    const char* text;
    const char* names;
  };
  for (const Case& one : {
           Case{"all", "saas-eu-01 saas-eu-02 saas-us-01 shop"},
           Case{"tag:saas", "saas-eu-01 saas-eu-02 saas-us-01"},
           Case{"tag:saas,region:eu-*", "saas-eu-01 saas-eu-02"},
           Case{"tag:saas,region:eu-*,!name:saas-eu-02", "saas-eu-01"},
           Case{"tag:shop tag:gold", "saas-eu-01 shop"},
           Case{"  tag:shop   name:saas-us-01 ", "saas-us-01 shop"},
           Case{"region:us-east|eu-north", "saas-us-01 shop"},
           Case{"!tag:saas", "shop"},
           Case{"!region:us-east|eu-north", "saas-eu-01 saas-eu-02"},
           Case{"shop", "shop"},
           Case{"*-01", "saas-eu-01 saas-us-01"},
           Case{"saas-?u-02|shop", "saas-eu-02 shop"},
           Case{"all,!shop", "saas-eu-01 saas-eu-02 saas-us-01"},
           Case{"label:tier=gold", "saas-eu-01"},
           Case{"label:tier=silver|g*", "saas-eu-01"},
           Case{"engine:postgres,tag:gold", "saas-eu-01"},
           Case{"engine:postgresql,tag:gold", "saas-eu-01"},
           Case{"engine:mysql", "shop"},
           Case{"engine:mariadb", "shop"},
           Case{"agent:agent-us-*", "saas-us-01"},
           Case{"name:*s*a*s*-0*1", "saas-eu-01 saas-us-01"},
       }) {
    EXPECT_EQ(Selected({one.text}), one.names) << one.text;
  }
  EXPECT_EQ(Selected({}), "saas-eu-01 saas-eu-02 saas-us-01 shop");
  EXPECT_EQ(Selected({"shop", "tag:gold"}), "saas-eu-01 shop");
  EXPECT_EQ(Selected({"tag:saas"}, {"region:eu-*"}), "saas-us-01");
}

TEST(Selector, ErrorsNameTheColumn) {
  struct Case {
    const char* text;
    const char* message;
  };
  for (const Case& one : {
           Case{"", "column 1: it is empty; write all"},
           Case{"   ", "it is empty"},
           Case{"tga:saas",
                "selector \"tga:saas\", column 1: unknown method "
                "\"tga\"; did you mean \"tag\"?"},
           Case{"colour:red",
                "column 1: unknown method \"colour\"; known: "
                "tag, name, region, engine, agent, label"},
           Case{"tag:a,,tag:b", "column 7: expected a name"},
           Case{"tag:a,", "column 7: expected a name"},
           Case{",tag:a", "column 1: expected a name"},
           Case{"tag:a !", "column 8: expected a name"},
           Case{"!!tag:a", "column 2: unknown method \"!tag\""},
           Case{"!!a", "column 2: expected a name"},
           Case{"@canary",
                "column 1: expected a name, all or method:value "
                "here, have \"@\""},
           Case{"tag:", "column 5: expected a value"},
           Case{"tag:a||b", "column 7: expected a value"},
           Case{"tag:a,region:x|", "column 16: expected a value"},
           Case{"label:gold", "column 7: expected key=value"},
           Case{"label:=gold", "column 7: expected key=value"},
           Case{"label:tier=", "column 12: expected a value"},
           Case{"region=eu", "column 7: a name has no \"=\""},
       }) {
    EXPECT_THAT(
        Selector::Parse(one.text),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(one.message)))
        << one.text;
  }
}

TEST(Selector, NothingIsAnErrorThatHelps) {
  EXPECT_EQ(Selected({"tag:sas"}),
            "no target matches \"tag:sas\"; tags there are: gold, saas, shop; "
            "did you mean \"tag:saas\"?");
  EXPECT_EQ(Selected({"shopp"}),
            "no target matches \"shopp\"; tags there are: gold, saas, shop; "
            "did you mean \"shop\"?");
  EXPECT_EQ(Selected({"tag:shop"}, {"shop"}),
            "every target that \"tag:shop\" selects is excluded; exclude less");
  EXPECT_THAT(Select({}, {"all"}, {}),
              StatusIs(absl::StatusCode::kNotFound,
                       HasSubstr("there are no targets yet")));
}

// How the fleet stands: 01 in us drifted at version 17, 01 in eu current at 4.
v1::TargetStatus Standing(const v1::Target& target) {
  v1::TargetStatus status;
  status.set_state(target.name() == "saas-us-01"   ? v1::DRIFTED
                   : target.name() == "saas-eu-01" ? v1::CURRENT
                                                   : v1::UNREACHABLE);
  status.set_version(target.name() == "saas-us-01"   ? 17
                     : target.name() == "saas-eu-01" ? 4
                                                     : 0);
  return status;
}

TEST(Selector, SelectsByHowTargetsStand) {
  struct Case {
    const char* text;
    const char* names;
  };
  for (const Case& one : {
           Case{"state:drifted", "saas-us-01"},
           Case{"state:drifted|current", "saas-eu-01 saas-us-01"},
           Case{"tag:saas,!state:unreachable", "saas-eu-01 saas-us-01"},
           Case{"version:17", "saas-us-01"},
           Case{"version:<17,tag:saas", "saas-eu-01 saas-eu-02"},
           Case{"version:>=4", "saas-eu-01 saas-us-01"},
           Case{"version:<=4,!version:0", "saas-eu-01"},
           Case{"version:>4", "saas-us-01"},
       }) {
    const auto targets = Select(Fleet(), {one.text}, {}, Standing);
    ASSERT_OK(targets);
    std::string names;
    for (const v1::Target& target : *targets) {
      names += (names.empty() ? "" : " ") + target.name();
    }
    EXPECT_EQ(names, one.names) << one.text;
  }
  EXPECT_THAT(Selected({"state:broken"}),
              HasSubstr("column 7: unknown state \"broken\"; known: current"));
  EXPECT_THAT(Selected({"version:4|latest"}),
              HasSubstr("column 11: expected a version number"));
}

}  // namespace
}  // namespace fleet
