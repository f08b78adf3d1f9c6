#include "lib/engine/mysql/online_alter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "lib/engine/mysql/flavour.h"
#include "lib/engine/mysql/online_change.h"
#include "lib/engine/mysql/online_tool.h"
#include "tests/testing/matchers.h"

namespace fleet::mysql {
namespace {

using ::fleet::testing::StatusIs;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

// A table with a key, as a list that a test adds to.
struct Draft {
  std::vector<Object> objects;

  Object& Add(v1::ObjectKind kind, Path path) {
    return objects.emplace_back(kind, std::move(path));
  }
  Schema Make(absl::string_view version) const {
    absl::StatusOr<Schema> schema =
        Schema::Make(ParseServer(version, ""), objects);
    EXPECT_OK(schema);
    return schema.ok() ? *std::move(schema) : Schema();
  }
};

class OnlineRefusalTest : public ::testing::Test {
 protected:
  OnlineRefusalTest() {
    Base(from_, "int(11)");
    Base(to_, "bigint(20)");
  }

  static void Base(Draft& draft, absl::string_view type) {
    draft.Add(v1::TABLE, Path{"t"}).Set("engine", "InnoDB");
    draft.Add(v1::COLUMN, Path{"t", "id"}).Set("type", "int(11)");
    draft.Add(v1::COLUMN, Path{"t", "v"}).Set("type", type);
    Object& key = draft.Add(v1::PRIMARY_KEY, Path{"t", "PRIMARY"});
    key.Set("columns", "`id`");
    key.DependsOn(v1::COLUMN, Path{"t", "id"});
  }

  // To what is the same before and after.
  Object& Both(v1::ObjectKind kind, Path path, absl::string_view attribute = "",
               absl::string_view value = "", absl::string_view column = "") {
    for (Draft* draft : {&from_, &to_}) {
      Object& object = draft->Add(kind, path);
      if (!attribute.empty()) object.Set(attribute, value);
      if (!column.empty()) object.DependsOn(v1::COLUMN, Path{"t", column});
    }
    return to_.objects.back();
  }

  std::string Refusal(absl::string_view version = "10.11.6-MariaDB") {
    return OnlineRefusal(Path{"t"}, from_.Make(version), to_.Make(version),
                         statement_);
  }

