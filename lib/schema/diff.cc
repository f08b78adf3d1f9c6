#include "lib/schema/diff.h"

#include <algorithm>
#include <map>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "lib/base/printable.h"
#include "lib/base/status.h"
#include "lib/schema/fingerprint.h"
#include "lib/schema/kind.h"
#include "lib/schema/leave_out.h"
#include "lib/schema/order.h"

namespace fleet {
namespace {

// What one pass over two schemas makes: differences by key, then whatever has
// to come along with them.
class Differ {
 public:
  // `recreate`: objects that are not to be altered in place.
  Differ(const Schema& from, const Schema& to, KindSpecs specs,
         const absl::flat_hash_set<ObjectKey>& recreate)
      : from_(from), to_(to), specs_(specs), recreate_(recreate) {}

  absl::StatusOr<std::vector<Difference>> Run() {
    RETURN_IF_ERROR(CompareAll());
    FoldIntoRebuilds();
    RETURN_IF_ERROR(CarryToDependents());
    std::vector<Difference> result;
    result.reserve(differences_.size());
    for (auto& [key, difference] : differences_) {
      result.push_back(std::move(difference));
    }
    return result;
  }

 private:
  const KindSpec& SpecOf(v1::ObjectKind kind) const {
    static const KindSpec* none = new KindSpec;
    const size_t index = static_cast<size_t>(kind);
    return index < specs_.size() ? specs_[index] : *none;
  }

  absl::Status CompareAll() {
    const absl::Span<const Object> a = from_.objects();
    const absl::Span<const Object> b = to_.objects();
    size_t i = 0;
    size_t j = 0;
    while (i < a.size() || j < b.size()) {
      if (j == b.size() || (i < a.size() && a[i].key < b[j].key)) {
        RETURN_IF_ERROR(OneSided(a[i++], v1::DROP));
      } else if (i == a.size() || b[j].key < a[i].key) {
        RETURN_IF_ERROR(OneSided(b[j++], v1::CREATE));
      } else {
        RETURN_IF_ERROR(BothSided(a[i++], b[j++]));
      }
    }
    return absl::OkStatus();
  }

  absl::Status RefuseOpaque(const ObjectKey& key) const {
    return RefusalOf(
        key,
        absl::FailedPreconditionError(absl::StrCat(
            Describe(key),
            " differs, but it is of a sort that is not understood yet and so "
            "is never changed; change it by hand, or leave it out of the "
            "scope")));
  }

  absl::Status OneSided(const Object& object, v1::ChangeOp op) {
    if (IsLeftToScope(object)) return absl::OkStatus();
    const KindSpec& spec = SpecOf(object.kind());
    if (spec.kind == v1::KIND_UNSPECIFIED) return RefuseOpaque(object.key);
    Difference difference;
    difference.op = op;
    (op == v1::DROP ? difference.from : difference.to) = &object;
    const bool in_place =
        op == v1::DROP
            ? spec.drop_in_place == nullptr || spec.drop_in_place(object, from_)
            : spec.create_in_place == nullptr ||
                  spec.create_in_place(object, to_);
    if (!in_place) AskForRebuild(object.key);
    differences_.emplace(object.key, std::move(difference));
    return absl::OkStatus();
  }

  absl::Status BothSided(const Object& from, const Object& to) {
    if (from.attributes == to.attributes) return absl::OkStatus();
    if (IsLeftToScope(from)) return absl::OkStatus();
    const KindSpec& spec = SpecOf(from.kind());
    Difference difference;
    difference.from = &from;
    difference.to = &to;
    OnChange asked = OnChange::kIgnore;
    difference.changed = ChangedAttributes(from, to, spec, &asked);
    if (difference.changed.empty()) return absl::OkStatus();
    if (spec.kind == v1::KIND_UNSPECIFIED) return RefuseOpaque(from.key);
    if (spec.on_change != nullptr) {
      asked = spec.on_change(from, to, difference.changed, asked);
    }
    if (recreate_.contains(from.key)) asked = OnChange::kRecreate;
    switch (asked) {
      case OnChange::kIgnore:
        return absl::OkStatus();
      case OnChange::kAlter:
        difference.op = v1::ALTER;
        break;
      case OnChange::kAlterDetached:
        difference.op = v1::ALTER;
        difference.detached = true;
        break;
      case OnChange::kRebuild:
        difference.op = v1::ALTER;
        AskForRebuild(from.key);
        break;
      case OnChange::kRecreate:
        if (!spec.recreatable) return Refuse(difference);
        difference.op = v1::RECREATE;
        break;
      case OnChange::kRefuse:
        return Refuse(difference);
    }
    differences_.emplace(from.key, std::move(difference));
    return absl::OkStatus();
  }

