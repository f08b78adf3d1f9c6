#include "lib/schema/scope.h"

#include <fnmatch.h>
#include <re2/re2.h>

#include <algorithm>
#include <map>
#include <memory>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "lib/base/printable.h"
#include "lib/base/status.h"
#include "lib/schema/kind.h"

namespace fleet {
namespace {

// A pattern and whether anything matched it: one that never does is a typo.
struct Glob {
  std::string pattern;
  bool used = false;

  bool Matches(const std::string& dotted) {
    const bool match = fnmatch(pattern.c_str(), dotted.c_str(), 0) == 0;
    used = used || match;
    return match;
  }
};

using Globs = std::vector<Glob>;

Globs GlobsOf(const google::protobuf::RepeatedPtrField<std::string>& texts) {
  Globs globs;
  for (const std::string& text : texts) globs.push_back({text, false});
  return globs;
}

bool AnyMatches(Globs& globs, const std::string& dotted) {
  bool any = false;
  for (Glob& glob : globs) any = glob.Matches(dotted) || any;
  return any;
}

absl::Status RefuseUnused(const Globs& globs) {
  for (const Glob& glob : globs) {
    if (!glob.used) {
      return absl::InvalidArgumentError(absl::StrCat(
          "table pattern \"", Printable(glob.pattern), "\" matches no table"));
    }
  }
  return absl::OkStatus();
}

class Scoper {
 public:
  explicit Scoper(const Schema& schema, const v1::Scope& scope)
      : schema_(schema),
        tables_(GlobsOf(scope.tables())),
        excluded_(GlobsOf(scope.exclude_tables())) {}

  absl::Status ReadIgnore(const v1::Scope& scope) {
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

  absl::Status ChooseLeftOut() {
    for (const Object& object : schema_.objects()) {
      if (LeavesOut(object)) out_.insert(object.key);
    }
    RETURN_IF_ERROR(RefuseUnused(tables_));
    RETURN_IF_ERROR(RefuseUnused(excluded_));
    // Whatever depends on what is left out is left out, and so on.
    bool grown = !out_.empty();
    while (grown) {
      grown = false;
      for (const Object& object : schema_.objects()) {
        if (out_.contains(object.key) || !NeedsLeftOut(object)) continue;
        out_.insert(object.key);
        grown = true;
      }
    }
    return absl::OkStatus();
  }

  bool IsOut(const ObjectKey& key) const { return out_.contains(key); }

 private:
  bool LeavesOut(const Object& object) {
    const std::string dotted = object.path().Dotted();
    for (const auto& pattern : ignore_) {
      if (RE2::PartialMatch(dotted, *pattern)) return true;
    }
    const Kind& kind = KindOf(object.kind());
    if (!kind.may_be_parent || !kind.holds_data) return false;
    const bool excluded = AnyMatches(excluded_, dotted);
    const bool named = tables_.empty() || AnyMatches(tables_, dotted);
    return excluded || !named;
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
  Globs tables_;
  Globs excluded_;
  std::vector<std::unique_ptr<RE2>> ignore_;
  absl::flat_hash_set<ObjectKey> out_;
};

// Source table path → target table path.
using Renames = std::map<Path, Path>;

absl::StatusOr<Renames> ReadRenames(const Schema& schema,
                                    const v1::Scope& scope) {
  Renames renames;
  for (const std::string& text : scope.renames()) {
    const size_t equals = text.find('=');
    const Object* found = nullptr;
    for (const Object& object : schema.objects()) {
      const Kind& kind = KindOf(object.kind());
      if (kind.may_be_parent && kind.holds_data &&
          object.path().Dotted() == text.substr(0, equals)) {
        found = &object;
      }
    }
    if (equals == std::string::npos || found == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat(
          "rename \"", Printable(text),
          "\" names no table of the source; write SOURCE=TARGET with dotted "
          "paths"));
    }
    // The target's last component is what the text says after its own dots.
    const std::string wanted = text.substr(equals + 1);
    const Path above = found->path().Parent();
    const std::string prefix = above.empty() ? "" : above.Dotted() + ".";
    if (!prefix.empty() && wanted.rfind(prefix, 0) != 0) {
      return absl::InvalidArgumentError(absl::StrCat(
          "rename \"", Printable(text), "\" leaves the schema ",
          Printable(above.Dotted()), "; a table keeps its schema"));
    }
    renames[found->path()] = above.Child(wanted.substr(prefix.size()));
  }
  return renames;
}

Path Renamed(const Path& path, const Renames& renames) {
  for (Path at = path; !at.empty(); at = at.Parent()) {
    const auto found = renames.find(at);
    if (found == renames.end()) continue;
    Path renamed = found->second;
    const std::vector<std::string> components = path.components();
    for (int i = at.size(); i < path.size(); ++i) {
      renamed = renamed.Child(components[static_cast<size_t>(i)]);
    }
    return renamed;
  }
  return path;
}

}  // namespace

absl::StatusOr<Schema> ApplyScope(const Schema& schema,
                                  const v1::Scope& scope) {
  Scoper scoper(schema, scope);
  RETURN_IF_ERROR(scoper.ReadIgnore(scope));
  RETURN_IF_ERROR(scoper.ChooseLeftOut());
  ASSIGN_OR_RETURN(const Renames renames, ReadRenames(schema, scope));
  std::vector<Object> objects;
  for (const Object& object : schema.objects()) {
    if (scoper.IsOut(object.key)) continue;
    objects.push_back(object);
    if (renames.empty()) continue;
    objects.back().key.path = Renamed(object.path(), renames);
    for (Dependency& dependency : objects.back().depends_on) {
      dependency.on.path = Renamed(dependency.on.path, renames);
    }
  }
  return Schema::Make(schema.info(), std::move(objects));
}

absl::StatusOr<Expected> ExpectedSchema(const Schema& source,
                                        const Schema& target,
                                        const KeepOptions& options) {
  absl::flat_hash_set<ObjectKey> kept;
  std::vector<const Object*> open;
  const auto keep = [&](const Object& object) {
    if (source.Find(object.key) != nullptr && object.kind() != v1::OPAQUE) {
      return;
    }
    if (kept.insert(object.key).second) open.push_back(&object);
  };
  for (const Object& object : target.objects()) {
    const Kind& kind = KindOf(object.kind());
    const bool table = kind.may_be_parent && kind.holds_data;
    if (object.kind() == v1::OPAQUE || (table && !options.drop_tables)) {
      keep(object);
    }
  }
  Expected expected;
  for (const Object* object : open) {
    expected.kept.push_back(object->path().Dotted());
  }
  std::sort(expected.kept.begin(), expected.kept.end());
  // Children, and what all of these need.
  for (const Object& object : target.objects()) {
    const Object* parent = target.ParentOf(object.key);
    if (parent != nullptr && kept.contains(parent->key)) keep(object);
  }
  while (!open.empty()) {
    const Object* object = open.back();
    open.pop_back();
    for (const Dependency& dependency : object->depends_on) {
      if (dependency.soft) continue;
      if (const Object* needed = target.Find(dependency.on)) keep(*needed);
    }
  }
  std::vector<Object> objects;
  for (const Object& object : source.objects()) {
    if (object.kind() != v1::OPAQUE) objects.push_back(object);
  }
  for (const Object& object : target.objects()) {
    if (kept.contains(object.key)) objects.push_back(object);
  }
  SchemaInfo info = target.info();
  ASSIGN_OR_RETURN(expected.schema,
                   Schema::Make(std::move(info), std::move(objects)));
  return expected;
}

}  // namespace fleet
