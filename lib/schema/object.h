#ifndef LIB_SCHEMA_OBJECT_H_
#define LIB_SCHEMA_OBJECT_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "lib/schema/path.h"
#include "lib/schema/shared_text.h"
#include "proto/schema.pb.h"

// The in-memory form of v1::Object: one for tables, columns, keys and functions
// alike. It is small (a schema of 10,000 tables has 200,000 of them), and its
// attributes are one sorted byte string, so that equality is one comparison.
//
//   Object column(v1::COLUMN, Path{"public", "users", "email"});
//   column.Set("type", "text");
//   column.Set("default", "");              // empty = absent: not stored
//   column.DependsOn(v1::ENUM, Path{"public", "state"});
//
// Value types; thread-compatible.

namespace fleet {

struct ObjectKey {
  v1::ObjectKind kind = v1::KIND_UNSPECIFIED;
  Path path;

  friend bool operator==(const ObjectKey& a, const ObjectKey& b) {
    return a.kind == b.kind && a.path == b.path;
  }
  friend bool operator<(const ObjectKey& a, const ObjectKey& b) {
    return a.kind != b.kind ? a.kind < b.kind : a.path < b.path;
  }
  template <typename H>
  friend H AbslHashValue(H h, const ObjectKey& key) {
    return H::combine(std::move(h), static_cast<int>(key.kind), key.path);
  }
};

// "table public.users", for messages. Printable.
std::string Describe(const ObjectKey& key);

struct Dependency {
  ObjectKey on;
  bool soft = false;  // see v1::Dependency

  friend bool operator==(const Dependency& a, const Dependency& b) {
    return a.soft == b.soft && a.on == b.on;
  }
  friend bool operator<(const Dependency& a, const Dependency& b) {
    return a.on == b.on ? a.soft < b.soft : a.on < b.on;
  }
};

// Sorted (name, value) pairs in one string. An absent attribute and an empty
// value are the same thing.
class Attributes {
 public:
  // Views are valid until the next Set.
  absl::string_view Get(absl::string_view name) const;  // "" when absent
  bool Has(absl::string_view name) const { return !Get(name).empty(); }
  void Set(absl::string_view name, absl::string_view value);  // "" removes
  bool empty() const { return bytes_.empty(); }

  // Calls visit(name, value) in order of name.
  template <typename Visit>
  void ForEach(Visit visit) const {
    absl::string_view rest = bytes();
    while (!rest.empty()) {
      const auto [name, value] = Pop(rest);
      visit(name, value);
    }
  }

  // The canonical bytes: what fingerprints hash.
  absl::string_view bytes() const { return bytes_.view(); }

  friend bool operator==(const Attributes& a, const Attributes& b) {
    return a.bytes_ == b.bytes_;
  }

 private:
  static std::pair<absl::string_view, absl::string_view> Pop(
      absl::string_view& rest);

  SharedText bytes_;
};

struct Object {
  Object() = default;
  Object(v1::ObjectKind kind, Path path) : key{kind, std::move(path)} {}

  absl::string_view Get(absl::string_view name) const {
    return attributes.Get(name);
  }
  bool Has(absl::string_view name) const { return attributes.Has(name); }
  void Set(absl::string_view name, absl::string_view value) {
    attributes.Set(name, value);
  }
  // Appends; Schema sorts and removes repetitions.
  void DependsOn(v1::ObjectKind kind, Path path, bool soft = false) {
    depends_on.push_back({{kind, std::move(path)}, soft});
  }
  const Path& path() const { return key.path; }
  v1::ObjectKind kind() const { return key.kind; }
  absl::string_view name() const { return key.path.last(); }

  ObjectKey key;
  Attributes attributes;
  std::vector<Dependency> depends_on;
};

v1::Object ToProto(const Object& object);
// InvalidArgument: no kind, empty path, a NUL in a name.
absl::StatusOr<Object> FromProto(const v1::Object& proto);

}  // namespace fleet

#endif  // LIB_SCHEMA_OBJECT_H_
