#include "tests/lib/engine/sqlite/random_schema.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_replace.h"
#include "tests/lib/engine/sqlite/sqlite_database.h"

// Tables full of rows from schema to schema and back: what both schemas can
// hold is there afterwards, value for value.

namespace fleet {
namespace {

constexpr int kPairs = 300;

std::string Quoted(const std::string& name) {
  return absl::StrCat("\"", absl::StrReplaceAll(name, {{"\"", "\"\""}}), "\"");
}

// The values of `name`'s column, by key, as SQLite writes them.
std::string Column(SqliteDatabase& database, const std::string& name,
                   const std::string& column) {
  return database.Value(absl::StrCat("SELECT CAST(k AS INT), quote(",
                                     Quoted(column), ") FROM ", Quoted(name),
                                     " ORDER BY 1"));
}

// The same values after they stood in columns of `types`, one after the other.
// Independent of plans: a table for each type, and INSERT … SELECT.
std::string Through(const std::string& values_from, SqliteDatabase& database,
                    const std::string& column,
                    const std::vector<std::string>& types) {
  std::string source = Quoted(values_from);
  std::string from = Quoted(column);
  int step = 0;
  for (const std::string& type : types) {
    const std::string table = absl::StrCat("temp.step", ++step);
    database.Load(absl::StrCat("CREATE TEMP TABLE step", step, " (k, v ", type,
                               ");INSERT INTO ", table, " SELECT k, ", from,
                               " FROM ", source, ";"));
    source = table;
    from = std::string(1, 'v');
  }
  const std::string values = database.Value(absl::StrCat(
      "SELECT CAST(k AS INT), quote(v) FROM ", source, " ORDER BY 1"));
  for (; step > 0; --step) {
    database.Load(absl::StrCat("DROP TABLE temp.step", step));
  }
  return values;
}

// As a strict table knows its types; ANY keeps values as they are.
std::string Affinity(const RandomColumn& column) {
  return column.type == "ANY" ? "" : column.type;
}

using Values = std::map<std::pair<std::string, std::string>, std::string>;

class Migration {
 public:
  explicit Migration(int seed) : random_(seed), tame_(seed % 4 != 0) {
    a_ = MakeRandomSchema(random_);
    b_ = MakeRandomSchema(random_);
  }

  // True when the rows let the plans run.
  bool Run() {
    database_.Load(a_.Sql());
    database_.Load(RandomRows(a_, b_, tame_, random_));
    const std::string before = Everything();
    const std::string fingerprint = database_.Fingerprint();
    Expect();
    if (!Go(b_)) {
      EXPECT_FALSE(tame_) << "tame rows stopped a plan: " << stopped_;
      EXPECT_EQ(Everything(), before) << "a plan that failed left its traces";
      EXPECT_EQ(database_.Fingerprint(), fingerprint);
      return false;
    }
    Compare(in_b_, "in b");
    const std::string between = Everything();
    if (!Go(a_)) {
      EXPECT_FALSE(tame_) << "tame rows stopped the way back: " << stopped_;
      EXPECT_EQ(Everything(), between);
      return false;
    }
    EXPECT_EQ(database_.Fingerprint(), fingerprint);
    Compare(back_, "back in a");
    return true;
  }

  std::string Text() const {
    return absl::StrCat("-- a\n", a_.Sql(), "-- b\n", b_.Sql());
  }

 private:
  // One plan, after its checks. Checks never cry wolf.
  bool Go(const RandomSchema& schema) {
    absl::StatusOr<v1::Plan> plan = database_.PlanTo(schema.Sql());
    EXPECT_OK(plan);
    if (!plan.ok()) return false;
    const std::vector<std::string> findings =
        database_.Findings(*plan, /*warnings=*/false);
    const absl::Status status = database_.Run(*plan);
    EXPECT_TRUE(findings.empty() || !status.ok())
        << "nothing was wrong with: " << findings.front();
    if (!status.ok()) {
      stopped_ = std::string(status.message());
      EXPECT_TRUE(absl::StrContains(status.message(), "SQLITE_CONSTRAINT") ||
                  absl::StrContains(status.message(), "SQLITE_MISMATCH") ||
                  absl::StrContains(status.message(), "before COMMIT"))
          << status;
      return false;
    }
    EXPECT_EQ(database_.Fingerprint(), plan->to_fingerprint());
    // See DamageSql for the exception.
    EXPECT_EQ(database_.Value("SELECT integrity_check FROM "
                              "pragma_integrity_check WHERE integrity_check "
                              "NOT IN ('ok') AND integrity_check NOT LIKE "
                              "'NULL value in %'"),
              "");
    EXPECT_EQ(database_.Value("PRAGMA foreign_key_check"), "");
    return true;
  }

