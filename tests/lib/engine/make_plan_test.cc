#include "lib/engine/make_plan.h"

#include "lib/engine/marker.h"
#include "lib/schema/fingerprint.h"
#include "tests/lib/engine/table_dialect.h"
#include "tests/testing/matchers.h"

namespace fleet {
namespace {

using ::testing::HasSubstr;
using testing::IsOkAndHolds;
using testing::StatusIs;
using testing::TableDialect;

const SchemaInfo kServer = {v1::POSTGRES, "postgresql", 150002};

Object Table(absl::string_view name, absl::string_view comment = "") {
  Object table(v1::TABLE, Path{name});
  table.Set("comment", comment);
  return table;
}

Object Index(absl::string_view table, absl::string_view name) {
  return Object(v1::INDEX, Path{table, name});
}

Schema Make(std::vector<Object> objects) {
  absl::StatusOr<Schema> schema = Schema::Make(kServer, std::move(objects));
  EXPECT_OK(schema);
  return schema.ok() ? *std::move(schema) : Schema();
}

absl::StatusOr<v1::Plan> Plan(const Schema& from, const Schema& to) {
  return MakePlan(from, to, TableDialect(), kServer, PlanOptions());
}

TEST(MakePlanTest, NoDifferenceIsAnEmptyPlan) {
  const Schema schema = Make({Table("a")});
  ASSERT_OK_AND_ASSIGN(const v1::Plan plan, Plan(schema, schema));
  EXPECT_EQ(plan.statements_size(), 0);
  EXPECT_EQ(plan.from_fingerprint(), plan.to_fingerprint());
  EXPECT_EQ(PlanToScript(plan, TableDialect()), "");
}

TEST(MakePlanTest, GroupsRunsOfTransactionalStatements) {
  const Schema from = Make({});
  const Schema to =
      Make({Table("a"), Table("b"), Index("a", "i"), Index("b", "j")});
  ASSERT_OK_AND_ASSIGN(const v1::Plan plan, Plan(from, to));
  ASSERT_EQ(plan.statements_size(), 4);
  EXPECT_EQ(plan.statements(0).group(), 0);
  EXPECT_EQ(plan.statements(1).group(), 0);
  EXPECT_EQ(plan.statements(2).group(), 1);
  EXPECT_EQ(plan.statements(3).group(), 2);
  EXPECT_FALSE(plan.statements(2).transactional());
  EXPECT_EQ(plan.statements(3).fingerprint_after(), plan.to_fingerprint());
  EXPECT_EQ(plan.statements(0).fingerprint_after(), "");
}

TEST(MakePlanTest, FillsInWhatHandlersLeave) {
  const Schema from = Make({Table("a"), Table("gone")});
  const Schema to = Make({Table("a", "x"), Table("new")});
  ASSERT_OK_AND_ASSIGN(const v1::Plan plan, Plan(from, to));
  ASSERT_EQ(plan.statements_size(), 3);
  for (const v1::Statement& statement : plan.statements()) {
    EXPECT_EQ(statement.kind(), v1::TABLE);
    ASSERT_EQ(statement.path_size(), 1);
    EXPECT_EQ(statement.statement_timeout_ms(),
              RenderOptions().statement_timeout_ms);
    if (statement.path(0) == "gone") {
      EXPECT_EQ(statement.op(), v1::DROP);
      EXPECT_EQ(statement.phase(), v1::CONTRACT);
      EXPECT_EQ(statement.reversibility(), v1::LOSSY);
      ASSERT_EQ(statement.hazards_size(), 1);
      EXPECT_EQ(statement.hazards(0).type(), v1::DELETES_DATA);
    } else if (statement.path(0) == "new") {
      EXPECT_EQ(statement.op(), v1::CREATE);
      EXPECT_EQ(statement.phase(), v1::EXPAND);
      EXPECT_EQ(statement.reversibility(), v1::LOSSLESS);
      EXPECT_EQ(statement.lock_timeout_ms(), RenderOptions().lock_timeout_ms);
    } else {
      EXPECT_EQ(statement.op(), v1::ALTER);
      EXPECT_EQ(statement.phase(), v1::MIGRATE);
      EXPECT_EQ(statement.lock_timeout_ms(), 77);
    }
  }
}

TEST(MakePlanTest, MakesTheReverse) {
  const Schema from = Make({Table("a")});
  const Schema to = Make({Table("a"), Table("b")});
  ASSERT_OK_AND_ASSIGN(const v1::Plan plan, Plan(from, to));
  ASSERT_EQ(plan.reverse_size(), 1);
  EXPECT_EQ(plan.reverse(0).sql(), "DROP TABLE \"b\"");
  EXPECT_EQ(plan.reverse(0).fingerprint_after(), plan.from_fingerprint());
  EXPECT_EQ(plan.engine(), v1::POSTGRES);
  EXPECT_EQ(plan.flavour(), "postgresql");
  EXPECT_EQ(plan.server_major(), 15);
}

TEST(MakePlanTest, SaysWhenThereIsNoWayBack) {
  const Schema from = Make({Table("a", "refuse")});
  const Schema to = Make({Table("a", "fine")});
  ASSERT_OK_AND_ASSIGN(const v1::Plan plan, Plan(from, to));
  EXPECT_EQ(plan.reverse_size(), 0);
  const v1::Statement& last = plan.statements(plan.statements_size() - 1);
  ASSERT_EQ(last.hazards_size(), 2);
  EXPECT_EQ(last.hazards(1).type(), v1::IRREVERSIBLE);
  EXPECT_THAT(last.hazards(1).message(), HasSubstr("this comment cannot be"));
}

TEST(MakePlanTest, FailuresNameTheObject) {
  EXPECT_THAT(Plan(Make({Table("a")}), Make({Table("a", "refuse")})),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("table a: this comment cannot be")));
  EXPECT_THAT(Plan(Make({}), Make({Object(v1::VIEW, Path{"v"})})),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("cannot create view v")));
  EXPECT_THAT(Plan(Make({}), Make({Object(v1::TABLE, Path{"a\xff"})})),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("not valid UTF-8")));
}

