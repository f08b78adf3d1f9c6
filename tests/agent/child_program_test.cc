#include "agent/child_program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/testing/matchers.h"

namespace fleet {
namespace {

using ::fleet::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

bool Always() { return true; }

ProgramCall Shell(const std::string& script, const std::string& secret = "") {
  return {"sh", {"-c", script}, secret};
}

struct Output {
  std::vector<std::string> lines;
  ProgramEnd end;
};

Output RunShell(const std::string& script, const std::string& secret = "",
             const std::function<bool()>& keep_going = Always) {
  Output run;
  const absl::StatusOr<ProgramEnd> end = RunProgram(
      Shell(script, secret),
      [&](absl::string_view line) { run.lines.emplace_back(line); },
      keep_going);
  EXPECT_OK(end);
  if (end.ok()) run.end = *end;
  return run;
}

TEST(ChildProgramTest, GivesEveryLineOfBothOutputs) {
  const Output run =
      RunShell("echo one; echo two >&2; printf '10%%\\r20%%\\r'; echo; exit 3");
  EXPECT_THAT(run.lines, ElementsAre("one", "two", "10%", "20%"));
  EXPECT_EQ(run.end.exit_code, 3);
  EXPECT_EQ(run.end.last_line, "20%");
  EXPECT_FALSE(run.end.stopped);
}

TEST(ChildProgramTest, TheSecretIsReadAgainAndAgain) {
  const Output run = RunShell(
      absl::StrCat("cat ", kSecretPath, "; cat ", kSecretPath,
                   "; tr '\\0' ' ' < /proc/self/cmdline | grep -c hunter2"),
      "hunter2\n");
  EXPECT_THAT(run.lines, ElementsAre("hunter2", "hunter2", "0"));
}

TEST(ChildProgramTest, NothingOfTheAgentIsHandedDown) {
  setenv("FLEET_TEST_SECRET", "x", 1);
  const Output run = RunShell("echo ${FLEET_TEST_SECRET:-none}; ls /proc/$$/fd");
  EXPECT_THAT(run.lines, ElementsAre("none", "0", "1", "2", "3"));
}

TEST(ChildProgramTest, ItEndsWhenItIsToldTo) {
  const Output run =
      RunShell("trap 'echo bye; exit 7' TERM; while :; do sleep 0.1; done", "",
               [] { return false; });
  EXPECT_TRUE(run.end.stopped);
  EXPECT_EQ(run.end.exit_code, 7);
  EXPECT_THAT(run.lines, ElementsAre("bye"));
}

TEST(ChildProgramTest, WhatItStartedDoesNotHoldUpItsEnd) {
  const Output run = RunShell("sleep 60 & echo started");
  EXPECT_THAT(run.lines, ElementsAre("started"));
  EXPECT_EQ(run.end.exit_code, 0);
}

TEST(ChildProgramTest, ASignalIsAnExitCodeAsShellsCountThem) {
  EXPECT_EQ(RunShell("kill -KILL $$").end.exit_code, 128 + 9);
}

TEST(ChildProgramTest, AProgramThatIsNotThere) {
  EXPECT_THAT(RunProgram(
                  {"no-such-tool", {}, ""}, [](absl::string_view) {}, Always),
              StatusIs(absl::StatusCode::kNotFound,
                       HasSubstr("no-such-tool is not installed")));
}

}  // namespace
}  // namespace fleet