  // What columns that both schemas have hold afterwards.
  void Expect() {
    for (const auto& [name, table] : a_.tables) {
      const auto other = b_.tables.find(name);
      if (other == b_.tables.end()) continue;
      numbers_[name] = HighWaterMark(name);
      for (const auto& [column, spec] : table.columns) {
        const auto theirs = other->second.columns.find(column);
        if (theirs == other->second.columns.end() || spec.generated ||
            theirs->second.generated) {
          continue;
        }
        const std::string first = Affinity(theirs->second);
        in_b_[{name, column}] = Through(name, database_, column, {first});
        back_[{name, column}] =
            Through(name, database_, column, {first, Affinity(spec)});
      }
      rowids_[name] = Rowids(name, table, other->second);
    }
  }

  // "k rowid …" where rows have one all the way.
  std::string Rowids(const std::string& name, const RandomTable& in_a,
                     const RandomTable& in_b) {
    if (in_a.without_rowid || in_b.without_rowid) return "";
    return database_.Value(absl::StrCat("SELECT CAST(k AS INT), rowid FROM ",
                                        Quoted(name), " ORDER BY 1"));
  }

  std::string HighWaterMark(const std::string& name) {
    const auto in_a = a_.tables.at(name).key;
    const auto in_b = b_.tables.at(name).key;
    if (in_a != RandomKey::kAutoincrement ||
        in_b != RandomKey::kAutoincrement) {
      return "";
    }
    return database_.Value(absl::StrCat(
        "SELECT seq FROM sqlite_sequence WHERE name = '", name, "'"));
  }

  void Compare(const Values& values, absl::string_view when) {
    for (const auto& [place, expected] : values) {
      EXPECT_EQ(Column(database_, place.first, place.second), expected)
          << place.first << "." << place.second << " " << when;
    }
    for (const auto& [name, number] : numbers_) {
      EXPECT_EQ(HighWaterMark(name), number) << name << " " << when;
    }
    for (const auto& [name, rowids] : rowids_) {
      // A key that becomes the rowid gives it its values.
      const auto key = [&](const RandomSchema& schema) {
        const RandomKey kind = schema.tables.at(name).key;
        return kind == RandomKey::kRowid || kind == RandomKey::kAutoincrement;
      };
      if (key(a_) || key(b_)) continue;
      EXPECT_EQ(Rowids(name, a_.tables.at(name), b_.tables.at(name)), rowids)
          << name << " " << when;
    }
  }

  // All rows of all tables.
  std::string Everything() {
    std::string text;
    for (const RandomSchema* schema : {&a_, &b_}) {
      for (const auto& [name, table] : schema->tables) {
        const std::string exists = database_.Value(absl::StrCat(
            "SELECT count(*) FROM sqlite_schema WHERE name = '", name, "'"));
        if (exists != "1") continue;
        absl::StrAppend(&text, name, ": ",
                        database_.Value(absl::StrCat(
                            "SELECT * FROM ", Quoted(name), " ORDER BY k")),
                        "\n");
      }
    }
    return text;
  }

  std::mt19937 random_;
  std::string stopped_;  // why a plan was
  const bool tame_;
  RandomSchema a_;
  RandomSchema b_;
  SqliteDatabase database_{":memory:"};
  Values in_b_;
  Values back_;
  std::map<std::string, std::string> numbers_;
  std::map<std::string, std::string> rowids_;
};

TEST(RandomSchemaTest, WhatBothSchemasCanHoldIsKept) {
  int arrived = 0;
  for (int seed = 1; seed <= kPairs; ++seed) {
    Migration migration(seed);
    if (migration.Run()) ++arrived;
    if (HasFailure()) {
      FAIL() << "seed " << seed << "\n" << migration.Text();
    }
  }
  RecordProperty("arrived", arrived);
  // Wild rows may stop a plan, and then everything is as it was.
  EXPECT_GE(arrived, kPairs * 3 / 4);
}

}  // namespace
}  // namespace fleet
