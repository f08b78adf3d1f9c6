// Both sides of a scope, and what a target keeps.

#include "lib/schema/scope.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/schema/diff.h"
#include "tests/lib/schema/toy_engine.h"
#include "tests/testing/matchers.h"

namespace fleet::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> Names(const Schema& schema) {
  std::vector<std::string> names;
  for (const Object& object : schema.objects()) {
    names.push_back(Describe(object.key));
  }
  return names;
}

Object Opaque(const std::string& name) {
  return Object(v1::OPAQUE, Path{"rule", name});
}

Object ForeignKey(const std::string& table, const std::string& name,
                  const std::string& referenced) {
  Object key(v1::FOREIGN_KEY, Path{table, name});
  key.DependsOn(v1::TABLE, Path{referenced});
  return key;
}

v1::Scope ScopeOf(const std::vector<std::string>& tables,
                  const std::vector<std::string>& renames) {
  v1::Scope scope;
  for (const std::string& table : tables) scope.add_tables(table);
  for (const std::string& rename : renames) scope.add_renames(rename);
  return scope;
}

TEST(TargetScope, LacksATableWithoutAnError) {
  const Schema target = ToySchema({Table("users")});
  v1::Scope scope = ScopeOf({"orders", "new_*"}, {"orders=orders_v2"});
  scope.add_exclude_tables("tmp_*");
  ASSERT_OK_AND_ASSIGN(const Schema scoped, ApplyScope(target, scope));
  EXPECT_THAT(Names(scoped), IsEmpty());
}

TEST(TargetScope, KnowsRenamedTablesByTheirTargetNames) {
  const Schema target =
      ToySchema({Table("orders_v2"), Column("orders_v2", "id", "int"),
                 Table("orders"), Table("users")});
  ASSERT_OK_AND_ASSIGN(
      const Schema named,
      ApplyScope(target, ScopeOf({"orders"}, {"orders=orders_v2"})));
  // The target's own "orders" is another table.
  EXPECT_THAT(Names(named),
              ElementsAre("table orders_v2", "column orders_v2.id"));
  ASSERT_OK_AND_ASSIGN(
      const Schema by_pattern,
      ApplyScope(target, ScopeOf({"use*"}, {"orders=orders_v2"})));
  EXPECT_THAT(Names(by_pattern), ElementsAre("table orders_v2", "table users",
                                             "column orders_v2.id"));
}

TEST(TargetScope, IsTheSameWhenAppliedAgain) {
  const Schema target = ToySchema(
      {Table("a"), Table("b"), ForeignKey("a", "f", "b"), View("v", "1")});
  const v1::Scope scope = ScopeOf({"a"}, {"x=a"});
  ASSERT_OK_AND_ASSIGN(const Schema once, ApplyScope(target, scope));
  ASSERT_OK_AND_ASSIGN(const Schema twice, ApplyScope(once, scope));
  EXPECT_TRUE(once == twice);
  EXPECT_THAT(Names(once), ElementsAre("table a", "view v"));
}

TEST(SourceScope, MeetsItsTargetUnderTheTargetsName) {
  const v1::Scope scope = ScopeOf({"orders"}, {"orders=orders_v2"});
  const Schema source =
      ToySchema({Table("orders"), Column("orders", "id", "int"), Table("users"),
                 Column("users", "id", "int")});
  const Schema target =
      ToySchema({Table("orders_v2"), Column("orders_v2", "id", "text")});
  ASSERT_OK_AND_ASSIGN(const Schema to, ApplySourceScope(source, scope));
  ASSERT_OK_AND_ASSIGN(const Schema from, ApplyScope(target, scope));
  ASSERT_OK_AND_ASSIGN(const std::vector<Difference> differences,
                       Diff(from, to, ToySpecs()));
  ASSERT_EQ(differences.size(), 1u);
  EXPECT_EQ(Describe(differences[0].key()), "column orders_v2.id");
}

TEST(SourceScope, SwapsNames) {
  const Schema source = ToySchema({Table("a"), Column("a", "of_a", "int"),
                                   Table("b"), Column("b", "of_b", "int")});
  ASSERT_OK_AND_ASSIGN(const Schema swapped,
                       ApplySourceScope(source, ScopeOf({}, {"a=b", "b=a"})));
  EXPECT_THAT(Names(swapped), ElementsAre("table a", "table b", "column a.of_b",
                                          "column b.of_a"));
}

TEST(SourceScope, RefusesANameThatIsTaken) {
  const Schema source = ToySchema({Table("a"), Table("b")});
  EXPECT_THAT(ApplySourceScope(source, ScopeOf({}, {"a=b"})),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("table b is in the schema twice")));
}

TEST(SourceScope, RefusesWhatIsNoRename) {
  const Schema source = ToySchema({Table("a")});
  for (const char* text : {"a", "=a", "a=", ""}) {
    EXPECT_THAT(ApplySourceScope(source, ScopeOf({}, {text})),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         HasSubstr("is not SOURCE=TARGET")))
        << text;
  }
}

