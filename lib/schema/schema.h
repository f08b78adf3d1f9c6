#ifndef LIB_SCHEMA_SCHEMA_H_
#define LIB_SCHEMA_SCHEMA_H_

#include <array>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "lib/schema/object.h"
#include "proto/schema.pb.h"

// A set of objects, sorted by key, with its look-ups. Immutable once made, so
// const access from many threads is safe; pointers to objects stay valid as
// long as the Schema is neither moved from nor destroyed.

namespace fleet {

struct SchemaInfo {
  v1::Engine engine = v1::ENGINE_UNSPECIFIED;
  std::string flavour;     // "postgresql", "sqlite"
  int server_version = 0;  // as v1::Schema
};

class Schema {
 public:
  Schema() = default;

  // Sorts objects and dependencies, drops repeated dependencies and those on
  // the own parent. InvalidArgument: two objects with one key, an object whose
  // kind needs a parent that is not there. Dependencies on objects that are not
  // in the schema (system types, other scopes) are dropped.
  static absl::StatusOr<Schema> Make(SchemaInfo info,
                                     std::vector<Object> objects);

  const SchemaInfo& info() const { return info_; }
  absl::Span<const Object> objects() const { return objects_; }
  bool empty() const { return objects_.empty(); }

  // nullptr when absent. O(log n).
  const Object* Find(const ObjectKey& key) const;
  const Object* Find(v1::ObjectKind kind, const Path& path) const {
    return Find(ObjectKey{kind, path});
  }

  // The objects of `kind` directly below `parent`, ordered by path.
  absl::Span<const Object> ChildrenOf(const Path& parent,
                                      v1::ObjectKind kind) const;
  // The object that this one lives below; nullptr for kinds without a parent
  // and where it is not there.
  const Object* ParentOf(const ObjectKey& key) const;
  // All objects of one kind.
  absl::Span<const Object> OfKind(v1::ObjectKind kind) const;

  friend bool operator==(const Schema& a, const Schema& b);

 private:
  void IndexKinds();
  absl::Status CheckParents() const;

  SchemaInfo info_;
  std::vector<Object> objects_;
  // kind_begin_[k]: index of the first object of kind k or higher.
  std::array<size_t, v1::ObjectKind_MAX + 2> kind_begin_{};
};

v1::Schema ToProto(const Schema& schema);
absl::StatusOr<Schema> FromProto(const v1::Schema& proto);

}  // namespace fleet

#endif  // LIB_SCHEMA_SCHEMA_H_
