#ifndef LIB_SCHEMA_KIND_H_
#define LIB_SCHEMA_KIND_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"
#include "lib/schema/object.h"
#include "proto/schema.pb.h"

// The kind table: one row per ObjectKind. Algorithms read rows; they never name
// a kind. Adding a kind is one enum value and one row.

namespace fleet {

struct Kind {
  v1::ObjectKind kind;
  absl::string_view name;  // "foreign key", as people say it
  // Ties in ordering: creates ascending, drops descending.
  int rank;
  // Objects of this kind live below a parent: the path minus its last
  // component, of one of the kinds that may have children.
  bool has_parent;
  bool may_be_parent;
  // Dropping one loses rows or values (tables, columns, sequences' positions
  // do not count).
  bool holds_data;
  // Seen and fingerprinted, never created, altered or dropped.
  bool opaque = false;
  // The word by which a scope includes it; "": always there.
  absl::string_view included_by = "";
  // One is made of each object that has this attribute, and goes where that
  // goes; "": they are objects of their own.
  absl::string_view aspect = "";

  // Tables: what scopes name, and what is kept unless its loss is allowed.
  bool IsTable() const { return may_be_parent && holds_data; }
};

// A kind that this version does not know (a newer peer's) has the row of
// KIND_UNSPECIFIED.
const Kind& KindOf(v1::ObjectKind kind);

// True for what takes no part unless a scope includes it, and none does: it is
// neither compared nor part of a fingerprint.
bool IsLeftToScope(const Object& object);

// "1 index", "2 indexes", "15 primary keys".
std::string CountOf(v1::ObjectKind kind, size_t count);

}  // namespace fleet

#endif  // LIB_SCHEMA_KIND_H_
