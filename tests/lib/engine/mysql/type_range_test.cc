#include "lib/engine/mysql/type_range.h"

#include <gtest/gtest.h>

namespace fleet::mysql {
namespace {

struct Pair {
  const char* from;
  const char* to;
};

TEST(TypeRangeTest, EveryValueFits) {
  for (const Pair& pair : {
           Pair{"int", "bigint"},
           Pair{"int unsigned", "bigint"},
           Pair{"tinyint unsigned", "smallint unsigned"},
           Pair{"tinyint(1)", "int"},
           Pair{"decimal(10,2)", "decimal(12,4)"},
           Pair{"float", "double"},
           Pair{"varchar(20)", "varchar(300)"},
           Pair{"varchar(63)", "tinytext"},
           Pair{"varchar(16383)", "text"},
           Pair{"text", "mediumtext"},
           Pair{"varbinary(255)", "tinyblob"},
           Pair{"blob", "longblob"},
           Pair{"date", "datetime"},
           Pair{"datetime", "datetime(6)"},
           Pair{"time(3)", "time(3)"},
       }) {
    EXPECT_TRUE(HoldsEveryValue(pair.from, pair.to, 4))
        << pair.from << " → " << pair.to;
  }
}

TEST(TypeRangeTest, SomeValuesDoNot) {
  for (const Pair& pair : {
           Pair{"bigint", "int"},
           Pair{"int", "int unsigned"},
           Pair{"int unsigned", "int"},
           Pair{"int", "bigint unsigned"},
           Pair{"decimal(10,2)", "decimal(10,4)"},
           Pair{"decimal(10,2)", "decimal(12,1)"},
           Pair{"decimal(10,2)", "decimal(12,2) unsigned"},
           Pair{"int", "varchar(20)"},
           Pair{"double", "float"},
           Pair{"float(7,4)", "double"},
           Pair{"varchar(20)", "varchar(10)"},
           Pair{"varchar(64)", "tinytext"},
           Pair{"text", "varchar(20000)"},
           Pair{"text", "blob"},
           Pair{"mediumtext", "text"},
           Pair{"varchar(20)", "varbinary(80)"},
           Pair{"datetime(6)", "datetime"},
           Pair{"datetime", "date"},
           Pair{"datetime", "timestamp"},
           Pair{"varchar(20)", "inet6"},
           Pair{"json", "longtext"},
           Pair{"char(5)", "varchar(5)"},
       }) {
    EXPECT_FALSE(HoldsEveryValue(pair.from, pair.to, 4))
        << pair.from << " → " << pair.to;
  }
}

TEST(TypeRangeTest, CharacterSets) {
  EXPECT_TRUE(HoldsEveryCharacter("latin1", "utf8mb4"));
  EXPECT_TRUE(HoldsEveryCharacter("utf8mb3", "utf8mb4"));
  EXPECT_TRUE(HoldsEveryCharacter("ucs2", "ucs2"));
  EXPECT_FALSE(HoldsEveryCharacter("utf8mb4", "latin1"));
  EXPECT_FALSE(HoldsEveryCharacter("latin1", "utf8mb3"));
  EXPECT_FALSE(HoldsEveryCharacter("binary", "utf8mb4"));
  EXPECT_FALSE(HoldsEveryCharacter("", "utf8mb4"));
}

}  // namespace
}  // namespace fleet::mysql
