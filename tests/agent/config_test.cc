#include "agent/config.h"

#include <sys/stat.h>

#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "tests/agent/temp_folder.h"
#include "tests/testing/matchers.h"

namespace fleet {
namespace {

using ::fleet::testing::IsOkAndHolds;
using ::fleet::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::StartsWith;

constexpr char kGood[] = R"(version: 1
name: eu-agent
region: eu-west
coordinator: {address: "127.0.0.1:7443"}
state_dir: /var/lib/fleet-agent
scratch: {postgres: "postgres://scratch@db/postgres"}
max_parallel: 3
fingerprint_every: 5s
online_tools: {pt-online-schema-change: [--max-lag, "5"]}
targets:
  - {name: one, url: "sqlite:/data/one.db", tags: [b, a, b], labels: {z: "1", a: "2"}}
  - {name: two, url: "postgres://app@db/two", region: us, read_only: true}
  - {name: three, url: "postgres://app@db/three", scratch: "postgres://other/postgres"}
  - {name: four, url: "mysql://app@db/four"}
)";

std::string With(absl::string_view from, absl::string_view to) {
  return absl::StrReplaceAll(kGood, {{from, to}});
}

absl::Status ErrorOf(const std::string& text) {
  return ParseAgentConfig(text, "agent.yaml").status();
}

TEST(ConfigTest, ReadsEverything) {
  ASSERT_OK_AND_ASSIGN(const AgentConfig config,
                       ParseAgentConfig(kGood, "agent.yaml"));
  EXPECT_EQ(config.name, "eu-agent");
  EXPECT_EQ(config.coordinator_address, "127.0.0.1:7443");
  EXPECT_EQ(config.state_dir, "/var/lib/fleet-agent");
  EXPECT_EQ(config.max_parallel, 3);
  EXPECT_EQ(config.fingerprint_every_ms, 5'000);
  ASSERT_EQ(config.targets.size(), 4u);
  const TargetConfig& one = config.targets[0];
  EXPECT_EQ(one.engine, v1::SQLITE);
  EXPECT_EQ(one.region, "eu-west");
  EXPECT_THAT(one.tags, ElementsAre("a", "b"));
  ASSERT_EQ(one.labels.size(), 2u);
  EXPECT_EQ(one.labels[0].key(), "a");
  EXPECT_EQ(one.scratch, "");
  EXPECT_EQ(config.targets[1].region, "us");
  EXPECT_TRUE(config.targets[1].read_only);
  EXPECT_EQ(config.targets[1].scratch, "postgres://scratch@db/postgres");
  EXPECT_EQ(config.targets[2].scratch, "postgres://other/postgres");
  EXPECT_THAT(config.targets[3].online_tools,
              ElementsAre(Pair("pt-online-schema-change",
                               ElementsAre("--max-lag", "5"))));
  EXPECT_TRUE(one.online_tools.empty());
}

TEST(ConfigTest, ErrorsNameFileLineAndColumn) {
  EXPECT_THAT(ErrorOf(With("max_parallel", "max_paralel")),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       StartsWith("agent.yaml:7:1: unknown key "
                                  "\"max_paralel\"; did you mean")));
  EXPECT_THAT(ErrorOf(With("max_parallel: 3", "max_parallel: 0")),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       StartsWith("agent.yaml:7:15: max_parallel is 0")));
  EXPECT_THAT(ErrorOf(With("5s", "soon")),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       StartsWith("agent.yaml:8:20: expected a duration")));
  EXPECT_THAT(ErrorOf(With("name: two", "name: one")),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("two targets are called \"one\"")));
  EXPECT_THAT(ErrorOf(With("name: two", "name: \"t wo\"")),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       StartsWith("agent.yaml:12:12: a name has")));
  EXPECT_THAT(ErrorOf(With("version: 1", "version: 2")),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       StartsWith("agent.yaml:1:10: version is 2")));
  EXPECT_THAT(ErrorOf(With("state_dir: /var/lib/fleet-agent\n", "")),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("key \"state_dir\" is missing")));
  EXPECT_THAT(ErrorOf(With("sqlite:/data", "oracle:/data")),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       StartsWith("agent.yaml:11:22: ")));
  EXPECT_THAT(ErrorOf(With("pt-online-schema", "pt-online-scheme")),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(StartsWith("agent.yaml:9:41: unknown tool"),
                             HasSubstr("did you mean"))));
}

TEST(ConfigTest, RefusesPasswordsInUrls) {
  for (absl::string_view url :
       {"postgres://app:secret@db/two", "postgres://db/two?password=secret",
        "postgres://app@db/two?sslmode=require&PassWord=secret"}) {
    const absl::Status status = ErrorOf(
        With("\"postgres://app@db/two\"", absl::StrCat("\"", url, "\"")));
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument,
                                 HasSubstr("use a service file, .pgpass or "
                                           "password_file")));
    EXPECT_THAT(std::string(status.message()),
                ::testing::Not(HasSubstr("secret")));
  }
  EXPECT_THAT(ErrorOf(With("postgres://scratch@db", "postgres://s:pw@db")),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       StartsWith("agent.yaml:6:")));
}

TEST(ConfigTest, PlaintextOnlyOnThisMachine) {
  EXPECT_THAT(ErrorOf(With("127.0.0.1:7443", "fleet.example:7443")),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("set ca_file, cert_file and key_file")));
  EXPECT_OK(ErrorOf(With("{address: \"127.0.0.1:7443\"}",
                         "{address: \"f.example:7443\", ca_file: a, "
                         "cert_file: b, key_file: c}")));
}

TEST(ConfigTest, ScratchMustBeOfTheSameEngine) {
  EXPECT_THAT(ErrorOf(With("scratch: \"postgres://other/postgres\"",
                           "scratch: \"sqlite:/tmp/x\"")),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("of the target's own engine")));
}

TEST(ConfigTest, PasswordFileGoesIntoTheUrl) {
  const TempFolder folder;
  const std::string path = folder.Path("pw");
  std::ofstream(path) << "p@ss:w/rd\n";
  TargetConfig target;
  target.name = "two";
  target.url = "postgres://app@db:5433/two?sslmode=require";
  target.password_file = path;
  ASSERT_EQ(chmod(path.c_str(), 0644), 0);
  EXPECT_THAT(
      UrlWithPassword(target),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("chmod 600")));
  ASSERT_EQ(chmod(path.c_str(), 0600), 0);
  EXPECT_THAT(UrlWithPassword(target),
              IsOkAndHolds("postgres://app:p%40ss%3Aw%2Frd@db:5433/"
                           "two?sslmode=require"));
  target.url = "postgres://db/two";
  EXPECT_THAT(UrlWithPassword(target),
              IsOkAndHolds("postgres://db/two?password=p%40ss%3Aw%2Frd"));
}

}  // namespace
}  // namespace fleet