TEST(SourceScope, KeepsTheSchemaOfARenamedTable) {
  const Schema source = ToySchema({Object(v1::TABLE, Path{"public", "a"})});
  ASSERT_OK_AND_ASSIGN(
      const Schema renamed,
      ApplySourceScope(source, ScopeOf({}, {"public.a=public.b.c"})));
  EXPECT_EQ(renamed.objects()[0].path(), (Path{"public", "b.c"}));
  EXPECT_THAT(ApplySourceScope(source, ScopeOf({}, {"public.a=other.a"})),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("a table keeps its schema")));
}

TEST(Scope, ExcludedTablesTakeWhatNeedsThem) {
  Object stacked = View("stacked", "1");
  stacked.DependsOn(v1::VIEW, Path{"paid"});
  Object paid = View("paid", "1");
  paid.DependsOn(v1::COLUMN, Path{"orders", "id"});
  Object body(v1::FUNCTION, Path{"f()"});
  body.DependsOn(v1::TABLE, Path{"orders"}, /*soft=*/true);
  const Schema schema = ToySchema(
      {Table("orders"), Column("orders", "id", "int"), Table("users"),
       ForeignKey("users", "last_order", "orders"), paid, stacked, body});
  v1::Scope scope;
  scope.add_exclude_tables("ord?rs");
  ASSERT_OK_AND_ASSIGN(const Schema scoped, ApplySourceScope(schema, scope));
  EXPECT_THAT(Names(scoped), ElementsAre("table users", "function f()"));
  EXPECT_THAT(scoped.Find(v1::FUNCTION, Path{"f()"})->depends_on, IsEmpty());
}

TEST(Scope, IgnoredColumnsAreLeftOut) {
  const Schema schema = ToySchema(
      {Table("a"), Column("a", "id", "int"), Column("a", "_synced", "int")});
  v1::Scope scope;
  scope.add_ignore("\\._synced$");
  ASSERT_OK_AND_ASSIGN(const Schema scoped, ApplyScope(schema, scope));
  EXPECT_THAT(Names(scoped), ElementsAre("table a", "column a.id"));
}

TEST(Expected, OpaqueObjectsAreTheTargetsOwn) {
  Object old = Opaque("both");
  old.Set("definition", "the target's");
  Object wanted = Opaque("both");
  wanted.Set("definition", "the source's");
  const Schema target = ToySchema({old, Opaque("mine")});
  const Schema source = ToySchema({wanted, Opaque("theirs"), Table("t")});
  ASSERT_OK_AND_ASSIGN(const Expected expected,
                       ExpectedSchema(source, target, {}));
  EXPECT_THAT(Names(expected.schema),
              ElementsAre("table t", "object rule.both", "object rule.mine"));
  EXPECT_EQ(expected.schema.Find(old.key)->Get("definition"), "the target's");
  // Nothing is left for Diff to refuse.
  EXPECT_OK(Diff(target, expected.schema, ToySpecs()));
}

TEST(Expected, ATableThatAnOpaqueObjectNeedsStaysWhole) {
  Object policy = Opaque("policy");
  policy.DependsOn(v1::COLUMN, Path{"kept", "owner"});
  Object owner = Column("kept", "owner", "int");
  owner.DependsOn(v1::SEQUENCE, Path{"ids"});
  const Schema target =
      ToySchema({Table("kept"), owner, Column("kept", "id", "int"),
                 Object(v1::SEQUENCE, Path{"ids"}), Table("gone"), policy});
  KeepOptions options;
  options.drop_tables = true;
  ASSERT_OK_AND_ASSIGN(const Expected expected,
                       ExpectedSchema(ToySchema({}), target, options));
  EXPECT_THAT(Names(expected.schema),
              ElementsAre("sequence ids", "table kept", "column kept.id",
                          "column kept.owner", "object rule.policy"));
  EXPECT_THAT(expected.kept, ElementsAre("ids", "kept", "rule.policy"));
}

TEST(Expected, AColumnThatAKeptKeyNeedsStays) {
  Object key(v1::FOREIGN_KEY, Path{"audit", "f"});
  key.DependsOn(v1::COLUMN, Path{"users", "old_id"});
  const Schema target = ToySchema({Table("audit"), key, Table("users"),
                                   Column("users", "old_id", "int"),
                                   Column("users", "unused", "int")});
  const Schema source = ToySchema({Table("users")});
  ASSERT_OK_AND_ASSIGN(const Expected expected,
                       ExpectedSchema(source, target, {}));
  EXPECT_THAT(Names(expected.schema),
              ElementsAre("table audit", "table users", "column users.old_id",
                          "foreign key audit.f"));
  EXPECT_THAT(expected.kept, ElementsAre("audit", "users.old_id"));
}

TEST(Expected, AKeptTableBlocksItsName) {
  const Schema target = ToySchema({Table("t")});
  const Schema source = ToySchema({View("t", "1")});
  EXPECT_THAT(ExpectedSchema(source, target, {}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("table t stays"), HasSubstr("view t"),
                             HasSubstr("--allow-drop-tables"))));
  KeepOptions options;
  options.drop_tables = true;
  EXPECT_OK(ExpectedSchema(source, target, options));
}

}  // namespace
}  // namespace fleet::testing
