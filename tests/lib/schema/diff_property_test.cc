// Laws that hold for any two schemas, tried on generated ones.

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <random>

#include "absl/strings/str_cat.h"
#include "lib/schema/diff.h"
#include "lib/schema/fingerprint.h"
#include "lib/schema/order.h"
#include "tests/lib/schema/toy_engine.h"
#include "tests/testing/matchers.h"

namespace fleet::testing {
namespace {

int Below(int limit) { return *rc::gen::inRange(0, limit); }

// Names as hostile as databases have them.
std::string TableName(int n) {
  constexpr const char* kNames[] = {"t",         "a.b",   "Quote\"d",
                                    "new\nline", "é\x01", "t "};
  return kNames[n % 6];
}

// A schema over a small space of names, so that two of them overlap.
std::vector<Object> GenerateObjects() {
  std::vector<Object> objects;
  const auto columns_of = [&](const std::string& table) {
    std::vector<std::string> names;
    for (const Object& object : objects) {
      if (object.kind() == v1::COLUMN && object.path().first() == table) {
        names.emplace_back(object.name());
      }
    }
    return names;
  };
  std::vector<std::string> tables;
  for (int n = 0; n < 4; ++n) {
    if (Below(3) == 0) continue;
    const std::string table = TableName(n);
    tables.push_back(table);
    objects.push_back(Table(table));
    if (Below(3) == 0) objects.back().Set("unlogged", "true");
    for (int c = 0; c < 3; ++c) {
      if (Below(4) == 0) continue;
      Object column =
          Column(table, absl::StrCat("c", c), Below(2) == 0 ? "int" : "text");
      if (Below(4) == 0) column.Set("check", absl::StrCat("c > ", Below(2)));
      if (Below(4) == 0) column.Set("default", absl::StrCat(Below(2)));
      objects.push_back(std::move(column));
    }
    for (const std::string& name : columns_of(table)) {
      if (Below(3) != 0) continue;
      Object index(v1::INDEX, Path{table, absl::StrCat("i", name)});
      index.Set("columns", absl::StrCat(Below(2)));
      index.DependsOn(v1::COLUMN, Path{table, name});
      objects.push_back(std::move(index));
    }
  }
  for (int n = 0; n < 4 && !tables.empty(); ++n) {
    const std::string table =
        tables[static_cast<size_t>(Below(static_cast<int>(tables.size())))];
    Object view = View(absl::StrCat("v", n), absl::StrCat(Below(2)));
    view.Set("columns", absl::StrCat(Below(2)));
    const std::vector<std::string> columns = columns_of(table);
    if (columns.empty()) {
      view.DependsOn(v1::TABLE, Path{table});
    } else {
      view.DependsOn(v1::COLUMN, Path{table, columns[0]});
    }
    const bool stacked = !objects.empty() && objects.back().path() ==
                                                 Path{absl::StrCat("v", n - 1)};
    if (stacked && Below(2) == 0) {
      view.DependsOn(v1::VIEW, Path{absl::StrCat("v", n - 1)});
    }
    // What a view reads shows in its text.
    std::string text(view.Get("definition"));
    for (const Dependency& dependency : view.depends_on) {
      absl::StrAppend(&text, " ", Describe(dependency.on));
    }
    view.Set("definition", text);
    if (Below(3) != 0) objects.push_back(std::move(view));
  }
  return objects;
}

std::vector<Object> Shuffled(std::vector<Object> objects) {
  std::mt19937 random(static_cast<unsigned>(Below(1 << 20)));
  std::shuffle(objects.begin(), objects.end(), random);
  for (Object& object : objects) {
    std::shuffle(object.depends_on.begin(), object.depends_on.end(), random);
  }
  return objects;
}

std::string Text(const std::vector<Step>& steps) {
  std::string text;
  for (const Step& step : steps) {
    absl::StrAppend(&text, static_cast<int>(step.op), " ", Describe(step.key()),
                    "\n");
  }
  return text;
}

std::string Show(const std::vector<Difference>& differences) {
  std::string text;
  for (const Difference& difference : differences) {
    absl::StrAppend(&text, v1::ChangeOp_Name(difference.op), " ",
                    Describe(difference.key()),
                    difference.detached ? " detached" : "",
                    difference.folded ? " folded" : "", "\n");
  }
  return text;
}

TEST(DiffProperty, StepsPlayAndArrive) {
  EXPECT_TRUE(rc::check("diff, order and play", [] {
    const Schema from = ToySchema(GenerateObjects());
    const Schema to = ToySchema(GenerateObjects());
    const auto differences = Diff(from, to, ToySpecs());
    RC_ASSERT(differences.ok());
    const auto steps = Order(from, to, *differences, ToySpecs());
    if (!steps.ok()) RC_LOG() << steps.status() << "\n" << Show(*differences);
    RC_ASSERT(steps.ok());
    const absl::StatusOr<Schema> played = Play(from, to, *steps);
    if (!played.ok()) RC_LOG() << played.status() << "\n" << Text(*steps);
    RC_ASSERT(played.ok());
    if (!(*played == to)) RC_LOG() << Show(*differences) << Text(*steps);
    RC_ASSERT(*played == to);
  }));
}

TEST(DiffProperty, NothingDiffersFromItself) {
  EXPECT_TRUE(rc::check("diff(a, a) is empty", [] {
    const std::vector<Object> objects = GenerateObjects();
    const auto differences =
        Diff(ToySchema(objects), ToySchema(Shuffled(objects)), ToySpecs());
    RC_ASSERT(differences.ok());
    RC_ASSERT(differences->empty());
  }));
}

TEST(DiffProperty, OrderOfInputDoesNotShow) {
  EXPECT_TRUE(rc::check("same bytes from shuffled input", [] {
    const std::vector<Object> a = GenerateObjects();
    const std::vector<Object> b = GenerateObjects();
    const Schema from = ToySchema(a);
    const Schema to = ToySchema(b);
    const Schema from2 = ToySchema(Shuffled(a));
    const Schema to2 = ToySchema(Shuffled(b));
    const auto one = Diff(from, to, ToySpecs());
    const auto two = Diff(from2, to2, ToySpecs());
    RC_ASSERT(one.ok() && two.ok());
    const auto steps = Order(from, to, *one, ToySpecs());
    const auto steps2 = Order(from2, to2, *two, ToySpecs());
    RC_ASSERT(steps.ok() && steps2.ok());
    RC_ASSERT(Text(*steps) == Text(*steps2));
    RC_ASSERT(Fingerprint(from, ToySpecs()) == Fingerprint(from2, ToySpecs()));
  }));
}

TEST(DiffProperty, FingerprintChangesExactlyWhenDiffSeesADifference) {
  EXPECT_TRUE(rc::check("fingerprint and diff agree", [] {
    std::vector<Object> objects = GenerateObjects();
    const Schema before = ToySchema(objects);
    if (objects.empty()) return;
    Object& object =
        objects[static_cast<size_t>(Below(static_cast<int>(objects.size())))];
    constexpr const char* kNames[] = {"oid",     "collation",  "type",
                                      "default", "definition", "strange"};
    const std::string name = kNames[Below(6)];
    constexpr const char* kValues[] = {"", "C", "c", "int"};
    object.Set(name, kValues[Below(4)]);
    const Schema after = ToySchema(objects);
    const auto differences = Diff(before, after, ToySpecs());
    const bool differs = !differences.ok() || !differences->empty();
    RC_ASSERT(differs == (Fingerprint(before, ToySpecs()) !=
                          Fingerprint(after, ToySpecs())));
  }));
}

TEST(DiffProperty, ProtosKeepEverything) {
  EXPECT_TRUE(rc::check("from_proto(to_proto(a)) == a", [] {
    const Schema schema = ToySchema(GenerateObjects());
    const absl::StatusOr<Schema> back = FromProto(ToProto(schema));
    RC_ASSERT(back.ok());
    RC_ASSERT(*back == schema);
  }));
}

}  // namespace
}  // namespace fleet::testing