  static absl::Status Refuse(const Difference& difference) {
    std::string what;
    for (absl::string_view name : difference.changed) {
      absl::StrAppend(&what, what.empty() ? "" : ", ", name, " (have ",
                      Shown(difference.from->Get(name)), ", want ",
                      Shown(difference.to->Get(name)), ")");
    }
    const ObjectKey& key = difference.from->key;
    return RefusalOf(key, absl::FailedPreconditionError(absl::StrCat(
                              Describe(key), " cannot change its ", what,
                              " without losing data; change it by hand")));
  }
  static std::string Shown(absl::string_view value) {
    constexpr size_t kShownMax = 80;
    if (value.empty()) return "none";
    return Printable(value.substr(0, kShownMax));
  }

  // Names of the attributes that count and differ, sorted; views into the
  // schemas or the specs.
  std::vector<absl::string_view> ChangedAttributes(const Object& from,
                                                   const Object& to,
                                                   const KindSpec& spec,
                                                   OnChange* asked) const {
    const Attributes a = ComparedAttributes(from, spec);
    const Attributes b = ComparedAttributes(to, spec);
    std::vector<absl::string_view> changed;
    const auto note = [&](const Object& owner, absl::string_view name) {
      changed.push_back(StableName(owner, name));
      *asked = std::max(*asked, RowOf(spec, name));
    };
    a.ForEach([&](absl::string_view name, absl::string_view value) {
      if (b.Get(name) != value) note(from, name);
    });
    b.ForEach([&](absl::string_view name, absl::string_view) {
      if (!a.Has(name)) note(to, name);
    });
    std::sort(changed.begin(), changed.end());
    return changed;
  }

  // `name` may point into a temporary; the same bytes live in the object.
  static absl::string_view StableName(const Object& owner,
                                      absl::string_view name) {
    absl::string_view stable;
    owner.attributes.ForEach([&](absl::string_view own, absl::string_view) {
      if (own == name) stable = own;
    });
    return stable;
  }

  static OnChange RowOf(const KindSpec& spec, absl::string_view name) {
    for (const AttributeSpec& row : spec.attributes) {
      if (row.name == name) return row.on_change;
    }
    return spec.recreatable ? OnChange::kRecreate : OnChange::kRefuse;
  }

  // The object itself where its kind can be rebuilt, else its parent; nothing
  // when that is created or dropped anyway.
  void AskForRebuild(const ObjectKey& key) {
    const Object* from = from_.Find(key);
    const Object* to = to_.Find(key);
    if (!SpecOf(key.kind).rebuildable) {
      from = from_.ParentOf(key);
      to = to_.ParentOf(key);
    }
    if (from != nullptr && to != nullptr && from->key == to->key) {
      rebuilds_.insert(from->key);
    }
  }

  void FoldIntoRebuilds() {
    for (const ObjectKey& key : rebuilds_) {
      Difference& rebuild = differences_[key];
      rebuild.op = v1::REBUILD;
      rebuild.from = from_.Find(key);
      rebuild.to = to_.Find(key);
      rebuild.detached = false;
    }
    if (rebuilds_.empty()) return;
    for (auto& [key, difference] : differences_) {
      if (!SpecOf(key.kind).absorbed_by_parent_create) continue;
      const Object* parent =
          difference.from ? from_.ParentOf(key) : to_.ParentOf(key);
      difference.folded = parent != nullptr && rebuilds_.contains(parent->key);
    }
  }

  // --- what comes along

  // Everything whose going away (or change) its dependents feel, and whether
  // they must go only because a server refuses to alter under them.
  void Affect(const ObjectKey& key, const ObjectKey& because, bool alter_only) {
    const auto [found, inserted] =
        affected_.emplace(key, Affected{because, alter_only});
    if (!inserted && !alter_only) found->second.alter_only = false;
    if (!alter_only) freed_.insert(key.path);
  }

