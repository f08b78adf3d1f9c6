// The laws of diff_property_test.cc over schemas in which everything may depend
// on everything that a server lets it depend on, names are swapped between
// kinds, and functions call each other in circles.

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lib/schema/diff.h"
#include "lib/schema/fingerprint.h"
#include "lib/schema/order.h"
#include "lib/schema/scope.h"
#include "tests/lib/schema/toy_engine.h"
#include "tests/testing/matchers.h"

namespace fleet::testing {
namespace {

int Below(int limit) { return *rc::gen::inRange(0, limit); }
bool OneIn(int n) { return Below(n) == 0; }

std::string Name(int n) {
  constexpr const char* kNames[] = {"r", "r.c0", "\"'; drop", "x\ny\x1b[2J"};
  return kNames[n % 4];
}

// Relations are tables or views under the same few names.
class Generator {
 public:
  std::vector<Object> Objects() {
    for (int n = 0; n < 3; ++n) {
      if (OneIn(2)) Add(Object(v1::SEQUENCE, Path{absl::StrCat("s", n)}));
      if (OneIn(2)) AddFunction(absl::StrCat("f", n));
    }
    for (int n = 0; n < 4; ++n) {
      if (OneIn(4)) continue;
      OneIn(3) ? AddView(Name(n)) : AddTable(Name(n));
    }
    for (const Object& table : Of(v1::TABLE)) AddForeignKey(table.path());
    for (const Object& function : Of(v1::FUNCTION)) AddCalls(function.key);
    for (const Object& relation : objects_) {
      if (relation.kind() == v1::TABLE && OneIn(2)) {
        AddTrigger(relation.path());
        break;
      }
    }
    return std::move(objects_);
  }

 private:
  Object& Add(Object object) {
    objects_.push_back(std::move(object));
    return objects_.back();
  }

  std::vector<Object> Of(v1::ObjectKind kind) const {
    std::vector<Object> found;
    for (const Object& object : objects_) {
      if (object.kind() == kind) found.push_back(object);
    }
    return found;
  }

  // Depends on one of the objects of `kind`, if there are any, and says so in
  // `attribute`, as a default or a definition does.
  void Use(v1::ObjectKind kind, const char* attribute, Object* object,
           bool soft = false) {
    const std::vector<Object> all = Of(kind);
    if (all.empty()) return;
    const Object& used =
        all[static_cast<size_t>(Below(static_cast<int>(all.size())))];
    if (used.key == object->key) return;
    object->DependsOn(kind, used.path(), soft);
    object->Set(attribute,
                absl::StrCat(object->Get(attribute), " ", Describe(used.key)));
  }

  void AddFunction(const std::string& name) {
    Object& function = Add(Object(v1::FUNCTION, Path{name}));
    function.Set("definition", absl::StrCat(Below(2)));
    function.Set("columns", absl::StrCat(Below(2)));
  }

  void AddTable(const std::string& name) {
    Add(Table(name));
    for (int c = 0; c < 3; ++c) {
      if (OneIn(4)) continue;
      Object column =
          Column(name, absl::StrCat("c", c), OneIn(2) ? "int" : "text");
      if (OneIn(3)) Use(v1::SEQUENCE, "default", &column);
      if (OneIn(5)) Use(v1::FUNCTION, "check", &column);
      if (OneIn(5)) column.Set("strange", "");
      Add(std::move(column));
    }
    for (const Object& column : Of(v1::COLUMN)) {
      if (column.path().first() != name || !OneIn(3)) continue;
      Object key(
          OneIn(2) ? v1::UNIQUE_KEY : v1::INDEX,
          column.path().Parent().Child(absl::StrCat("k", column.name())));
      key.DependsOn(v1::COLUMN, column.path());
      key.Set("columns", absl::StrCat(Below(2)));
      Add(std::move(key));
    }
  }

  void AddView(const std::string& name) {
    Object view = View(name, absl::StrCat(Below(2)));
    if (OneIn(2)) Use(v1::COLUMN, "definition", &view);
    if (OneIn(3)) Use(v1::VIEW, "definition", &view);
    if (OneIn(3)) Use(v1::FUNCTION, "definition", &view);
    view.Set("columns", absl::StrCat(Below(2)));
    Add(std::move(view));
  }

