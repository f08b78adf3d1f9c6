#include "lib/schema/scope.h"

#include <fnmatch.h>
#include <re2/re2.h>

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "lib/base/printable.h"
#include "lib/base/status.h"
#include "lib/schema/column_order.h"
#include "lib/schema/definers.h"
#include "lib/schema/kind.h"

namespace fleet {
namespace {

enum class Side { kSource, kTarget };

struct Rename {
  std::string source;  // dotted
  std::string target;

  std::string Text() const {
    return absl::StrCat("rename \"", Printable(source), "=", Printable(target),
                        "\"");
  }
};

absl::StatusOr<std::vector<Rename>> ReadRenames(const v1::Scope& scope) {
  std::vector<Rename> renames;
  for (const std::string& text : scope.renames()) {
    const size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0 ||
        equals + 1 == text.size()) {
      return absl::InvalidArgumentError(
          absl::StrCat("rename \"", Printable(text),
                       "\" is not SOURCE=TARGET with dotted paths of tables"));
    }
    renames.push_back({text.substr(0, equals), text.substr(equals + 1)});
  }
  return renames;
}

// A pattern and whether any table matched it: one that never does is a typo.
struct Glob {
  std::string pattern;
  bool used = false;

  bool Matches(const std::string& dotted) {
    const bool match = fnmatch(pattern.c_str(), dotted.c_str(), 0) == 0;
    used = used || match;
    return match;
  }
};

// Decides what a scope leaves out of one schema.
class Scoper {
 public:
  Scoper(const Schema& schema, Side side) : schema_(schema), side_(side) {}

  absl::Status Read(const v1::Scope& scope) {
    ASSIGN_OR_RETURN(renames_, ReadRenames(scope));
    for (const std::string& text : scope.tables()) {
      tables_.push_back({OnThisSide(text)});
    }
    for (const std::string& text : scope.exclude_tables()) {
      excluded_.push_back({OnThisSide(text)});
    }
    for (const std::string& pattern : scope.ignore()) {
      auto compiled = std::make_unique<RE2>(pattern, RE2::Quiet);
      if (!compiled->ok()) {
        return absl::InvalidArgumentError(
            absl::StrCat("ignore pattern \"", Printable(pattern),
                         "\" does not compile: ", compiled->error()));
      }
      ignore_.push_back(std::move(compiled));
    }
    return absl::OkStatus();
  }

  void ChooseLeftOut() {
    for (const Object& object : schema_.objects()) {
      if (LeavesOut(object)) out_.insert(object.key);
    }
    // Whatever depends on what is left out is left out, and so on.
    bool grown = !out_.empty();
    while (grown) {
      grown = false;
      for (const Object& object : schema_.objects()) {
        if (!NeedsLeftOut(object)) continue;
        grown = out_.insert(object.key).second || grown;
      }
    }
  }

  absl::Status RefuseUnused() const {
    for (const Glob& glob : tables_) {
      if (glob.used) continue;
      return absl::InvalidArgumentError(
          absl::StrCat("table pattern \"", Printable(glob.pattern),
                       "\" matches no table of the source"));
    }
    return absl::OkStatus();
  }

  bool IsOut(const ObjectKey& key) const { return out_.contains(key); }
  const std::vector<Rename>& renames() const { return renames_; }

 private:
  // The source's name of a renamed table means its target name on targets; a
  // table that has the source's name there is another one.
  std::string OnThisSide(const std::string& pattern) const {
    if (side_ == Side::kSource) return pattern;
    for (const Rename& rename : renames_) {
      if (rename.source == pattern) return rename.target;
    }
    return pattern;
  }

  bool LeavesOut(const Object& object) {
    const bool table = KindOf(object.kind()).IsTable();
    if (!table && ignore_.empty()) return false;
    const std::string dotted = object.path().Dotted();
    for (const auto& pattern : ignore_) {
      if (RE2::PartialMatch(dotted, *pattern)) return true;
    }
    return table && (AnyMatches(excluded_, dotted) || !IsNamed(dotted));
  }

  bool IsNamed(const std::string& dotted) {
    if (tables_.empty() || AnyMatches(tables_, dotted)) return true;
    if (side_ == Side::kSource) return false;
    return std::any_of(
        renames_.begin(), renames_.end(),
        [&](const Rename& rename) { return rename.target == dotted; });
  }

  // Asks every pattern, so that each learns whether it is of use.
  static bool AnyMatches(std::vector<Glob>& globs, const std::string& dotted) {
    bool any = false;
    for (Glob& glob : globs) any = glob.Matches(dotted) || any;
    return any;
  }

  bool NeedsLeftOut(const Object& object) const {
    const Object* parent = schema_.ParentOf(object.key);
    if (parent != nullptr && out_.contains(parent->key)) return true;
    for (const Dependency& dependency : object.depends_on) {
      if (!dependency.soft && out_.contains(dependency.on)) return true;
    }
    return false;
  }

