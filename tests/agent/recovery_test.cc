#include "agent/recovery.h"

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

}  // namespace
}  // namespace fleet
