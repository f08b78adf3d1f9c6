#include "lib/engine/sqlite/schema_reader.h"

#include <memory>
#include <string>
#include <vector>

#include "lib/engine/introspect.h"
#include "lib/engine/scratch.h"
#include "lib/engine/sqlite/dialect.h"
#include "lib/schema/fingerprint.h"
#include "tests/testing/matchers.h"

namespace fleet {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

class SchemaReaderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(scratch_, Scratch::Open(v1::SQLITE, ""));
  }

  Schema Read(absl::string_view sql) {
    absl::StatusOr<Schema> schema =
        SchemaOfSql(*scratch_, SqliteDialect(), sql, "test");
    EXPECT_OK(schema);
    return schema.ok() ? *std::move(schema) : Schema();
  }

  std::string FingerprintOf(absl::string_view sql) {
    return Fingerprint(Read(sql), SqliteDialect().specs());
  }

  static std::vector<std::string> Names(const Schema& schema) {
    std::vector<std::string> names;
    for (const Object& object : schema.objects()) {
      names.push_back(Describe(object.key));
    }
    return names;
  }

  std::unique_ptr<Scratch> scratch_;
};

TEST_F(SchemaReaderTest, ReadsEveryKind) {
  const Schema schema = Read(
      "CREATE TABLE P (Id INTEGER PRIMARY KEY, n TEXT UNIQUE CHECK (n <> ''));"
      "CREATE TABLE c (p REFERENCES p);"
      "CREATE INDEX i ON c (p); CREATE VIEW v AS SELECT * FROM c;"
      "CREATE TRIGGER r INSTEAD OF DELETE ON v BEGIN DELETE FROM p; END;");
  EXPECT_THAT(Names(schema),
              ElementsAre("table c", "table p", "column c.p", "column p.id",
                          "column p.n", "primary key p.primary key",
                          "unique key p.unique (n)", "check p.check (n <> '')",
                          "foreign key c.foreign key (p) references p",
                          "index c.i", "view v", "trigger v.r"));
  EXPECT_EQ(schema.Find(v1::TABLE, Path{"p"})->Get("name"), "P");
  const ObjectKey table = {v1::TABLE, Path{"p"}};
  EXPECT_THAT(schema.Find(v1::TRIGGER, Path({"v", "r"}))->depends_on,
              Contains(Dependency{table, false}));
  // SQLite does not mind a parent that is missing: the order is a nicety.
  EXPECT_THAT(schema.OfKind(v1::FOREIGN_KEY)[0].depends_on,
              ElementsAre(Dependency{table, true}));
}

TEST_F(SchemaReaderTest, NamesOfConstraintsDoNotDependOnTheirOrder) {
  EXPECT_EQ(FingerprintOf("CREATE TABLE t (a, b, CHECK (a > 0), CHECK (b > 0),"
                          " UNIQUE (a), UNIQUE (b))"),
            FingerprintOf("CREATE TABLE t (b, a, UNIQUE (b), CHECK (b > 0),"
                          " UNIQUE (a), CHECK (a > 0))"));
}

TEST_F(SchemaReaderTest, CaseCountsInStringsOnly) {
  const std::string fingerprint =
      FingerprintOf("CREATE TABLE t (a TEXT CHECK (a IN ('x', \"Y\")))");
  EXPECT_EQ(fingerprint,
            FingerprintOf("create table T (A text check (\"a\" in ('x', "
                          "\"Y\")))"));
  EXPECT_NE(fingerprint, FingerprintOf("CREATE TABLE t (a TEXT CHECK (a IN "
                                       "('X', \"Y\")))"));
  EXPECT_NE(fingerprint, FingerprintOf("CREATE TABLE t (a TEXT CHECK (a IN "
                                       "('x', \"y\")))"));
}

TEST_F(SchemaReaderTest, InsideOfVirtualTablesIsNotSeen) {
  const Schema schema = Read(
      "CREATE VIRTUAL TABLE docs USING fts5(body);"
      "CREATE TABLE docs_of_mine (a);");
  EXPECT_THAT(Names(schema),
              ElementsAre("table docs_of_mine", "column docs_of_mine.a",
                          "virtual table docs"));
}

// As after opening a database of another program.
TEST_F(SchemaReaderTest, VirtualTablesOfUnknownModulesAreOpaque) {
  sqlite::Catalog catalog;
  for (const auto& [name, sql] :
       std::vector<std::pair<std::string, std::string>>{
           {"geo", "CREATE VIRTUAL TABLE geo USING VirtualSpatial(a)"},
           {"geo_data", "CREATE TABLE geo_data (a)"}}) {
    sqlite::Catalog::Table& table = catalog.tables.emplace_back();
    table.row = {"table", name, name, sql};
    table.is_virtual = name == "geo";
    if (!table.is_virtual) table.columns = {{"a", false, false}};
  }
  catalog.indexes.push_back(
      {"index", "i", "geo_data", "CREATE INDEX i ON geo_data (a)"});
  catalog.views.push_back({"view", "v", "v", "CREATE VIEW v AS SELECT a"});
  SchemaInfo info;
  info.engine = v1::SQLITE;
  ASSERT_OK_AND_ASSIGN(const Schema schema,
                       sqlite::ReadSqliteSchema(info, catalog));
  EXPECT_THAT(Names(schema),
              ElementsAre("view v", "object index.i", "object table.geo",
                          "object table.geo_data"));
}

// What SQLite says about a table has to agree with what was cut.
TEST_F(SchemaReaderTest, TableThatIsNotUnderstoodIsOpaque) {
  sqlite::Catalog catalog;
  sqlite::Catalog::Table& table = catalog.tables.emplace_back();
  table.row = {"table", "t", "t", "CREATE TABLE t (a INT, b INT)"};
  table.columns = {{"a", false, false}};
  catalog.triggers.push_back(
      {"trigger", "r", "t",
       "CREATE TRIGGER r AFTER INSERT ON t BEGIN SELECT 1; END"});
  SchemaInfo info;
  info.engine = v1::SQLITE;
  ASSERT_OK_AND_ASSIGN(const Schema schema,
                       sqlite::ReadSqliteSchema(info, catalog));
  EXPECT_THAT(Names(schema), ElementsAre("object table.t", "object trigger.r"));
  EXPECT_EQ(schema.objects()[0].Get("definition"),
            "CREATE TABLE t(a int, b int)");
}

// Spelling makes these views seem to need each other; a plan has to be found.
TEST_F(SchemaReaderTest, SeemingCyclesOfViewsAreSoft) {
  const Schema schema = Read(
      "CREATE TABLE t (x);"
      "CREATE VIEW a AS SELECT x b FROM t; CREATE VIEW b AS SELECT x a FROM t;"
      "CREATE VIEW c AS SELECT * FROM t;");
  const ObjectKey b = {v1::VIEW, Path{"b"}};
  EXPECT_THAT(schema.Find(v1::VIEW, Path{"a"})->depends_on,
              Contains(Dependency{b, true}));
  EXPECT_THAT(schema.Find(v1::VIEW, Path{"c"})->depends_on,
              ElementsAre(Dependency{{v1::TABLE, Path{"t"}}, false}));
}

TEST_F(SchemaReaderTest, OwnTablesAreNotSeen) {
  for (const std::string& sql : SqliteDialect().marker().create) {
    ASSERT_OK(scratch_->session().Execute(sql));
  }
  ASSERT_OK_AND_ASSIGN(const Schema schema,
                       Introspect(scratch_->session(), SqliteDialect()));
  EXPECT_THAT(schema.objects(), IsEmpty());
}

}  // namespace
}  // namespace fleet
