#include "lib/engine/mysql/features.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/matchers.h"

namespace fleet::mysql {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

Flavour Mysql(int version) { return {.name = "mysql", .version = version}; }
Flavour Mariadb(int version) {
  return {.name = "mariadb", .version = version, .is_mariadb = true};
}

struct Row {
  v1::ObjectKind kind;
  const char* attribute;
  const char* value;
  const char* feature;
  int mysql;  // 0: never
  int mariadb;
};

class FeaturesTest : public ::testing::TestWithParam<Row> {
 protected:
  Object Make() const {
    Object object(GetParam().kind, Path{"t", "o"});
    if (*GetParam().attribute != 0) {
      object.Set(GetParam().attribute, GetParam().value);
    }
    return object;
  }
  static void Expect(const absl::Status& status, bool known) {
    if (known) {
      EXPECT_OK(status);
    } else {
      EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
      EXPECT_THAT(status.message(),
                  AllOf(HasSubstr(GetParam().feature), HasSubstr("needs"),
                        HasSubstr("(have m")));
    }
  }
};

TEST_P(FeaturesTest, AreKnownSinceTheirVersion) {
  const Object object = Make();
  const Row& row = GetParam();
  Expect(CheckFeatures(object, Mysql(90700)), row.mysql != 0);
  Expect(CheckFeatures(object, Mariadb(110804)), row.mariadb != 0);
  if (row.mysql != 0) {
    Expect(CheckFeatures(object, Mysql(row.mysql)), true);
    Expect(CheckFeatures(object, Mysql(row.mysql - 1)), false);
  }
  if (row.mariadb != 0) {
    Expect(CheckFeatures(object, Mariadb(row.mariadb)), true);
    Expect(CheckFeatures(object, Mariadb(row.mariadb - 1)), false);
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, FeaturesTest,
    ::testing::Values(
        Row{v1::SEQUENCE, "", "", "a sequence", 0, 100300},
        Row{v1::TABLE, "versioned", "yes", "system versioning", 0, 100300},
        Row{v1::TABLE, "engine", "aria", "Aria", 0, 100100},
        Row{v1::TABLE, "compression", "'zlib'", "compression", 50708, 0},
        Row{v1::COLUMN, "srid", "4326", "SRID", 80003, 0},
        Row{v1::COLUMN, "type", "uuid", "uuid", 0, 100700},
        Row{v1::COLUMN, "type", "vector(3)", "vector", 90000, 110700},
        Row{v1::COLUMN, "collation", "utf8mb4_0900_ai_ci", "UCA 9", 80001,
            110405},
        Row{v1::COLUMN, "collation", "utf8mb4_uca1400_ai_ci", "UCA 14", 0,
            101001},
        Row{v1::CHECK, "", "", "a check", 80016, 100201},
        Row{v1::INDEX, "columns", "(`a`,(lower(`b`)))", "expression", 80013, 0},
        Row{v1::INDEX, "columns", "(`a` DESC)", "descending", 80001, 100800},
        Row{v1::UNIQUE_KEY, "hidden", "yes", "ignores", 80000, 100600}));

TEST(FeaturesTest, NamesAndPrefixesAreNoFeatures) {
  Object key(v1::INDEX, Path{"t", "k"});
  key.Set("columns", "(`DESC`,`(`(10))");
  EXPECT_OK(CheckFeatures(key, Mysql(50744)));
  Object column(v1::COLUMN, Path{"t", "c"});
  column.Set("type", "varchar(10)");
  column.Set("collation", "utf8mb4_general_ci");
  EXPECT_OK(CheckFeatures(column, Mysql(50744)));
  EXPECT_OK(CheckFeatures(column, Mariadb(100100)));
}

}  // namespace
}  // namespace fleet::mysql