  Draft from_;
  Draft to_;
  v1::Statement statement_;
};

TEST_F(OnlineRefusalTest, AnotherTypeOfAColumnIsFine) {
  EXPECT_EQ(Refusal(), "");
  Both(v1::INDEX, Path{"t", "k"}, "columns", "`v`", "v");
  Both(v1::UNIQUE_KEY, Path{"t", "u"}, "columns", "`id`", "id");
  EXPECT_EQ(Refusal(), "");
}

TEST_F(OnlineRefusalTest, RowsThatAnIgnoringInsertWouldDrop) {
  Draft from = from_;
  Draft to = to_;
  Both(v1::UNIQUE_KEY, Path{"t", "u"}, "columns", "`v`", "v");
  EXPECT_EQ(Refusal(), "a unique key changes, or a column of one");
  from_ = from;
  to_ = to;
  to_.Add(v1::UNIQUE_KEY, Path{"t", "u"}).Set("columns", "`id`");
  EXPECT_EQ(Refusal(), "a unique key changes, or a column of one");
  from_ = from;
  to_ = to;
  to_.objects[1].Set("type", "bigint(20)");
  EXPECT_EQ(Refusal(), "a unique key changes, or a column of one");
  from_ = from;
  to_ = to;
  to_.Add(v1::PARTITIONING, Path{"t", "PARTITIONING"}).Set("method", "HASH");
  EXPECT_EQ(Refusal(), "its partitions change");
  to_ = to;
  v1::Hazard& hazard = *statement_.add_hazards();
  hazard.set_type(v1::DATA_DEPENDENT);
  EXPECT_EQ(Refusal(), "rows decide whether it succeeds");
}

TEST_F(OnlineRefusalTest, ChecksThatStayAreCopiedByMariadbOnly) {
  Both(v1::CHECK, Path{"t", "c"}, "expression", "`id` > 0", "id");
  EXPECT_EQ(Refusal(), "");
  EXPECT_EQ(Refusal("8.0.36"), "it has checks");
  Both(v1::CHECK, Path{"t", "d"}, "expression", "`v` > 0", "v");
  EXPECT_EQ(Refusal(), "it has checks");
}

TEST_F(OnlineRefusalTest, WhatHangsOnATable) {
  Draft to = to_;
  to_.Add(v1::TRIGGER, Path{"t", "tr"});
  EXPECT_EQ(Refusal(), "it has triggers");
  to_ = to;
  to_.Add(v1::FOREIGN_KEY, Path{"t", "f"});
  EXPECT_EQ(Refusal(), "it has foreign keys");
  to_ = to;
  to_.Add(v1::TABLE, Path{"u"}).Set("engine", "InnoDB");
  to_.Add(v1::FOREIGN_KEY, Path{"u", "f"}).DependsOn(v1::TABLE, Path{"t"});
  EXPECT_EQ(Refusal(), "foreign keys refer to it");
  to_ = to;
  to_.objects[2].Set("generated", "`id` + 1");
  EXPECT_EQ(Refusal(), "it has computed columns");
  to_ = to;
  to_.objects[0].Set("versioned", "yes");
  EXPECT_EQ(Refusal(), "it keeps versions of its rows");
  to_ = to;
  to_.objects[0].Set("engine", "MyISAM");
  EXPECT_EQ(Refusal(), "it is not of InnoDB");
}

TEST_F(OnlineRefusalTest, NamesThatToolsCannotTake) {
  const Schema none = Draft().Make("8.0.36");
  for (const std::string& name : {std::string("a,b"), std::string("a=b"),
                                  std::string(60, 'x'), std::string("a`b")}) {
    EXPECT_THAT(OnlineRefusal(Path{name}, none, none, {}),
                HasSubstr("its name is too long"))
        << name;
  }
}

TEST(OnlineToolTest, TheCommandHasNoPassword) {
  v1::OnlineAlter alter;
  alter.set_table("orders");
  alter.set_clauses("MODIFY COLUMN `v` bigint(20) COMMENT '-- $(x)'");
  ASSERT_OK_AND_ASSIGN(
      const ProgramCall call,
      MysqlOnlineChanges().Call("pt-online-schema-change",
                                "mysql://app:s%22cr%5C%23t@db1:3307/shop-1",
                                alter, 2'500, {"--max-lag", "5"}));
  EXPECT_EQ(call.program, "pt-online-schema-change");
  EXPECT_EQ(call.arguments.front(), "--config");
  EXPECT_THAT(call.arguments, Contains(alter.clauses()));
  EXPECT_THAT(call.arguments, Contains("lock_wait_timeout=3"));
  EXPECT_THAT(call.arguments, Contains("F=/dev/fd/3,D=shop-1,t=orders"));
  EXPECT_EQ(call.arguments.back(), "5");
  EXPECT_THAT(call.arguments, Not(Contains(HasSubstr("cr"))));
  EXPECT_EQ(call.secret,
            "[client]\nuser=\"app\"\npassword=\"s\\\"cr\\\\#t\"\n"
            "host=\"db1\"\nport=\"3307\"\n");
}

TEST(OnlineToolTest, WhatAToolCannotBeToldIsRefused) {
  v1::OnlineAlter alter;
  alter.set_table("t");
  const OnlineChanges& changes = MysqlOnlineChanges();
  EXPECT_THAT(changes.Call("rm", "mysql://h/d", alter, 0, {}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("unknown online tool rm")));
  EXPECT_THAT(
      changes.Call("pt-online-schema-change", "mysql://h/a%2Cb", alter, 0, {}),
      StatusIs(absl::StatusCode::kInvalidArgument,
               HasSubstr("works on names of letters")));
}

TEST(OnlineToolTest, ProgressIsReadFromTheLinesThatHaveIt) {
  const OnlineChanges& changes = MysqlOnlineChanges();
  const auto read = [&](absl::string_view line) {
    return changes.ReadProgress("pt-online-schema-change", line);
  };
  EXPECT_EQ(read("Copying `shop`.`orders`:  15% 01:10 remain"),
            "15%, 01:10 remain");
  EXPECT_EQ(read("Copying `a`: 5% 1 remain`.`b`: 100% 00:00 remain"),
            "100%, 00:00 remain");
  for (const char* line :
       {"", "Copying approximately 996544 rows...", "Created new table",
        "Copying `a`.`b` remain", "Copying `a`.`b`: 5% remain"}) {
    EXPECT_EQ(read(line), "") << line;
  }
}

}  // namespace
}  // namespace fleet::mysql
