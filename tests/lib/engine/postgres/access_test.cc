#include "lib/engine/postgres/access.h"

#include <map>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "lib/engine/introspect.h"
#include "lib/engine/make_plan.h"
#include "lib/engine/open_session.h"
#include "lib/engine/postgres/dialect.h"
#include "lib/engine/run_plan.h"
#include "lib/schema/fingerprint.h"
#include "lib/schema/scope.h"
#include "tests/testing/matchers.h"
#include "tests/testing/real_postgres.h"

// Owners and privileges survive a re-creation, and converge where a scope
// includes them, on a real server.

namespace fleet::postgres {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Roles belong to the server and outlive a test's database.
constexpr char kRoles[] =
    "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'reader') "
    "THEN CREATE ROLE reader; CREATE ROLE keeper; "
    "CREATE ROLE \"o\"\"dd, (role\"; END IF; END $$";

class AccessTest : public ::testing::Test {
 protected:
  static std::unique_ptr<Session> NewDatabase() {
    absl::StatusOr<std::string> url = testing::CreatePostgresDatabase();
    EXPECT_OK(url);
    absl::StatusOr<std::unique_ptr<Session>> session = OpenSession(*url, {});
    EXPECT_OK(session);
    EXPECT_OK((*session)->Execute(kRoles));
    return *std::move(session);
  }

  static Schema Read(Session& session) {
    absl::StatusOr<Schema> schema = Introspect(session, PostgresDialect());
    EXPECT_OK(schema);
    return *std::move(schema);
  }

  // RunScript would pass over what concerns owners and grants.
  static void Run(Session& session, absl::string_view sql) {
    for (absl::string_view statement :
         absl::StrSplit(sql, ';', absl::SkipWhitespace())) {
      ASSERT_OK(session.Execute(statement)) << statement;
    }
  }

  // Brings `target` to `to`; the plan that did it.
  static v1::Plan Sync(Session& target, const Schema& from, const Schema& to,
                       const RenderOptions& render) {
    PlanOptions options;
    options.render = render;
    absl::StatusOr<v1::Plan> plan =
        MakePlan(from, to, PostgresDialect(), from.info(), options);
    EXPECT_OK(plan);
    if (!plan.ok()) return {};
    EXPECT_OK(RunPlan(target, PostgresDialect(), *plan, PlanDirection::kForward,
                      nullptr));
    return *std::move(plan);
  }