  void AffectWithChildren(const Difference& difference) {
    const ObjectKey& key = difference.key();
    const ObjectKey& because =
        difference.because.path.empty() ? key : difference.because;
    Affect(key, because, difference.op == v1::ALTER);
    if (difference.op == v1::ALTER || !KindOf(key.kind).may_be_parent) return;
    ForEachChild(from_, key.path, [&](const Object& child) {
      Affect(child.key, because, false);
    });
  }

  template <typename Visit>
  static void ForEachChild(const Schema& schema, const Path& path,
                           Visit visit) {
    for (int kind = 1; kind <= v1::ObjectKind_MAX; ++kind) {
      const auto child_kind = static_cast<v1::ObjectKind>(kind);
      if (!KindOf(child_kind).has_parent) continue;
      for (const Object& child : schema.ChildrenOf(path, child_kind)) {
        visit(child);
      }
    }
  }

  absl::Status CarryToDependents() {
    for (const auto& [key, difference] : differences_) {
      const bool goes = difference.op == v1::DROP ||
                        difference.op == v1::RECREATE ||
                        difference.op == v1::REBUILD || difference.detached;
      // A folded child goes with the rebuild of its parent, which tells.
      if (goes && !difference.folded) AffectWithChildren(difference);
    }
    for (const Difference& parent : Recreated()) {
      RETURN_IF_ERROR(RecreateChildren(parent));
    }
    // Chains of dependents are short: one scan of all edges per link.
    bool grown = !affected_.empty();
    while (grown) {
      grown = false;
      for (const Object& object : from_.objects()) {
        if (object.depends_on.empty()) continue;
        ASSIGN_OR_RETURN(const bool carried, MaybeCarry(object));
        grown = grown || carried;
      }
    }
    return absl::OkStatus();
  }

  // Copies: re-creating children adds differences.
  std::vector<Difference> Recreated() const {
    std::vector<Difference> recreated;
    for (const auto& [key, difference] : differences_) {
      if (difference.op == v1::RECREATE || difference.op == v1::REBUILD) {
        recreated.push_back(difference);
      }
    }
    return recreated;
  }

  // True when `object` had to be marked for re-creation just now.
  absl::StatusOr<bool> MaybeCarry(const Object& object) {
    for (const Dependency& dependency : object.depends_on) {
      if (dependency.soft) continue;
      const auto found = affected_.find(dependency.on);
      if (found == affected_.end()) continue;
      const Affected cause = found->second;
      const KindSpec& spec = SpecOf(object.kind());
      if (cause.alter_only && (spec.follows_alter || !spec.recreatable)) {
        continue;
      }
      // Written inside its table's CREATE: it follows the name, not the object.
      if (spec.absorbed_by_parent_create && rebuilds_.contains(cause.because)) {
        continue;
      }
      // Or comes along with its table's own rebuild, which needs no more of it.
      if (spec.absorbed_by_parent_create && IsRebuiltWithParent(object)) {
        if (!RebuildStillNeedsAffected(object)) continue;
        return CannotCarry(object.key, cause.because);
      }
      ASSIGN_OR_RETURN(const bool carried,
                       Recreate(object, cause.because, cause.alter_only));
      if (carried) return true;
    }
    return false;
  }

  absl::StatusOr<bool> Recreate(const Object& object, const ObjectKey& because,
                                bool alter_only) {
    const Object* to = to_.Find(object.key);
    if (to == nullptr) return false;  // dropped anyway
    const auto existing = differences_.find(object.key);
    if (existing != differences_.end()) {
      Difference& difference = existing->second;
      if (difference.op != v1::ALTER || difference.folded) return false;
      // Altered so that it no longer needs what goes; under an ALTER, or when
      // it still needs it, it has to be away meanwhile.
      if (!alter_only && !StillNeedsAffected(*to)) return false;
    }
    const KindSpec& spec = SpecOf(object.kind());
    if (spec.kind == v1::KIND_UNSPECIFIED || !spec.recreatable) {
      return CannotCarry(object.key, because);
    }
    Difference& difference = differences_[object.key];
    difference.op = v1::RECREATE;
    difference.from = &object;
    difference.to = to;
    difference.because = because;
    AffectWithChildren(difference);
    RETURN_IF_ERROR(RecreateChildren(difference));
    return true;
  }