  const Schema& schema_;
  const Side side_;
  std::vector<Rename> renames_;
  std::vector<Glob> tables_;
  std::vector<Glob> excluded_;
  std::vector<std::unique_ptr<RE2>> ignore_;
  absl::flat_hash_set<ObjectKey> out_;
};

// Source table path → target table path.
using RenamedPaths = std::map<Path, Path>;

absl::StatusOr<Path> TargetPath(const Rename& rename, const Path& source) {
  // The target's last component is what stands after the schema's name; it may
  // hold dots of its own.
  const Path above = source.Parent();
  const std::string prefix =
      above.empty() ? "" : absl::StrCat(above.Dotted(), ".");
  if (rename.target.compare(0, prefix.size(), prefix) != 0 ||
      rename.target.size() == prefix.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat(rename.Text(), " leaves the schema ",
                     Printable(above.Dotted()), "; a table keeps its schema"));
  }
  return above.Child(rename.target.substr(prefix.size()));
}

absl::StatusOr<RenamedPaths> ResolveRenames(
    const Schema& source, const std::vector<Rename>& renames) {
  RenamedPaths paths;
  for (const Rename& rename : renames) {
    bool found = false;
    for (const Object& object : source.objects()) {
      if (!KindOf(object.kind()).IsTable()) continue;
      if (object.path().Dotted() != rename.source) continue;
      found = true;
      ASSIGN_OR_RETURN(paths[object.path()], TargetPath(rename, object.path()));
    }
    if (!found) {
      return absl::InvalidArgumentError(
          absl::StrCat(rename.Text(), " matches no table of the source"));
    }
  }
  return paths;
}

// The path of a table, or of something below one, under its new name.
Path Renamed(const Path& path, const RenamedPaths& renamed) {
  for (Path at = path; !at.empty(); at = at.Parent()) {
    const auto found = renamed.find(at);
    if (found == renamed.end()) continue;
    Path result = found->second;
    const std::vector<std::string> components = path.components();
    for (size_t i = static_cast<size_t>(at.size()); i < components.size();
         ++i) {
      result = result.Child(components[i]);
    }
    return result;
  }
  return path;
}

bool IsBelowTable(v1::ObjectKind kind) {
  return KindOf(kind).IsTable() || KindOf(kind).has_parent;
}

void Rewrite(const RenamedPaths& renamed, Object* object) {
  if (IsBelowTable(object->kind())) {
    object->key.path = Renamed(object->path(), renamed);
  }
  for (Dependency& dependency : object->depends_on) {
    if (!IsBelowTable(dependency.on.kind)) continue;
    dependency.on.path = Renamed(dependency.on.path, renamed);
  }
}

// Kinds that the scope includes.
absl::StatusOr<std::vector<const Kind*>> IncludedKinds(const v1::Scope& scope) {
  std::vector<const Kind*> kinds;
  for (const std::string& word : scope.include()) {
    const size_t before = kinds.size();
    for (int kind = 1; kind <= v1::ObjectKind_MAX; ++kind) {
      const Kind& row = KindOf(static_cast<v1::ObjectKind>(kind));
      if (row.included_by == word) kinds.push_back(&row);
    }
    if (kinds.size() > before) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("cannot include \"", Printable(word),
                     "\"; what can be included: owners, privileges"));
  }
  return kinds;
}

// What is said of `object` as an object of its own.
Object AspectOf(const Object& object, const Kind& kind) {
  std::vector<std::string> components = object.path().components();
  components.insert(components.begin(),
                    std::string(KindOf(object.kind()).name));
  Object aspect(kind.kind, Path(components));
  aspect.Set(kind.aspect, object.Get(kind.aspect));
  aspect.Set("included", "true");
  aspect.DependsOn(object.kind(), object.path());
  return aspect;
}

void Include(const std::vector<const Kind*>& kinds,
             std::vector<Object>& objects) {
  const size_t count = objects.size();
  for (size_t i = 0; i < count; ++i) {
    for (const Kind* kind : kinds) {
      if (kind->aspect.empty()) {
        if (objects[i].kind() == kind->kind) objects[i].Set("included", "true");
      } else if (objects[i].Has(kind->aspect)) {
        Object aspect = AspectOf(objects[i], *kind);
        objects.push_back(std::move(aspect));
      }
    }
  }
}

absl::StatusOr<Schema> Apply(const Schema& schema, const v1::Scope& scope,
                             Side side) {
  ASSIGN_OR_RETURN(const std::vector<const Kind*> included,
                   IncludedKinds(scope));
  Scoper scoper(schema, side);
  RETURN_IF_ERROR(scoper.Read(scope));
  scoper.ChooseLeftOut();
  RenamedPaths renamed;
  if (side == Side::kSource) {
    RETURN_IF_ERROR(scoper.RefuseUnused());
    ASSIGN_OR_RETURN(renamed, ResolveRenames(schema, scoper.renames()));
  }
  std::vector<Object> objects;
  objects.reserve(schema.objects().size());
  for (const Object& object : schema.objects()) {
    if (scoper.IsOut(object.key)) continue;
    objects.push_back(object);
    if (!renamed.empty()) Rewrite(renamed, &objects.back());
  }
  Include(included, objects);
  ASSIGN_OR_RETURN(Schema scoped,
                   Schema::Make(schema.info(), std::move(objects)));
  if (scope.column_order()) {
    ASSIGN_OR_RETURN(scoped, WithColumnOrder(scoped));
  }
  if (scope.definers().empty()) return scoped;
  return side == Side::kSource ? WithSourceDefiners(scoped, scope)
                               : WithTargetDefiners(scoped, scope);
}