  void AddForeignKey(const Path& table) {
    if (OneIn(2)) return;
    Object key(v1::FOREIGN_KEY, table.Child("fk"));
    Use(v1::TABLE, "columns", &key);
    if (OneIn(2)) Use(v1::UNIQUE_KEY, "columns", &key);
    Add(std::move(key));
  }

  void AddTrigger(const Path& table) {
    Object trigger(v1::TRIGGER, table.Child("tr"));
    Use(v1::FUNCTION, "definition", &trigger);
    Add(std::move(trigger));
  }

  void AddCalls(const ObjectKey& key) {
    for (Object& object : objects_) {
      if (!(object.key == key)) continue;
      if (OneIn(2)) Use(v1::FUNCTION, "definition", &object, /*soft=*/true);
      if (OneIn(3)) Use(v1::TABLE, "definition", &object, /*soft=*/true);
      return;
    }
  }

  std::vector<Object> objects_;
};

Schema Generate() { return ToySchema(Generator().Objects()); }

// What no engine could do is refused by name; anything else has to play.
bool MayRefuse(const absl::Status& status) {
  return absl::IsFailedPrecondition(status);
}

void PlayAndArrive(const Schema& from, const Schema& to) {
  const auto differences = Diff(from, to, ToySpecs());
  if (!differences.ok()) {
    RC_LOG() << differences.status();
    RC_ASSERT(MayRefuse(differences.status()));
    RC_TAG("refused");
    return;
  }
  RC_TAG("played");
  const auto steps = Order(from, to, *differences, ToySpecs());
  if (!steps.ok()) RC_LOG() << steps.status();
  RC_ASSERT(steps.ok());
  std::string text;
  for (const Step& step : *steps) {
    absl::StrAppend(&text, static_cast<int>(step.op), " ", Describe(step.key()),
                    "\n");
  }
  RC_LOG() << text;
  const absl::StatusOr<Schema> played = Play(from, to, *steps);
  if (!played.ok()) RC_LOG() << played.status();
  RC_ASSERT(played.ok());
  RC_ASSERT(Fingerprint(*played, ToySpecs()) == Fingerprint(to, ToySpecs()));
  const auto left = Diff(*played, to, ToySpecs());
  RC_ASSERT(left.ok() && left->empty());
}

TEST(OrderProperty, StepsPlayOrAreRefusedByName) {
  EXPECT_TRUE(rc::check("anything to anything",
                        [] { PlayAndArrive(Generate(), Generate()); }));
}

TEST(OrderProperty, EverythingCanBeMadeFromNothingAndDroppedAgain) {
  EXPECT_TRUE(rc::check("create all, drop all", [] {
    const Schema all = Generate();
    const Schema none = ToySchema({});
    RC_ASSERT(Diff(none, all, ToySpecs()).ok());
    RC_ASSERT(Diff(all, none, ToySpecs()).ok());
    PlayAndArrive(none, all);
    PlayAndArrive(all, none);
  }));
}

TEST(OrderProperty, ExpectedSchemasKeepTablesAndCanBeReached) {
  EXPECT_TRUE(rc::check("expected", [] {
    const Schema source = Generate();
    const Schema target = Generate();
    const auto expected = ExpectedSchema(source, target, {});
    if (!expected.ok()) {
      RC_ASSERT(absl::IsFailedPrecondition(expected.status()));
      return;
    }
    for (const Object& table : target.OfKind(v1::TABLE)) {
      RC_ASSERT(expected->schema.Find(table.key) != nullptr);
    }
    PlayAndArrive(target, expected->schema);
    // Once there, nothing is left to do.
    const auto again = ExpectedSchema(source, expected->schema, {});
    RC_ASSERT(again.ok());
    RC_ASSERT(Fingerprint(again->schema, ToySpecs()) ==
              Fingerprint(expected->schema, ToySpecs()));
  }));
}

}  // namespace
}  // namespace fleet::testing
