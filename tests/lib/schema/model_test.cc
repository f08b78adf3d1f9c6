// Paths, attributes, schemas, scope, risk: the small parts.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/schema/fingerprint.h"
#include "lib/schema/risk.h"
#include "lib/schema/scope.h"
#include "tests/lib/schema/toy_engine.h"
#include "tests/testing/matchers.h"

namespace fleet::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(Path, KeepsDotsAndOrder) {
  const Path path{"public", "a.b", "c"};
  EXPECT_EQ(path.size(), 3);
  EXPECT_EQ(path.component(1), "a.b");
  EXPECT_EQ(path.last(), "c");
  EXPECT_EQ(path.Parent(), (Path{"public", "a.b"}));
  EXPECT_NE(path, (Path{"public", "a", "b", "c"}));
  EXPECT_TRUE(path.IsWithin(Path{"public"}));
  EXPECT_FALSE((Path{"publications"}).IsWithin(Path{"public"}));
  EXPECT_LT((Path{"a"}), (Path{"a", "z"}));
  EXPECT_LT((Path{"a", "z"}), (Path{"ab"}));
  EXPECT_TRUE(Path{"a"}.Parent().empty());
  EXPECT_EQ(path.Dotted(), "public.a.b.c");
}

TEST(Attributes, StaySortedAndForgetEmptyValues) {
  Attributes attributes;
  attributes.Set("type", "int");
  attributes.Set("default", "0");
  attributes.Set("collation", "C");
  attributes.Set("default", "17");
  attributes.Set("collation", "");
  std::vector<std::string> seen;
  attributes.ForEach([&](absl::string_view name, absl::string_view value) {
    seen.push_back(std::string(name) + "=" + std::string(value));
  });
  EXPECT_THAT(seen, ElementsAre("default=17", "type=int"));
  EXPECT_EQ(attributes.Get("type"), "int");
  EXPECT_FALSE(attributes.Has("collation"));
  Attributes other;
  other.Set("type", "int");
  other.Set("default", "17");
  EXPECT_TRUE(attributes == other);
}

TEST(Schema, RefusesDoublesAndOrphans) {
  EXPECT_THAT(Schema::Make({}, {Table("t"), Table("t")}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("table t is in the schema twice")));
  EXPECT_THAT(
      Schema::Make({}, {Column("t", "a", "int")}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("column t.a")));
}

TEST(Schema, FindsChildrenAndParents) {
  const Schema schema =
      ToySchema({Table("t"), Column("t", "b", "int"), Column("t", "a", "int"),
                 Table("t2"), Column("t2", "c", "int")});
  EXPECT_EQ(schema.ChildrenOf(Path{"t"}, v1::COLUMN).size(), 2u);
  EXPECT_EQ(schema.ChildrenOf(Path{"t"}, v1::COLUMN)[0].name(), "a");
  EXPECT_EQ(schema.ChildrenOf(Path{"t"}, v1::INDEX).size(), 0u);
  EXPECT_EQ(schema.ParentOf({v1::COLUMN, Path{"t2", "c"}})->name(), "t2");
  EXPECT_EQ(schema.OfKind(v1::TABLE).size(), 2u);
  EXPECT_EQ(schema.Find(v1::VIEW, Path{"t"}), nullptr);
}

TEST(FromProto, RefusesWhatCannotBeAName) {
  v1::Object object;
  object.set_kind(v1::TABLE);
  object.add_path(std::string("a\0b", 3));
  EXPECT_THAT(FromProto(object),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("NUL")));
  object.clear_path();
  EXPECT_THAT(FromProto(object),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("path")));
}

Schema Shop() {
  Object view = View("paid", "1");
  view.DependsOn(v1::COLUMN, Path{"orders", "id"});
  return ToySchema({Table("orders"), Column("orders", "id", "int"),
                    Table("users"), Column("users", "id", "int"), view});
}

TEST(Scope, LeavesOutTablesAndWhatNeedsThem) {
  v1::Scope scope;
  scope.add_tables("us*");
  ASSERT_OK_AND_ASSIGN(const Schema scoped, ApplyScope(Shop(), scope));
  EXPECT_EQ(scoped.objects().size(), 2u);
  EXPECT_NE(scoped.Find(v1::TABLE, Path{"users"}), nullptr);

  v1::Scope ignore;
  ignore.add_ignore("^paid$");
  ASSERT_OK_AND_ASSIGN(const Schema rest, ApplyScope(Shop(), ignore));
  EXPECT_EQ(rest.objects().size(), 4u);
}