// Collects what a target keeps: some of its objects, all below these, and
// whatever they need that the source does not bring.
class Keeper {
 public:
  Keeper(const Schema& source, const Schema& target)
      : source_(source), target_(target) {}

  void Keep(const Object& object) {
    if (!KindOf(object.kind()).opaque && source_.Find(object.key) != nullptr) {
      return;
    }
    if (kept_.insert(object.key).second) open_.push_back(&object);
  }

  void KeepNeeded() {
    while (!open_.empty()) {
      const Object& object = *open_.back();
      open_.pop_back();
      if (const Object* parent = target_.ParentOf(object.key)) Keep(*parent);
      if (KindOf(object.kind()).may_be_parent) KeepChildren(object.path());
      for (const Dependency& dependency : object.depends_on) {
        if (dependency.soft) continue;
        if (const Object* needed = target_.Find(dependency.on)) Keep(*needed);
      }
    }
  }

  // Owners and privileges of what stays.
  void KeepAspects() {
    for (const Object& object : target_.objects()) {
      if (KindOf(object.kind()).aspect.empty()) continue;
      for (const Dependency& dependency : object.depends_on) {
        if (IsKept(dependency.on)) kept_.insert(object.key);
      }
    }
  }

  bool IsKept(const ObjectKey& key) const { return kept_.contains(key); }

  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const Object& object : target_.objects()) {
      if (!IsKept(object.key)) continue;
      if (!KindOf(object.kind()).aspect.empty()) continue;
      const Object* parent = target_.ParentOf(object.key);
      if (parent != nullptr && IsKept(parent->key)) continue;
      names.push_back(object.path().Dotted());
    }
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
  }

  // A name has room for one thing.
  absl::Status CheckNamesAreFree() const {
    absl::flat_hash_map<Path, const Object*> taken;
    for (const Object& object : target_.objects()) {
      if (KindOf(object.kind()).may_be_parent && IsKept(object.key)) {
        taken.emplace(object.path(), &object);
      }
    }
    if (taken.empty()) return absl::OkStatus();
    for (const Object& object : source_.objects()) {
      if (!KindOf(object.kind()).may_be_parent) continue;
      const auto found = taken.find(object.path());
      if (found == taken.end()) continue;
      return absl::FailedPreconditionError(absl::StrCat(
          Describe(found->second->key), " stays on the target, but ",
          Describe(object.key),
          " of the source needs its name; allow dropping tables "
          "(--allow-drop-tables), rename one, or leave it out of the scope"));
    }
    return absl::OkStatus();
  }

 private:
  void KeepChildren(const Path& path) {
    for (int kind = 1; kind <= v1::ObjectKind_MAX; ++kind) {
      const auto child_kind = static_cast<v1::ObjectKind>(kind);
      if (!KindOf(child_kind).has_parent) continue;
      for (const Object& child : target_.ChildrenOf(path, child_kind)) {
        Keep(child);
      }
    }
  }

  const Schema& source_;
  const Schema& target_;
  absl::flat_hash_set<ObjectKey> kept_;
  std::vector<const Object*> open_;
};

}  // namespace

bool IsWhole(const v1::Scope& scope) { return scope.ByteSizeLong() == 0; }

absl::StatusOr<Schema> ApplyScope(const Schema& schema,
                                  const v1::Scope& scope) {
  if (IsWhole(scope)) return schema;
  return Apply(schema, scope, Side::kTarget);
}

absl::StatusOr<Schema> ApplySourceScope(const Schema& source,
                                        const v1::Scope& scope) {
  if (IsWhole(scope)) return source;
  return Apply(source, scope, Side::kSource);
}

absl::StatusOr<Expected> ExpectedSchema(const Schema& source,
                                        const Schema& target,
                                        const KeepOptions& options) {
  Keeper keeper(source, target);
  for (const Object& object : target.objects()) {
    const Kind& kind = KindOf(object.kind());
    if (kind.opaque || (kind.IsTable() && !options.drop_tables)) {
      keeper.Keep(object);
    }
  }
  keeper.KeepNeeded();
  keeper.KeepAspects();
  RETURN_IF_ERROR(keeper.CheckNamesAreFree());
  std::vector<Object> objects;
  objects.reserve(source.objects().size());
  for (const Object& object : source.objects()) {
    if (!KindOf(object.kind()).opaque) objects.push_back(object);
  }
  for (const Object& object : target.objects()) {
    if (keeper.IsKept(object.key)) objects.push_back(object);
  }
  Expected expected;
  expected.kept = keeper.Names();
  ASSIGN_OR_RETURN(expected.schema,
                   Schema::Make(target.info(), std::move(objects)));
  return expected;
}

}  // namespace fleet
