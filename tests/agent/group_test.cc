#include "agent/group.h"

#include "tests/testing/matchers.h"

namespace fleet {
namespace {

void Add(v1::Plan* plan, const std::string& sql, int group, bool transactional,
         const std::string& after = "") {
  v1::Statement& statement = *plan->add_statements();
  statement.set_sql(sql);
  statement.set_group(group);
  statement.set_transactional(transactional);
  statement.set_fingerprint_after(after);
  statement.set_lock_timeout_ms(100 * (plan->statements_size()));
  statement.set_statement_timeout_ms(1'000);
}

TEST(GroupTest, SplitsAPlan) {
  v1::Plan plan;
  plan.set_to_fingerprint("to");
  Add(&plan, "a", 0, true);
  Add(&plan, "b", 0, true, "after b");
  Add(&plan, "c", 1, false, "after c");
  Add(&plan, "d", 2, false);
  Add(&plan, "e", 3, true, "ignored: the plan says where it ends");
  const std::vector<Group> groups = GroupsOf(plan);
  ASSERT_EQ(groups.size(), 4u);
  EXPECT_THAT(groups[0].sql, ::testing::ElementsAre("a", "b"));
  EXPECT_TRUE(groups[0].transactional);
  EXPECT_EQ(groups[0].fingerprint_after, "after b");
  EXPECT_EQ(groups[0].lock_timeout_ms, 200);
  EXPECT_EQ(groups[1].first_statement, 2);
  EXPECT_FALSE(groups[1].transactional);
  EXPECT_EQ(groups[2].number, 2);
  EXPECT_EQ(groups[2].fingerprint_after, "") << "never rehearsed";
  EXPECT_EQ(groups[3].first_statement, 4);
  EXPECT_EQ(groups[3].fingerprint_after, "to");
}

// A statement that no transaction can hold is never joined with its neighbour.
TEST(GroupTest, StatementsAloneStayAlone) {
  v1::Plan plan;
  Add(&plan, "a", 0, false);
  Add(&plan, "b", 0, false);
  Add(&plan, "c", 0, true);
  EXPECT_EQ(GroupsOf(plan).size(), 3u);
}

TEST(GroupTest, EmptyPlanHasNone) { EXPECT_TRUE(GroupsOf({}).empty()); }

}  // namespace
}  // namespace fleet
