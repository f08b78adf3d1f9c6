#include "tests/lib/schema/toy_engine.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "lib/base/status.h"
#include "lib/schema/kind.h"

namespace fleet::testing {
namespace {

constexpr AttributeSpec kTableRows[] = {
    {"unlogged", Compare::kExact, OnChange::kAlter, 30},
    {"strategy", Compare::kExact, OnChange::kRefuse, 90},
    {"collation", Compare::kIgnoreCase, OnChange::kAlter, 10},
    {"oid", Compare::kIgnore, OnChange::kIgnore, 0},
};
constexpr AttributeSpec kColumnRows[] = {
    {"type", Compare::kExact, OnChange::kAlterDetached, 40},
    {"default", Compare::kExact, OnChange::kAlter, 10},
    {"check", Compare::kExact, OnChange::kRebuild, 20},
};
constexpr AttributeSpec kKeyRows[] = {
    {"columns", Compare::kExact, OnChange::kRecreate, 30},
};
constexpr AttributeSpec kTextRows[] = {
    {"definition", Compare::kExact, OnChange::kAlter, 15},
    {"columns", Compare::kExact, OnChange::kRecreate, 25},
};

std::vector<KindSpec> MakeSpecs() {
  std::vector<KindSpec> specs(v1::ObjectKind_MAX + 1);
  const auto add = [&](v1::ObjectKind kind,
                       absl::Span<const AttributeSpec> rows) -> KindSpec& {
    specs[static_cast<size_t>(kind)].kind = kind;
    specs[static_cast<size_t>(kind)].attributes = rows;
    return specs[static_cast<size_t>(kind)];
  };
  KindSpec& table = add(v1::TABLE, kTableRows);
  table.recreatable = false;
  table.rebuildable = true;
  KindSpec& column = add(v1::COLUMN, kColumnRows);
  column.absorbed_by_parent_create = true;
  column.dropped_with_parent = true;
  column.recreatable = false;
  KindSpec& key = add(v1::UNIQUE_KEY, kKeyRows);
  key.absorbed_by_parent_create = true;
  key.dropped_with_parent = true;
  key.follows_alter = true;
  add(v1::FOREIGN_KEY, kKeyRows).follows_alter = true;
  KindSpec& index = add(v1::INDEX, kKeyRows);
  index.dropped_with_parent = true;
  index.follows_alter = true;
  add(v1::VIEW, kTextRows);
  add(v1::FUNCTION, kTextRows);
  add(v1::SEQUENCE, kKeyRows);
  add(v1::TRIGGER, kTextRows).dropped_with_parent = true;
  return specs;
}

// The parts of a table that its CREATE writes and its DROP takes along.
bool GoesWithParent(const Object& object, bool create) {
  const KindSpec& spec = ToySpecs()[static_cast<size_t>(object.kind())];
  return create ? spec.absorbed_by_parent_create : spec.dropped_with_parent;
}

class Model {
 public:
  explicit Model(const Schema& schema) {
    for (const Object& object : schema.objects()) {
      objects_.emplace(object.key, object);
    }
  }

  absl::Status Drop(const Object& object) {
    std::vector<ObjectKey> gone = {object.key};
    for (const auto& [key, other] : objects_) {
      if (IsChild(object, other) && GoesWithParent(other, false)) {
        gone.push_back(key);
      }
    }
    if (objects_.find(object.key) == objects_.end()) {
      return absl::NotFoundError(Describe(object.key) + " is not there");
    }
    for (const ObjectKey& key : gone) objects_.erase(key);
    for (const auto& [key, other] : objects_) {
      RETURN_IF_ERROR(NeedsNone(other, gone));
    }
    return absl::OkStatus();
  }

  absl::Status Create(const Object& object, const Schema& to) {
    std::vector<const Object*> made = {&object};
    for (const Object& other : to.objects()) {
      if (IsChild(object, other) && GoesWithParent(other, true)) {
        made.push_back(&other);
      }
    }
    for (const Object* one : made) {
      for (const auto& [key, other] : objects_) {
        if (key == one->key ||
            (!KindOf(key.kind).has_parent && key.path == one->path())) {
          return absl::AlreadyExistsError(Describe(one->key) + " exists");
        }
      }
    }
    for (const Object* one : made) objects_.emplace(one->key, *one);
    for (const Object* one : made) RETURN_IF_ERROR(HasAll(*one));
    return absl::OkStatus();
  }

