#include "lib/schema/leave_out.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "lib/schema/kind.h"

namespace fleet {
namespace {

constexpr absl::string_view kPayload = "fleetctl/refused-object";

// Which objects come from where.
class Remainders {
 public:
  Remainders(const Schema& from, const Schema& to,
             const std::set<ObjectKey>& keys)
      : from_(from), to_(to), left_(keys.begin(), keys.end()) {}

  void Settle() {
    bool grown = true;
    while (grown) {
      grown = LeaveWhatLacks();
      grown = KeepWhatIsNeeded() || grown;
    }
  }

  bool IsLeft(const ObjectKey& key) const { return left_.contains(key); }
  // Of `from`: stays, because it is left as it is or needed by what is.
  bool IsKept(const ObjectKey& key) const {
    return left_.contains(key) || kept_.contains(key);
  }

 private:
  // Not there afterwards: neither the new one nor an old one.
  bool IsMissing(const ObjectKey& key) const {
    return left_.contains(key) && from_.Find(key) == nullptr;
  }

  bool LacksSomething(const Object& object) const {
    const Object* parent = to_.ParentOf(object.key);
    if (parent != nullptr && IsMissing(parent->key)) return true;
    return std::any_of(object.depends_on.begin(), object.depends_on.end(),
                       [&](const Dependency& dependency) {
                         return !dependency.soft && IsMissing(dependency.on);
                       });
  }

  bool LeaveWhatLacks() {
    bool grown = false;
    for (const Object& object : to_.objects()) {
      if (left_.contains(object.key) || !LacksSomething(object)) continue;
      left_.insert(object.key);
      grown = true;
    }
    return grown;
  }

  bool Keep(const ObjectKey& key) {
    const bool there = !left_.contains(key) && to_.Find(key) != nullptr;
    if (there || from_.Find(key) == nullptr) return false;
    return !left_.contains(key) && kept_.insert(key).second;
  }

  // Owners and privileges go with what they are of.
  bool NeedsKept(const Object& object) const {
    return std::any_of(
        object.depends_on.begin(), object.depends_on.end(),
        [&](const Dependency& dependency) { return IsKept(dependency.on); });
  }

  bool KeepWhatIsNeeded() {
    bool grown = false;
    for (const Object& object : from_.objects()) {
      const Object* parent = from_.ParentOf(object.key);
      // With a table that is not dropped, all that is in it.
      if (parent != nullptr && IsKept(parent->key) &&
          to_.Find(parent->key) == nullptr) {
        grown = Keep(object.key) || grown;
      }
      if (!KindOf(object.kind()).aspect.empty() && NeedsKept(object)) {
        grown = Keep(object.key) || grown;
      }
      if (!IsKept(object.key)) continue;
      if (parent != nullptr) grown = Keep(parent->key) || grown;
      for (const Dependency& dependency : object.depends_on) {
        if (!dependency.soft) grown = Keep(dependency.on) || grown;
      }
    }
    return grown;
  }

  const Schema& from_;
  const Schema& to_;
  absl::flat_hash_set<ObjectKey> left_;
  absl::flat_hash_set<ObjectKey> kept_;
};

}  // namespace

absl::Status RefusalOf(const ObjectKey& key, absl::Status status) {
  if (status.ok() || status.GetPayload(kPayload)) return status;
  status.SetPayload(kPayload,
                    absl::Cord(absl::StrCat(static_cast<int>(key.kind), " ",
                                            std::string(key.path.bytes()))));
  return status;
}

std::optional<ObjectKey> RefusedObject(const absl::Status& status) {
  const auto payload = status.GetPayload(kPayload);
  if (!payload) return std::nullopt;
  const std::string text(*payload);
  const size_t space = text.find(' ');
  int kind = 0;
  if (space == text.npos || !absl::SimpleAtoi(text.substr(0, space), &kind)) {
    return std::nullopt;
  }
  // Each component ends in NUL.
  std::vector<std::string> components =
      absl::StrSplit(text.substr(space + 1), '\0');
  components.pop_back();
  return ObjectKey{static_cast<v1::ObjectKind>(kind), Path(components)};
}

std::vector<ObjectKey> DifferingOpaque(const Schema& from, const Schema& to,
                                       KindSpecs specs) {
  std::vector<ObjectKey> keys;
  const auto note = [&](const Schema& in, const Schema& other) {
    for (const Object& object : in.objects()) {
      const auto kind = static_cast<size_t>(object.kind());
      if (kind < specs.size() && specs[kind].kind != v1::KIND_UNSPECIFIED) {
        continue;
      }
      const Object* found = other.Find(object.key);
      if (found == nullptr || !(found->attributes == object.attributes)) {
        keys.push_back(object.key);
      }
    }
  };
  note(from, to);
  note(to, from);
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  return keys;
}

absl::StatusOr<Remainder> LeaveOut(const Schema& from, const Schema& to,
                                   const std::set<ObjectKey>& keys) {
  Remainders remainders(from, to, keys);
  remainders.Settle();
  Remainder remainder;
  std::vector<Object> objects;
  objects.reserve(to.objects().size());
  for (const Object& object : to.objects()) {
    if (!remainders.IsLeft(object.key)) {
      objects.push_back(object);
    } else if (keys.count(object.key) == 0) {
      remainder.also.push_back(object.key);
    }
  }
  for (const Object& object : from.objects()) {
    if (remainders.IsKept(object.key)) objects.push_back(object);
  }
  absl::StatusOr<Schema> schema = Schema::Make(to.info(), std::move(objects));
  if (!schema.ok()) return schema.status();
  remainder.schema = *std::move(schema);
  return remainder;
}

}  // namespace fleet