TEST(Scope, RenamesTablesWithTheirChildren) {
  v1::Scope scope;
  scope.add_renames("orders=orders_v2");
  ASSERT_OK_AND_ASSIGN(const Schema scoped, ApplySourceScope(Shop(), scope));
  EXPECT_NE(scoped.Find(v1::COLUMN, Path{"orders_v2", "id"}), nullptr);
  EXPECT_EQ(scoped.Find(v1::VIEW, Path{"paid"})->depends_on[0].on.path,
            (Path{"orders_v2", "id"}));
}

TEST(Scope, PatternsThatMatchNothingAreErrors) {
  v1::Scope typo;
  typo.add_tables("odrers");
  EXPECT_THAT(
      ApplySourceScope(Shop(), typo),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("odrers")));
  v1::Scope rename;
  rename.add_renames("nothing=x");
  EXPECT_THAT(
      ApplySourceScope(Shop(), rename),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("nothing=x")));
  v1::Scope pattern;
  pattern.add_ignore("(");
  EXPECT_THAT(ApplyScope(Shop(), pattern),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("does not compile")));
}

TEST(Expected, KeepsTargetOnlyTablesAndWhatTheyNeed) {
  Object column = Column("audit", "id", "int");
  column.DependsOn(v1::SEQUENCE, Path{"audit_seq"});
  const Schema target = ToySchema(
      {Table("audit"), column, Object(v1::SEQUENCE, Path{"audit_seq"}),
       Object(v1::SEQUENCE, Path{"stray"}), View("gone", "1"),
       Object(v1::OPAQUE, Path{"rule", "r"})});
  const Schema source = ToySchema({Table("users")});
  ASSERT_OK_AND_ASSIGN(const Expected kept, ExpectedSchema(source, target, {}));
  EXPECT_THAT(kept.kept, ElementsAre("audit", "audit_seq", "rule.r"));
  EXPECT_NE(kept.schema.Find(v1::SEQUENCE, Path{"audit_seq"}), nullptr);
  EXPECT_EQ(kept.schema.Find(v1::SEQUENCE, Path{"stray"}), nullptr);
  EXPECT_EQ(kept.schema.Find(v1::VIEW, Path{"gone"}), nullptr);

  KeepOptions drop;
  drop.drop_tables = true;
  ASSERT_OK_AND_ASSIGN(const Expected all,
                       ExpectedSchema(source, target, drop));
  EXPECT_THAT(all.kept, ElementsAre("rule.r"));
}

v1::Plan PlanWith(v1::HazardType hazard, int risk) {
  v1::Plan plan;
  plan.set_risk(risk);
  v1::Statement* statement = plan.add_statements();
  statement->set_kind(v1::TABLE);
  statement->add_path("orders");
  statement->add_hazards()->set_type(hazard);
  return plan;
}

TEST(Hazards, StopUnlessAllowedByName) {
  const v1::Plan plan = PlanWith(v1::DELETES_DATA, 75);
  EXPECT_THAT(
      CheckHazards(plan, {}),
      StatusIs(absl::StatusCode::kFailedPrecondition,
               AllOf(HasSubstr("stopped by policy"), HasSubstr("table orders"),
                     HasSubstr("--allow-hazards DELETES_DATA"))));
  EXPECT_OK(CheckHazards(plan, {.allowed = {v1::DELETES_DATA}}));
  EXPECT_OK(CheckHazards(plan, {.allow_all = true}));
  EXPECT_OK(CheckHazards(PlanWith(v1::INDEX_BUILD, 30), {}));
  EXPECT_THAT(CheckHazards(plan, {.allow_all = true, .max_risk = 50}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("the limit is 50")));
}

TEST(Hazards, HaveNamesAndSuggestions) {
  EXPECT_THAT(ParseHazard("DELETES_DATA"), IsOkAndHolds(v1::DELETES_DATA));
  EXPECT_THAT(ParseHazard("DELETE_DATA"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("did you mean \"DELETES_DATA\"")));
  EXPECT_EQ(RiskBand(24), "low");
  EXPECT_EQ(RiskBand(25), "medium");
  EXPECT_EQ(RiskBand(79), "high");
  EXPECT_EQ(RiskBand(80), "critical");
}

}  // namespace
}  // namespace fleet::testing