TEST(MakePlanTest, TheIdIsThatOfTheContent) {
  const Schema from = Make({});
  const Schema to = Make({Table("a")});
  ASSERT_OK_AND_ASSIGN(v1::Plan plan, Plan(from, to));
  EXPECT_EQ(plan.id().size(), 64u);
  EXPECT_EQ(plan.id(), PlanId(plan));
  ASSERT_OK_AND_ASSIGN(const v1::Plan again, Plan(from, to));
  EXPECT_EQ(again.id(), plan.id());
  plan.set_rehearsed(true);
  EXPECT_NE(PlanId(plan), plan.id());
}

TEST(PlanToScriptTest, CanBeRunAsItStands) {
  const Schema from = Make({Table("a")});
  const Schema to = Make({Table("a", "it's"), Index("a", "i")});
  ASSERT_OK_AND_ASSIGN(const v1::Plan plan, Plan(from, to));
  EXPECT_EQ(PlanToScript(plan, TableDialect()),
            "SET before = 1;\n"
            "BEGIN;\n"
            "-- hazard CORRECTNESS: a comment\\nin two lines\n"
            "COMMENT ON TABLE \"a\" IS 'it''s';\n"
            "COMMIT;\n"
            "CREATE INDEX CONCURRENTLY \"i\" -- ends in a comment\n;\n"
            "RESET before;\n");
}

TEST(AddHazardTest, SaysEachThingOnce) {
  v1::Statement statement;
  AddHazard(statement, v1::INDEX_BUILD, "a");
  AddHazard(statement, v1::INDEX_BUILD, "a");
  AddHazard(statement, v1::INDEX_BUILD, "b");
  EXPECT_EQ(statement.hazards_size(), 2);
}

TEST(MarkerSqlTest, QuotesWhatItFillsIn) {
  AppliedMarker marker;
  marker.plan_id = "p'; DROP TABLE x; --";
  marker.rollout = "{after}";
  marker.group = 3;
  marker.attempt = 2;
  marker.fingerprint_before = "b";
  marker.fingerprint_after = "a";
  EXPECT_THAT(WriteMarkerSql(TableDialect(), 7, marker),
              IsOkAndHolds(std::string("INSERT 'p''; DROP TABLE x; --' 3 "
                                       "'{after}' 2 7 'b' 'a'")));
  EXPECT_THAT(ClaimEpochSql(TableDialect(), 18446744073709551615u),
              IsOkAndHolds(std::string("CLAIM 18446744073709551615")));
}

}  // namespace
}  // namespace fleet
