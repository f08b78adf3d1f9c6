#include "lib/engine/sqlite/create_table.h"

#include <string>

#include "lib/engine/sqlite/table_text.h"
#include "tests/testing/matchers.h"

namespace fleet::sqlite {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

absl::StatusOr<TableCut> Cut(absl::string_view sql) {
  const absl::StatusOr<Tokens> tokens = Tokenize(sql);
  if (!tokens.ok()) return tokens.status();
  return CutCreateTable(*tokens);
}

std::string Text(const Tokens& tokens) { return Written(tokens, {}); }

TEST(CreateTableTest, CutsColumnsIntoClauses) {
  ASSERT_OK_AND_ASSIGN(
      const TableCut table,
      Cut("CREATE TABLE t (a VARCHAR(10, 2) CONSTRAINT n NOT NULL ON CONFLICT "
          "FAIL DEFAULT (1 + (2)) COLLATE NOCASE, b, 'c' INT NULL DEFAULT -1, "
          "d GENERATED ALWAYS AS (a || b) STORED) WITHOUT ROWID, STRICT"));
  EXPECT_TRUE(table.strict);
  EXPECT_TRUE(table.without_rowid);
  EXPECT_THAT(table.constraints, IsEmpty());
  ASSERT_EQ(table.columns.size(), 4u);
  const ColumnCut& a = table.columns[0];
  EXPECT_EQ(a.name, "a");
  EXPECT_EQ(Text(a.type), "VARCHAR(10, 2)");
  EXPECT_EQ(Text(a.not_null), "CONSTRAINT n NOT NULL ON CONFLICT FAIL");
  EXPECT_EQ(Text(a.default_value), "DEFAULT (1 + (2))");
  EXPECT_EQ(Text(a.collation), "COLLATE NOCASE");
  EXPECT_THAT(table.columns[1].type, IsEmpty());
  EXPECT_TRUE(table.columns[2].is_string);
  EXPECT_EQ(Text(table.columns[2].null), "NULL");
  EXPECT_EQ(Text(table.columns[2].default_value), "DEFAULT -1");
  EXPECT_EQ(Text(table.columns[3].generated),
            "GENERATED ALWAYS AS (a || b) STORED");
}

TEST(CreateTableTest, InlineConstraintsAreConstraints) {
  ASSERT_OK_AND_ASSIGN(
      const TableCut table,
      Cut("CREATE TABLE t (id INTEGER CONSTRAINT pk PRIMARY KEY DESC "
          "AUTOINCREMENT, P INT REFERENCES Q (\"x\") ON DELETE SET NULL MATCH "
          "FULL NOT DEFERRABLE INITIALLY DEFERRED NOT NULL UNIQUE CHECK (p))"));
  ASSERT_EQ(table.constraints.size(), 4u);
  EXPECT_EQ(table.constraints[0].kind, v1::PRIMARY_KEY);
  EXPECT_EQ(table.constraints[0].name, "pk");
  EXPECT_TRUE(table.constraints[0].autoincrement);
  EXPECT_EQ(Text(table.constraints[0].definition),
            "PRIMARY KEY DESC AUTOINCREMENT");
  EXPECT_EQ(table.constraints[1].kind, v1::FOREIGN_KEY);
  EXPECT_EQ(table.constraints[1].column, "p");
  EXPECT_EQ(table.constraints[1].references, "q");
  EXPECT_EQ(Text(table.constraints[1].definition),
            "REFERENCES Q(x) ON DELETE SET NULL MATCH FULL NOT DEFERRABLE "
            "INITIALLY DEFERRED");
  EXPECT_EQ(table.constraints[2].kind, v1::UNIQUE_KEY);
  EXPECT_EQ(table.constraints[3].kind, v1::CHECK);
  EXPECT_EQ(Text(table.columns[1].not_null), "NOT NULL");
}

TEST(CreateTableTest, TableConstraintsNeedNoCommas) {
  ASSERT_OK_AND_ASSIGN(
      const TableCut table,
      Cut("CREATE TABLE \"t\" (a, b, CONSTRAINT u UNIQUE (A COLLATE x DESC, b) "
          "CHECK (a > (b)) FOREIGN KEY (a, b) REFERENCES r, PRIMARY KEY (a))"));
  ASSERT_EQ(table.constraints.size(), 4u);
  EXPECT_THAT(table.constraints[0].columns, ElementsAre("a", "b"));
  EXPECT_EQ(Text(table.constraints[0].definition),
            "UNIQUE (A COLLATE x DESC, b)");
  EXPECT_EQ(Text(table.constraints[1].definition), "CHECK (a > (b))");
  EXPECT_EQ(table.constraints[2].references, "r");
  EXPECT_EQ(table.constraints[3].kind, v1::PRIMARY_KEY);
}

// A keyword in quotes is a name; one that is not reserved needs none.
TEST(CreateTableTest, ColumnsMayBeCalledLikeKeywords) {
  ASSERT_OK_AND_ASSIGN(
      const TableCut table,
      Cut("CREATE TABLE t (\"primary\" INT, key TEXT, generated, [check] x)"));
  ASSERT_EQ(table.columns.size(), 4u);
  EXPECT_THAT(table.constraints, IsEmpty());
  EXPECT_EQ(table.columns[0].name, "primary");
  EXPECT_EQ(table.columns[2].name, "generated");
}

TEST(CreateTableTest, WhatIsNotKnownIsAnError) {
  for (absl::string_view sql :
       {"CREATE VIRTUAL TABLE t USING fts5(a)", "CREATE TABLE t",
        "CREATE TABLE t (a INT", "CREATE TABLE t (a INT) ENGINE = x",
        "CREATE TABLE t (a INT CONSTRAINT x)", "CREATE TABLE t (a DEFAULT)",
        "CREATE TABLE t (a REFERENCES b ON DELETE EXPLODE)",
        "CREATE TABLE t (a AS (1)) STRICT STRICT"}) {
    EXPECT_THAT(Cut(sql), testing::StatusIs(absl::StatusCode::kInvalidArgument,
                                            HasSubstr("is not understood at")))
        << sql;
  }
}

}  // namespace
}  // namespace fleet::sqlite