  static absl::Status CannotCarry(const ObjectKey& dependent,
                                  const ObjectKey& because) {
    return RefusalOf(
        because,
        absl::FailedPreconditionError(absl::StrCat(
            Describe(because), " cannot change while ", Describe(dependent),
            " depends on it, and that cannot be re-created without losing "
            "data; change them by hand")));
  }

  // Before and after: no time is left in which what it needs can go.
  bool RebuildStillNeedsAffected(const Object& child) const {
    bool needs = false;
    ForEachChild(to_, child.path().Parent(), [&](const Object& sibling) {
      needs = needs || (SpecOf(sibling.kind()).absorbed_by_parent_create &&
                        StillNeedsAffected(sibling));
    });
    return needs;
  }

  bool IsRebuiltWithParent(const Object& object) const {
    const Object* parent = from_.ParentOf(object.key);
    return parent != nullptr && rebuilds_.contains(parent->key);
  }

  bool StillNeedsAffected(const Object& to) const {
    for (const Dependency& dependency : to.depends_on) {
      if (dependency.soft) continue;
      const auto found = affected_.find(dependency.on);
      if (found != affected_.end() && !found->second.alter_only) return true;
      // Something else takes the name of what goes: the two cannot meet in one
      // ALTER.
      if (freed_.contains(dependency.on.path)) return true;
    }
    return false;
  }

  // What lives below a re-created object is created again with it; a rebuilt
  // table carries what its CREATE does not absorb.
  absl::Status RecreateChildren(const Difference& parent) {
    if (!KindOf(parent.key().kind).may_be_parent) return absl::OkStatus();
    std::vector<const Object*> children;
    ForEachChild(from_, parent.key().path,
                 [&](const Object& child) { children.push_back(&child); });
    for (const Object* child : children) {
      const bool absorbed = SpecOf(child->kind()).absorbed_by_parent_create;
      if (parent.op == v1::REBUILD && absorbed) continue;
      const Object* to = to_.Find(child->key);
      if (to == nullptr) continue;
      Difference& difference = differences_[child->key];
      if (difference.op == v1::RECREATE) continue;
      difference.op = v1::RECREATE;
      difference.from = child;
      difference.to = to;
      difference.detached = false;
      if (difference.changed.empty()) {
        difference.because =
            parent.because.path.empty() ? parent.key() : parent.because;
      }
    }
    return absl::OkStatus();
  }

  struct Affected {
    ObjectKey because;
    bool alter_only = false;  // it stays; it is altered under its dependents
  };

  const Schema& from_;
  const Schema& to_;
  const KindSpecs specs_;
  const absl::flat_hash_set<ObjectKey>& recreate_;
  std::map<ObjectKey, Difference> differences_;
  absl::flat_hash_set<ObjectKey> rebuilds_;
  absl::flat_hash_map<ObjectKey, Affected> affected_;
  absl::flat_hash_set<Path> freed_;  // of what is affected and goes away
};

// Only what is altered in place can stand on a cycle that re-creation breaks.
bool MayCycle(const std::vector<Difference>& differences, KindSpecs specs) {
  bool alters = false;
  bool others = false;
  for (const Difference& difference : differences) {
    const size_t kind = static_cast<size_t>(difference.key().kind);
    const bool alter = difference.op == v1::ALTER && specs[kind].recreatable;
    alters = alters || alter;
    others = others || !alter;
  }
  return alters && others;
}

}  // namespace

absl::StatusOr<std::vector<Difference>> Diff(const Schema& from,
                                             const Schema& to,
                                             KindSpecs specs) {
  absl::flat_hash_set<ObjectKey> recreate;
  while (true) {
    ASSIGN_OR_RETURN(std::vector<Difference> differences,
                     Differ(from, to, specs, recreate).Run());
    // An ALTER may have to come both before something goes and after something
    // else is there; dropped first and created last, it does.
    bool grown = false;
    if (MayCycle(differences, specs)) {
      for (const ObjectKey& key : FindCycle(from, to, differences, specs)) {
        const KindSpec& spec = specs[static_cast<size_t>(key.kind)];
        if (spec.recreatable && from.Find(key) && to.Find(key)) {
          grown = recreate.insert(key).second || grown;
        }
      }
    }
    if (!grown) return differences;
  }
}

}  // namespace fleet