  absl::Status Alter(const Object& to, bool detached) {
    if (detached) {
      for (const auto& [key, other] : objects_) {
        const KindSpec& spec = ToySpecs()[static_cast<size_t>(key.kind)];
        if (spec.follows_alter || !spec.recreatable) continue;
        RETURN_IF_ERROR(NeedsNone(other, {to.key}));
      }
    }
    objects_.erase(to.key);
    objects_.emplace(to.key, to);
    return HasAll(to);
  }

  // A rebuilt table comes out with the wanted columns and without what hangs
  // on it.
  absl::Status Rebuild(const Object& table, const Schema& to) {
    for (auto it = objects_.begin(); it != objects_.end();) {
      it = IsChild(table, it->second) ? objects_.erase(it) : std::next(it);
    }
    objects_.erase(table.key);
    return Create(table, to);
  }

  absl::StatusOr<Schema> Result() const {
    std::vector<Object> all;
    for (const auto& [key, object] : objects_) all.push_back(object);
    return Schema::Make({v1::SQLITE, "toy", 1}, std::move(all));
  }

 private:
  static bool IsChild(const Object& parent, const Object& other) {
    return KindOf(other.kind()).has_parent &&
           other.path().Parent() == parent.path();
  }
  static absl::Status NeedsNone(const Object& object,
                                const std::vector<ObjectKey>& gone) {
    for (const ObjectKey& key : gone) {
      const bool child = KindOf(object.kind()).has_parent &&
                         object.path().Parent() == key.path;
      if (child) {
        return absl::FailedPreconditionError(
            absl::StrCat(Describe(object.key), " lost its ", Describe(key)));
      }
      for (const Dependency& dependency : object.depends_on) {
        if (!dependency.soft && dependency.on == key) {
          return absl::FailedPreconditionError(absl::StrCat(
              Describe(object.key), " still needs ", Describe(key)));
        }
      }
    }
    return absl::OkStatus();
  }
  absl::Status HasAll(const Object& object) const {
    for (const Dependency& dependency : object.depends_on) {
      if (!dependency.soft && objects_.find(dependency.on) == objects_.end()) {
        return absl::FailedPreconditionError(
            absl::StrCat(Describe(object.key), " needs ",
                         Describe(dependency.on), ", which is not there"));
      }
    }
    return absl::OkStatus();
  }

  std::map<ObjectKey, Object> objects_;
};

}  // namespace

KindSpecs ToySpecs() {
  static const std::vector<KindSpec>* specs =
      new std::vector<KindSpec>(MakeSpecs());
  return *specs;
}

Schema ToySchema(std::vector<Object> objects) {
  absl::StatusOr<Schema> schema =
      Schema::Make({v1::SQLITE, "toy", 1}, std::move(objects));
  CHECK(schema.ok());
  return *std::move(schema);
}

Object Table(const std::string& name) { return Object(v1::TABLE, Path{name}); }
Object Column(const std::string& table, const std::string& name,
              const std::string& type) {
  Object column(v1::COLUMN, Path{table, name});
  column.Set("type", type);
  return column;
}
Object View(const std::string& name, const std::string& definition) {
  Object view(v1::VIEW, Path{name});
  view.Set("definition", definition);
  return view;
}

absl::StatusOr<Schema> Play(const Schema& from, const Schema& to,
                            const std::vector<Step>& steps) {
  Model model(from);
  for (const Step& step : steps) {
    absl::Status status;
    switch (step.op) {
      case StepOp::kDrop:
        status = model.Drop(*step.from);
        break;
      case StepOp::kCreate:
        status = model.Create(*step.to, to);
        break;
      case StepOp::kAlter:
        status = model.Alter(*step.to, step.difference->detached);
        break;
      case StepOp::kRebuild:
        status = model.Rebuild(*step.to, to);
        break;
    }
    RETURN_IF_ERROR(status);
  }
  return model.Result();
}

}  // namespace fleet::testing
