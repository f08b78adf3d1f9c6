// fleetctl as a process, without a coordinator: usage, help, local diff.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/testing/mini_fleet.h"
#include "tests/testing/process.h"

namespace fleet::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

ProcessResult Fleetctl(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), Program("fleetctl"));
  return RunProcess(arguments, {"FLEETCTL_COORDINATOR=127.0.0.1:1"});
}

TEST(Fleetctl, EveryVerbHasHelpWithExamplesFirst) {
  for (const char* verb :
       {"sync", "plan", "diff", "drift", "history", "rollback", "rollout",
        "target", "completion", "version"}) {
    const ProcessResult help = Fleetctl({verb, "--help"});
    EXPECT_EQ(help.exit_code, 0) << verb;
    EXPECT_THAT(help.out, HasSubstr("EXAMPLES\n  ")) << verb;
    EXPECT_LT(help.out.find("EXAMPLES"), help.out.find("Options")) << verb;
  }
}

TEST(Fleetctl, UsageErrorsExitWith64AndSuggest) {
  const ProcessResult unknown = Fleetctl({"snyc"});
  EXPECT_EQ(unknown.exit_code, 64);
  EXPECT_THAT(unknown.err, HasSubstr("did you mean \"sync\"?"));
  EXPECT_EQ(Fleetctl({"sync"}).exit_code, 64);
  EXPECT_EQ(Fleetctl({"diff", "a", "b", "--no-such-flag"}).exit_code, 64);
  EXPECT_EQ(Fleetctl({"rollback"}).exit_code, 64);
}

TEST(Fleetctl, NoCoordinatorIsExit8) {
  const ProcessResult result = Fleetctl({"target", "list"});
  EXPECT_EQ(result.exit_code, 8);
  EXPECT_THAT(result.err,
              AllOf(HasSubstr("127.0.0.1:1"), HasSubstr("--coordinator")));
}

class LocalDiff : public ::testing::Test {
 protected:
  std::string File(const std::string& name, const std::string& sql) {
    const std::string path = folder_.path() + "/" + name;
    WriteWholeFile(path, sql);
    return path;
  }
  TemporaryFolder folder_;
};

TEST_F(LocalDiff, SqliteFilesWithoutAnyServer) {
  const std::string a =
      File("a.sql", "CREATE TABLE t (id INTEGER PRIMARY KEY);");
  const std::string b =
      File("b.sql",
           "CREATE TABLE t (id INTEGER PRIMARY KEY, note TEXT);\n"
           "CREATE INDEX t_note ON t (note);");
  const ProcessResult table =
      Fleetctl({"diff", a, b, "--dialect", "sqlite", "--detailed-exitcode"});
  EXPECT_EQ(table.exit_code, 2) << table.err;
  EXPECT_THAT(table.out, AllOf(HasSubstr("+ column note"),
                               HasSubstr("2 to add, 0 to change, 0 to drop")));
  const ProcessResult sql =
      Fleetctl({"diff", a, b, "--dialect", "sqlite", "-o", "sql"});
  EXPECT_EQ(sql.exit_code, 0) << sql.err;
  EXPECT_THAT(sql.out,
              AllOf(HasSubstr("ALTER TABLE"), HasSubstr("CREATE INDEX")));
  const ProcessResult equal =
      Fleetctl({"diff", a, a, "--dialect", "sqlite", "--detailed-exitcode"});
  EXPECT_EQ(equal.exit_code, 0);
  EXPECT_THAT(equal.out, HasSubstr("No differences."));
}

TEST_F(LocalDiff, ErrorsNameFileLineAndColumn) {
  const std::string bad =
      File("bad.sql", "CREATE TABLE t (id INT);\nCREATE TABEL u (x INT);\n");
  const ProcessResult result =
      Fleetctl({"diff", bad, bad, "--dialect", "sqlite"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("bad.sql:2:8"));
  EXPECT_THAT(result.out, IsEmpty());
}

TEST_F(LocalDiff, DroppingDataMustBeAllowedByName) {
  const std::string a = File("a.sql", "CREATE TABLE t (id INT, gone TEXT);");
  const std::string b = File("b.sql", "CREATE TABLE t (id INT);");
  const ProcessResult stopped =
      Fleetctl({"diff", a, b, "--dialect", "sqlite", "-o", "sql"});
  EXPECT_EQ(stopped.exit_code, 3);
  EXPECT_THAT(stopped.err, HasSubstr("--allow-hazards DELETES_DATA"));
  EXPECT_THAT(stopped.out, IsEmpty());
  EXPECT_EQ(Fleetctl({"diff", a, b, "--dialect", "sqlite", "-o", "sql",
                      "--allow-hazards", "DELETES_DATA"})
                .exit_code,
            0);
  EXPECT_EQ(Fleetctl({"diff", a, b, "--dialect", "sqlite", "--allow-hazards",
                      "DELETES_DATTA"})
                .exit_code,
            64);
}

TEST_F(LocalDiff, MissingThingsAreNamed) {
  const ProcessResult file = Fleetctl(
      {"diff", "/no/such.sql", "/no/other.sql", "--dialect", "sqlite"});
  EXPECT_EQ(file.exit_code, 1);
  EXPECT_THAT(file.err, HasSubstr("/no/such.sql"));
  const ProcessResult database =
      Fleetctl({"diff", "sqlite:/no/such.db", "sqlite:/no/such.db"});
  EXPECT_EQ(database.exit_code, 1);
  EXPECT_THAT(database.err, HasSubstr("/no/such.db"));
  const std::string a = File("a.sql", "");
  EXPECT_EQ(Fleetctl({"diff", a, a}).exit_code, 64);
}

}  // namespace
}  // namespace fleet::testing
