#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "lib/engine/mysql/create_table.h"
#include "lib/engine/mysql/definer.h"
#include "lib/engine/mysql/flavour.h"
#include "lib/engine/mysql/script.h"
#include "lib/engine/mysql/tokens.h"
#include "lib/engine/mysql/url.h"
#include "tests/testing/matchers.h"

namespace fleet::mysql {
namespace {

std::vector<std::string> Words(absl::string_view sql) {
  std::vector<std::string> words;
  const absl::StatusOr<Tokens> tokens = Tokenize(sql);
  EXPECT_OK(tokens);
  if (!tokens.ok()) return words;
  for (const Token& token : *tokens) words.emplace_back(token.text);
  return words;
}

std::vector<std::string> Statements(absl::string_view script) {
  std::vector<std::string> texts;
  for (const ScriptStatement& statement : SplitScript(script)) {
    texts.emplace_back(statement.text);
    EXPECT_EQ(script.substr(statement.offset, statement.text.size()),
              statement.text);
  }
  return texts;
}

using Strings = std::vector<std::string>;

TEST(ScriptTest, TheModeSaysWhatABackslashIs) {
  EXPECT_EQ(
      Statements(
          "SELECT 'a\\';'; /*!50003 SET sql_mode = "
          "'ansi_quotes,no_backslash_escapes' */; SELECT 'C:\\'; "
          "SELECT 'b'; SET @@session.sql_mode = @saved; SELECT 'c\\';';"),
      (Strings{"SELECT 'a\\';'",
               "/*!50003 SET sql_mode = 'ansi_quotes,no_backslash_escapes' */",
               "SELECT 'C:\\'", "SELECT 'b'", "SET @@session.sql_mode = @saved",
               "SELECT 'c\\';'"}));
}

TEST(TokensTest, QuotesHoldWhatTheyHold) {
  EXPECT_EQ(
      Words("`a``b` 'it''s \\' x' \"q\" x'0F' b'1' 1.5e-3"),
      (Strings{"`a``b`", "'it''s \\' x'", "\"q\"", "x'0F'", "b'1'", "1.5e-3"}));
  ASSERT_OK_AND_ASSIGN(const Tokens tokens, Tokenize("`a``b` 'x''\\ny'"));
  EXPECT_EQ(tokens[0].value, "a`b");
  EXPECT_EQ(tokens[1].value, "x'\ny");
}

TEST(TokensTest, VersionedCommentsAreRead) {
  EXPECT_EQ(Words("a /*!80023 INVISIBLE */ /*M!100301 COMPRESSED*/ /* no */ b"),
            (Strings{"a", "INVISIBLE", "COMPRESSED", "b"}));
  EXPECT_EQ(Words("a -- no\nb # no\nc"), (Strings{"a", "b", "c"}));
  EXPECT_EQ(Words("1--1"), (Strings{"1", "-", "-", "1"}));
}

TEST(TokensTest, WhatDoesNotEndIsRefused) {
  for (const char* sql : {"'a", "`a", "\"a", "/* a"}) {
    EXPECT_EQ(Tokenize(sql).status().code(), absl::StatusCode::kInvalidArgument)
        << sql;
  }
}

TEST(TokensTest, TheOwnDatabaseIsLeftOut) {
  const std::string sql =
      "select `d`.`f`(`t`.`d`) from `d`.`t` join `other`.`d` where 'd.x' = 1";
  ASSERT_OK_AND_ASSIGN(const Tokens tokens, Tokenize(sql));
  EXPECT_EQ(TextWithout("d", tokens),
            "select `f`(`t`.`d`) from `t` join `other`.`d` where 'd.x' = 1");
}

TEST(CreateTableTest, CutsAtCommasOutsideOfParentheses) {
  const std::string sql =
      "CREATE TABLE `t` (\n  `a` enum('x,y','z') DEFAULT 'x,y',\n  `b` "
      "decimal(10,2),\n  KEY `k` (`a`,`b`)\n) ENGINE=InnoDB DEFAULT "
      "CHARSET=latin1 COMMENT='a=b, c' WITH SYSTEM VERSIONING\n PARTITION BY "
      "HASH (`b`)";
  ASSERT_OK_AND_ASSIGN(const Tokens tokens, Tokenize(sql));
  ASSERT_OK_AND_ASSIGN(const TableCut cut, CutCreateTable(tokens));
  ASSERT_EQ(cut.definitions.size(), 3u);
  EXPECT_EQ(SliceOf(cut.definitions[0]), "`a` enum('x,y','z') DEFAULT 'x,y'");
  ASSERT_EQ(cut.options.size(), 3u);
  EXPECT_EQ(cut.options[1].first, "DEFAULT CHARSET");
  EXPECT_EQ(SliceOf(cut.options[2].second), "'a=b, c'");
  EXPECT_TRUE(cut.is_versioned);
  EXPECT_EQ(SliceOf(cut.partitioning), "PARTITION BY HASH (`b`)");
}

TEST(CreateTableTest, WhatIsNotUnderstoodIsAnError) {
  for (const char* sql : {"CREATE TABLE `t` (`a` int) ENGINE", "CREATE",
                          "CREATE TABLE `t` (`a` int", "CREATE VIEW `t` ()"}) {
    ASSERT_OK_AND_ASSIGN(const Tokens tokens, Tokenize(sql));
    EXPECT_FALSE(CutCreateTable(tokens).ok()) << sql;
  }
}

TEST(ScriptTest, SplitsAtTheDelimiter) {
  EXPECT_EQ(Statements("SELECT ';';\nSELECT \"a;\\\";\" ; -- no;\n/* ; */"),
            (Strings{"SELECT ';'", "SELECT \"a;\\\";\""}));
  EXPECT_EQ(Statements("DELIMITER ;;\nCREATE PROCEDURE p() BEGIN SELECT 1; "
                       "END;;\ndelimiter ;\nSELECT 2"),
            (Strings{"CREATE PROCEDURE p() BEGIN SELECT 1; END", "SELECT 2"}));
}

TEST(ScriptTest, OtherDatabasesAndAccountsAreLeftOut) {
  EXPECT_EQ(
      Statements("CREATE DATABASE /*!32312 IF NOT EXISTS*/ `x`; USE `x`; GRANT "
                 "ALL ON *.* TO a; SET GLOBAL a = 1; LOCK TABLES t WRITE; "
                 "/*!40000 ALTER TABLE t DISABLE KEYS */; CREATE TABLE t (a "
                 "INT); create user u"),
      (Strings{"/*!40000 ALTER TABLE t DISABLE KEYS */",
               "CREATE TABLE t (a INT)"}));
}

TEST(UrlTest, ReadsItsParts) {
  ASSERT_OK_AND_ASSIGN(
      const Address address,
      ParseAddress("mysql://me%40x:p%3Aw@db.test:3307/shop?ssl-mode=required"));
  EXPECT_EQ(address.user, "me@x");
  EXPECT_EQ(address.password, "p:w");
  EXPECT_EQ(address.host, "db.test");
  EXPECT_EQ(address.port, 3307u);
  EXPECT_EQ(address.database, "shop");
  EXPECT_EQ(address.ssl_mode, "REQUIRED");
  ASSERT_OK_AND_ASSIGN(
      const Address v6,
      ParseAddress("mariadb://[::1]:3306/d?socket=%2Ftmp%2Fs"));
  EXPECT_EQ(v6.host, "::1");
  EXPECT_EQ(v6.socket, "/tmp/s");
}

TEST(UrlTest, RefusesWhatItDoesNotKnow) {
  for (const char* url : {"mysql://h:0/d", "mysql://h:99999/d", "mysql://h:x/d",
                          "mysql://h/d?soket=x", "mysql://h/d?ssl-mode=maybe",
                          "mysql://[::1/d"}) {
    const absl::Status status = ParseAddress(url).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << url;
  }
}

TEST(UrlTest, ChangesTheDatabase) {
  EXPECT_EQ(WithDatabase("mysql://u:p@h:1/a?socket=/s", "b"),
            "mysql://u:p@h:1/b?socket=/s");
  EXPECT_EQ(WithDatabase("mysql://h?socket=/s/x", "b"),
            "mysql://h/b?socket=/s/x");
  EXPECT_EQ(WithDatabase("mysql://h", "b"), "mysql://h/b");
}

TEST(FlavourTest, IsKnownByWhatTheServerSays) {
  struct Row {
    absl::string_view version;
    absl::string_view comment;
    absl::string_view flavour;
    int number;
  };
  for (const Row& row : {
           Row{"10.11.19-MariaDB-0+deb12u1", "Debian 12", "mariadb", 101119},
           Row{"5.5.5-10.6.1-MariaDB", "", "mariadb", 100601},
           Row{"11.8.2-MariaDB", "", "mariadb", 110802},
           Row{"8.0.36", "MySQL Community Server - GPL", "mysql", 80036},
           Row{"9.7.0", "(Debian)", "mysql", 90700},
           Row{"8.0.11-TiDB-v7.5.0", "TiDB Server", "tidb", 80011},
           Row{"5.7.25-OceanBase-v4.2.1", "OceanBase", "oceanbase", 50725},
       }) {
    const SchemaInfo info = ParseServer(row.version, row.comment);
    EXPECT_EQ(info.flavour, row.flavour) << row.version;
    EXPECT_EQ(info.server_version, row.number) << row.version;
    EXPECT_EQ(FlavourOf(info).is_mariadb, row.flavour == "mariadb");
  }
}

TEST(DefinerTest, IsTheSameInEveryMode) {
  for (const char* text : {"DEFINER=`ro``ot`@`localhost` VIEW",
                           "DEFINER=\"ro`ot\"@\"localhost\" VIEW"}) {
    ASSERT_OK_AND_ASSIGN(const Tokens tokens, Tokenize(text));
    size_t at = 0;
    EXPECT_EQ(ReadDefiner(tokens, at), "`ro``ot`@`localhost`") << text;
    EXPECT_TRUE(tokens[at].Is("VIEW")) << text;
  }
}

}  // namespace
}  // namespace fleet::mysql
