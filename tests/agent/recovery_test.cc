#include "agent/recovery.h"

#include <string>
#include <utility>
#include <vector>

#include "tests/testing/matchers.h"

namespace fleet {
namespace {

struct Row {
  bool transactional;
  bool has_marker;
  bool before;
  bool after;
  Verdict verdict;
};

// Every combination there is.
constexpr Row kRows[] = {
    // A transaction: its marker says all.
    {true, true, false, false, Verdict::kApplied},  // changed by hand later
    {true, true, false, true, Verdict::kApplied},
    {true, true, true, false, Verdict::kApplied},  // and taken back by hand
    {true, true, true, true, Verdict::kApplied},
    {true, false, false, false, Verdict::kDiverged},
    {true, false, false, true, Verdict::kApplied},  // somebody else was faster
    {true, false, true, false, Verdict::kNotApplied},
    {true, false, true, true, Verdict::kNotApplied},  // changes no structure
    // A statement alone has no marker; a row with its key proves nothing.
    {false, true, false, false, Verdict::kDiverged},
    {false, true, false, true, Verdict::kApplied},
    {false, true, true, false, Verdict::kNotApplied},
    {false, true, true, true, Verdict::kDiverged},
    {false, false, false, false, Verdict::kDiverged},
    {false, false, false, true, Verdict::kApplied},
    {false, false, true, false, Verdict::kNotApplied},
    {false, false, true, true, Verdict::kDiverged},  // leaves no trace
};

TEST(RecoveryTest, DecidesEveryCombination) {
  static_assert(std::size(kRows) == 16);
  for (const Row& row : kRows) {
    Evidence evidence;
    evidence.transactional = row.transactional;
    evidence.has_marker = row.has_marker;
    evidence.live_is_before = row.before;
    evidence.live_is_after = row.after;
    EXPECT_EQ(Decide(evidence), row.verdict)
        << "transactional " << row.transactional << " marker " << row.has_marker
        << " before " << row.before << " after " << row.after;
  }
}

// A group's marker, and the schema where the database is found.
Trace TraceOf(std::vector<Trace::Step> groups, const std::string& live) {
  Trace trace;
  trace.from = "0";
  trace.groups = std::move(groups);
  trace.live = live;
  return trace;
}

TEST(NextGroupTest, OneGroupIsDecidedAsAfterACrash) {
  for (const Row& row : kRows) {
    if (!row.transactional && row.has_marker) continue;  // is never read
    // Of both, of one, or of neither.
    const std::string live = row.before ? "0" : row.after ? "1" : "by hand";
    const std::string after = row.before && row.after ? "0" : "1";
    const int next =
        NextGroup(TraceOf({{row.transactional, row.has_marker, after}}, live));
    const int want = row.verdict == Verdict::kApplied      ? 1
                     : row.verdict == Verdict::kNotApplied ? 0
                                                           : -1;
    EXPECT_EQ(next, want) << "transactional " << row.transactional << " marker "
                          << row.has_marker << " live " << live << " after "
                          << after;
  }
}

TEST(NextGroupTest, FindsThePlaceInALongOrder) {
  const auto order = [](bool first_marked, bool last_marked) {
    return std::vector<Trace::Step>{{true, first_marked, "1"},
                                    {false, false, "2"},
                                    {false, false, "3"},
                                    {true, last_marked, "4"}};
  };
  EXPECT_EQ(NextGroup(TraceOf(order(false, false), "0")), 0);
  EXPECT_EQ(NextGroup(TraceOf(order(true, false), "1")), 1);
  EXPECT_EQ(NextGroup(TraceOf(order(true, false), "2")), 2);
  EXPECT_EQ(NextGroup(TraceOf(order(true, false), "3")), 3);
  EXPECT_EQ(NextGroup(TraceOf(order(true, true), "4")), 4);
  // Done, and changed by hand since: the check after the last group says so.
  EXPECT_EQ(NextGroup(TraceOf(order(true, true), "by hand")), 4);
  // A statement alone may have run or not.
  EXPECT_EQ(NextGroup(TraceOf(order(true, false), "by hand")), -1);
  EXPECT_EQ(NextGroup(TraceOf(order(false, false), "by hand")), -1);
  // The schema went back by hand behind a marker.
  EXPECT_EQ(NextGroup(TraceOf(order(true, false), "0")), -1);
}

TEST(NextGroupTest, AStepThatLeavesNoTraceIsNotGuessed) {
  const Trace::Step alone = {false, false, "1"};
  EXPECT_EQ(NextGroup(TraceOf({{true, true, "1"}, alone}, "1")), -1);
  // In a transaction its missing marker says that it was not applied.
  const Trace::Step together = {true, false, "1"};
  EXPECT_EQ(NextGroup(TraceOf({{true, true, "1"}, together}, "1")), 1);
  // An inner group that was never rehearsed is known by the markers alone.
  EXPECT_EQ(NextGroup(TraceOf({{true, true, ""}, {true, false, "2"}}, "x")), 1);
  EXPECT_EQ(NextGroup(TraceOf({{true, true, ""}, {false, false, "2"}}, "x")),
            -1);
}

// With a leftover of ours: never before or after as well, but a fingerprint may
// be all three where nothing changes.
TEST(RecoveryTest, LeftoverIsTakenAwayAndTheStatementRunAgain) {
  for (const Row& row : kRows) {
    Evidence evidence;
    evidence.transactional = row.transactional;
    evidence.has_marker = row.has_marker;
    evidence.live_is_before = row.before;
    evidence.live_is_after = row.after;
    evidence.live_is_leftover = true;
    const bool applied = row.after && !row.before;
    const Verdict alone = applied ? Verdict::kApplied : Verdict::kNotApplied;
    EXPECT_EQ(Decide(evidence), row.transactional ? row.verdict : alone)
        << "marker " << row.has_marker << " before " << row.before << " after "
        << row.after;
  }
}

}  // namespace
}  // namespace fleet