  // "kind path" → owner and privileges.
  static std::map<std::string, std::string> AccessOf(const Schema& schema) {
    std::map<std::string, std::string> access;
    for (const Object& object : schema.objects()) {
      if (!object.Has("owner")) continue;
      access[Describe(object.key)] =
          absl::StrCat(object.Get("owner"), ": ", object.Get("privileges"));
    }
    return access;
  }
};

// All of it has to be made anew when step() and base() are.
constexpr char kObjects[] =
    "CREATE SCHEMA s;"
    "CREATE TYPE s.mood AS ENUM ('a', 'b', 'c');"
    "CREATE FUNCTION s.step(%1$s bigint, b bigint) RETURNS bigint IMMUTABLE "
    "STRICT LANGUAGE sql AS 'SELECT $1 + b';"
    "CREATE AGGREGATE s.total(bigint) (SFUNC = s.step, STYPE = bigint);"
    "CREATE OPERATOR s.+ (FUNCTION = s.step, LEFTARG = bigint, "
    "RIGHTARG = bigint);"
    "CREATE TABLE s.t (a bigint, b text);"
    "CREATE VIEW s.v AS SELECT s.total(a) AS a, max(b) AS b FROM s.t;"
    "CREATE VIEW s.w AS SELECT a OPERATOR(s.+) 1 AS a FROM s.v;"
    "CREATE MATERIALIZED VIEW s.m AS SELECT s.total(a) AS a FROM s.t;"
    "CREATE STATISTICS s.st ON s.step(a, 1), b FROM s.t;";

constexpr char kAccess[] =
    "ALTER FUNCTION s.step(bigint, bigint) OWNER TO keeper;"
    "REVOKE ALL ON FUNCTION s.step(bigint, bigint) FROM PUBLIC;"
    "GRANT EXECUTE ON FUNCTION s.step(bigint, bigint) TO reader;"
    "GRANT EXECUTE ON FUNCTION s.total(bigint) TO reader WITH GRANT OPTION;"
    "ALTER OPERATOR s.+ (bigint, bigint) OWNER TO keeper;"
    "ALTER VIEW s.v OWNER TO keeper;"
    "GRANT SELECT, UPDATE ON s.v TO reader WITH GRANT OPTION;"
    "GRANT SELECT (a), UPDATE (b) ON s.v TO \"o\"\"dd, (role\";"
    "GRANT SELECT ON s.w TO PUBLIC;"
    "REVOKE INSERT ON s.w FROM postgres;"
    "GRANT SELECT ON s.m TO reader;"
    "ALTER MATERIALIZED VIEW s.m OWNER TO keeper;"
    "ALTER STATISTICS s.st OWNER TO keeper;"
    "ALTER TYPE s.mood OWNER TO keeper;"
    "REVOKE ALL ON TYPE s.mood FROM PUBLIC;"
    // What new objects would get is not what the old ones had.
    "ALTER DEFAULT PRIVILEGES IN SCHEMA s GRANT ALL ON TABLES TO reader;"
    "ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO reader;";

std::string Objects(absl::string_view argument) {
  std::string text = kObjects;
  const size_t at = text.find("%1$s");
  return text.replace(at, 4, std::string(argument));
}

TEST_F(AccessTest, ARecreationGivesBackWhatItWouldLose) {
  const auto target = NewDatabase();
  const auto source = NewDatabase();
  Run(*target, Objects("a"));
  Run(*target, kAccess);
  Run(*source, Objects("x"));
  const Schema from = Read(*target);
  const auto before = AccessOf(from);
  ASSERT_GE(before.size(), 9u);
  const v1::Plan plan = Sync(*target, from, Read(*source), {});
  int recreated = 0;
  for (const v1::Change& change : plan.changes()) {
    recreated += change.op() == v1::RECREATE;
  }
  EXPECT_EQ(recreated, 7);
  EXPECT_EQ(AccessOf(Read(*target)), before);
}

TEST_F(AccessTest, APlanForManyGivesBackWhatEachHas) {
  const auto planned = NewDatabase();
  const auto target = NewDatabase();
  const auto source = NewDatabase();
  Run(*planned, Objects("a"));
  Run(*target, Objects("a"));
  Run(*target, kAccess);
  Run(*source, Objects("x"));
  const auto before = AccessOf(Read(*target));
  RenderOptions many;
  many.for_many_targets = true;
  PlanOptions options;
  options.render = many;
  const Schema from = Read(*planned);
  ASSERT_EQ(Fingerprint(from, PostgresDialect().specs()),
            Fingerprint(Read(*target), PostgresDialect().specs()));
  ASSERT_OK_AND_ASSIGN(
      v1::Plan plan,
      MakePlan(from, Read(*source), PostgresDialect(), from.info(), options));
  ASSERT_OK(RunPlan(*target, PostgresDialect(), plan, PlanDirection::kForward,
                    nullptr));
  EXPECT_EQ(AccessOf(Read(*target)), before);
}

TEST_F(AccessTest, AReplacedEnumKeepsItsAccess) {
  const auto target = NewDatabase();
  const auto source = NewDatabase();
  Run(*target, Objects("a"));
  Run(*target, kAccess);
  Run(*source, absl::StrCat(Objects("a"),
                            "DROP TYPE s.mood; CREATE TYPE s.mood AS ENUM "
                            "('a', 'c');"));
  const Schema from = Read(*target);
  const auto before = AccessOf(from);
  Sync(*target, from, Read(*source), {});
  EXPECT_EQ(AccessOf(Read(*target)), before);
}

TEST_F(AccessTest, NothingIsKeptThatNobodyChanged) {
  const auto target = NewDatabase();
  const auto source = NewDatabase();
  Run(*target, Objects("a"));
  Run(*source, Objects("x"));
  const Schema from = Read(*target);
  const v1::Plan plan = Sync(*target, from, Read(*source), {});
  for (const v1::Statement& statement : plan.statements()) {
    EXPECT_THAT(statement.sql(), ::testing::Not(HasSubstr("fleetctl.access")));
  }
}

TEST_F(AccessTest, AScopeMakesThemConverge) {
  const auto target = NewDatabase();
  const auto source = NewDatabase();
  // Renamed arguments: re-creations and changes of access meet.
  Run(*target, Objects("a"));
  Run(*target,
      "CREATE SEQUENCE s.q OWNED BY s.t.a;"
      "GRANT SELECT ON s.t TO reader; ALTER TABLE s.t OWNER TO keeper;"
      "GRANT SELECT (a) ON s.t TO PUBLIC; GRANT USAGE ON SCHEMA s TO reader;"
      "ALTER DEFAULT PRIVILEGES FOR ROLE keeper REVOKE ALL ON FUNCTIONS FROM "
      "PUBLIC;");
  Run(*source, Objects("x"));
  Run(*source, kAccess);
  Run(*source,
      "CREATE TABLE s.added (a serial, b text);"
      "GRANT UPDATE (b) ON s.added TO \"o\"\"dd, (role\" WITH GRANT OPTION;"
      "GRANT USAGE ON SEQUENCE s.added_a_seq TO reader;"
      "ALTER TABLE s.added OWNER TO keeper;"
      "GRANT SELECT, INSERT ON s.t TO reader;"
      "REVOKE INSERT ON s.t FROM reader;");
  v1::Scope scope;
  scope.add_include("owners");
  scope.add_include("privileges");
  ASSERT_OK_AND_ASSIGN(const Schema from, ApplyScope(Read(*target), scope));
  ASSERT_OK_AND_ASSIGN(const Schema to, ApplySourceScope(Read(*source), scope));
  Sync(*target, from, to, {});
  EXPECT_EQ(AccessOf(Read(*target)), AccessOf(Read(*source)));
  ASSERT_OK_AND_ASSIGN(const Schema live, ApplyScope(Read(*target), scope));
  ASSERT_OK_AND_ASSIGN(const std::vector<Difference> differences,
                       Diff(live, to, PostgresDialect().specs()));
  for (const Difference& difference : differences) {
    ADD_FAILURE() << "still differs: " << Describe(difference.key());
  }
}

TEST_F(AccessTest, WithoutAScopeTheyAreNotCompared) {
  const auto target = NewDatabase();
  Run(*target, Objects("a"));
  const Schema before = Read(*target);
  Run(*target, kAccess);
  const Schema after = Read(*target);
  EXPECT_NE(AccessOf(before), AccessOf(after));
  EXPECT_EQ(Fingerprint(before, PostgresDialect().specs()),
            Fingerprint(after, PostgresDialect().specs()));
  ASSERT_OK_AND_ASSIGN(const std::vector<Difference> differences,
                       Diff(before, after, PostgresDialect().specs()));
  EXPECT_THAT(differences, IsEmpty());
}

TEST_F(AccessTest, AnUnknownInclusionIsAnError) {
  v1::Scope scope;
  scope.add_include("owner");
  EXPECT_THAT(ApplyScope(Schema(), scope),
              testing::StatusIs(absl::StatusCode::kInvalidArgument,
                                HasSubstr("owners, privileges")));
}

}  // namespace
}  // namespace fleet::postgres
