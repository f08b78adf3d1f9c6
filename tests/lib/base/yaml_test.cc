#include "lib/base/yaml.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/testing/matchers.h"

namespace fleet {
namespace {

using ::fleet::testing::IsOk;
using ::fleet::testing::IsOkAndHolds;
using ::fleet::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr absl::StatusCode kInvalid = absl::StatusCode::kInvalidArgument;

YamlNode Parse(const std::string& text) {
  absl::StatusOr<YamlNode> root = ParseYaml(text, "policy.yaml");
  EXPECT_THAT(root, IsOk());
  return root.ok() ? *root : YamlNode();
}

TEST(YamlTest, ReadsTypedValues) {
  const YamlNode root = Parse(
      "name: canary\nparallel: 5\nstrict: true\nbake: 90s\n"
      "tags: [saas, eu]\nnested: {deep: yes it is}\n");
  EXPECT_TRUE(root.IsMap());
  EXPECT_THAT(root.Get("name").Text(""), IsOkAndHolds("canary"));
  EXPECT_THAT(root.Get("parallel").Integer(0), IsOkAndHolds(5));
  EXPECT_THAT(root.Get("strict").Boolean(false), IsOkAndHolds(true));
  EXPECT_THAT(root.Get("bake").DurationMs(0), IsOkAndHolds(90'000));
  EXPECT_THAT(root.Get("tags").TextList(),
              IsOkAndHolds(ElementsAre("saas", "eu")));
  EXPECT_THAT(root.Get("nested").Get("deep").Text(""),
              IsOkAndHolds("yes it is"));
  EXPECT_THAT(root.Keys(), ElementsAre("name", "parallel", "strict", "bake",
                                       "tags", "nested"));
}

TEST(YamlTest, AbsentNodesGiveTheFallback) {
  const YamlNode root = Parse("a: 1\nempty:\n");
  for (const char* key : {"nothing", "empty"}) {
    const YamlNode absent = root.Get(key);
    EXPECT_FALSE(absent.IsPresent());
    EXPECT_THAT(absent.Text("x"), IsOkAndHolds("x"));
    EXPECT_THAT(absent.Integer(-7), IsOkAndHolds(-7));
    EXPECT_THAT(absent.Boolean(true), IsOkAndHolds(true));
    EXPECT_THAT(absent.DurationMs(10), IsOkAndHolds(10));
    EXPECT_THAT(absent.TextList(), IsOkAndHolds(ElementsAre()));
    EXPECT_FALSE(absent.Get("below").IsPresent());
  }
}

TEST(YamlTest, Durations) {
  const YamlNode root =
      Parse("a: 500ms\nb: 10m\nc: 2h\nd: -1s\ne: soon\nf: 10\ng: inf\nh: 0\n");
  EXPECT_THAT(root.Get("a").DurationMs(0), IsOkAndHolds(500));
  EXPECT_THAT(root.Get("b").DurationMs(0), IsOkAndHolds(600'000));
  EXPECT_THAT(root.Get("c").DurationMs(0), IsOkAndHolds(7'200'000));
  EXPECT_THAT(root.Get("h").DurationMs(5), IsOkAndHolds(0));
  for (const char* key : {"d", "e", "f", "g"}) {
    EXPECT_THAT(root.Get(key).DurationMs(0),
                StatusIs(kInvalid, HasSubstr("expected a duration")))
        << key;
  }
}

TEST(YamlTest, Sizes) {
  const YamlNode root = Parse(
      "a: 0\nb: 64KiB\nc: 1GiB\nd: 8388607TiB\ne: -1MiB\nf: 1GB\n"
      "g: 8388608TiB\nh: MiB\ni: [1]\n");
  EXPECT_THAT(root.Get("a").Bytes(7), IsOkAndHolds(0));
  EXPECT_THAT(root.Get("b").Bytes(0), IsOkAndHolds(65'536));
  EXPECT_THAT(root.Get("c").Bytes(0), IsOkAndHolds(int64_t{1} << 30));
  EXPECT_THAT(root.Get("d").Bytes(0), IsOkAndHolds(int64_t{8388607} << 40));
  EXPECT_THAT(root.Get("nothing").Bytes(7), IsOkAndHolds(7));
  for (const char* key : {"e", "f", "g", "h", "i"}) {
    EXPECT_THAT(root.Get(key).Bytes(0),
                StatusIs(kInvalid, HasSubstr("expected a size")))
        << key;
  }
}

TEST(YamlTest, WrongTypesSayWhereTheyStand) {
  const YamlNode root =
      Parse("count: many\nflag: maybe\nlist: one\ntext: [a]\n");
  EXPECT_THAT(root.Get("count").Integer(0),
              StatusIs(kInvalid, Eq("policy.yaml:1:8: expected a whole number "
                                    "here")));
  EXPECT_THAT(root.Get("flag").Boolean(false),
              StatusIs(kInvalid, StartsWith("policy.yaml:2:7: ")));
  EXPECT_THAT(root.Get("list").List(),
              StatusIs(kInvalid, StartsWith("policy.yaml:3:7: ")));
  EXPECT_THAT(root.Get("text").Text(""),
              StatusIs(kInvalid, StartsWith("policy.yaml:4:7: ")));
  EXPECT_THAT(root.Get("count").ExpectKeys({"a"}),
              StatusIs(kInvalid, StartsWith("policy.yaml:1:8: ")));
}

TEST(YamlTest, IntegersDoNotOverflow) {
  const YamlNode root = Parse("a: 99999999999999999999\nb: 1.5\nc: -3\n");
  EXPECT_THAT(root.Get("a").Integer(0), StatusIs(kInvalid, HasSubstr(":1:4:")));
  EXPECT_THAT(root.Get("b").Integer(0), StatusIs(kInvalid, HasSubstr(":2:4:")));
  EXPECT_THAT(root.Get("c").Integer(0), IsOkAndHolds(-3));
}

TEST(YamlTest, UnknownKeysAreRefusedWithTheNearestOne) {
  const YamlNode root = Parse("version: 1\nwavse: []\n");
  EXPECT_THAT(root.ExpectKeys({"version", "waves"}),
              StatusIs(kInvalid, Eq("policy.yaml:2:1: unknown key \"wavse\"; "
                                    "did you mean \"waves\"?")));
  EXPECT_THAT(root.ExpectKeys({"version", "rest"}),
              StatusIs(kInvalid, AllOf(HasSubstr("unknown key \"wavse\""),
                                       HasSubstr("known: version, rest"))));
  EXPECT_THAT(root.ExpectKeys({"version", "wavse"}), IsOk());
}

TEST(YamlTest, DuplicateKeysAreRefusedAtAnyDepth) {
  EXPECT_THAT(ParseYaml("a: 1\nb: 2\na: 3\n", "f.yaml"),
              StatusIs(kInvalid, Eq("f.yaml:3:1: duplicate key \"a\"")));
  EXPECT_THAT(ParseYaml("list:\n  - x: 1\n    x: 2\n", "f.yaml"),
              StatusIs(kInvalid, Eq("f.yaml:3:5: duplicate key \"x\"")));
}

TEST(YamlTest, SyntaxErrorsAreStatuses) {
  for (const char* text : {"a: [1, 2", "a: 'b", "\ta: 1", "a: b: c", "{"}) {
    EXPECT_THAT(ParseYaml(text, "f.yaml"),
                StatusIs(kInvalid, StartsWith("f.yaml:")))
        << text;
  }
  EXPECT_THAT(ParseYaml("? [a, b]\n: 1\n", "f.yaml"),
              StatusIs(kInvalid, HasSubstr("a key must be plain text")));
}

TEST(YamlTest, RequiredTextNamesTheKey) {
  const YamlNode root = Parse("empty: \"\"\nname: x\n");
  EXPECT_THAT(root.Get("name").RequiredText("name"), IsOkAndHolds("x"));
  EXPECT_THAT(root.Get("url").RequiredText("url"),
              StatusIs(kInvalid, HasSubstr("key \"url\" is missing")));
  EXPECT_THAT(root.Get("empty").RequiredText("empty"),
              StatusIs(kInvalid, HasSubstr("key \"empty\" is empty")));
}

TEST(YamlTest, NodesOutliveTheirRoot) {
  YamlNode name;
  {
    const YamlNode root = Parse("a:\n  - name: first\n  - name: second\n");
    absl::StatusOr<std::vector<YamlNode>> list = root.Get("a").List();
    ASSERT_OK(list);
    ASSERT_EQ(list->size(), 2u);
    name = (*list)[1].Get("name");
  }
  EXPECT_THAT(name.Text(""), IsOkAndHolds("second"));
}

TEST(YamlTest, AnEmptyDocumentIsAbsent) {
  EXPECT_FALSE(Parse("").IsPresent());
  EXPECT_FALSE(Parse("# nothing\n").IsPresent());
}

TEST(YamlTest, AFileThatIsNotThereIsNamed) {
  EXPECT_THAT(ParseYamlFile("/nonexistent/fleet.yaml"),
              StatusIs(kInvalid, HasSubstr("/nonexistent/fleet.yaml")));
}

}  // namespace
}  // namespace fleet
