#ifndef LIB_SCHEMA_KIND_SPEC_H_
#define LIB_SCHEMA_KIND_SPEC_H_

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "lib/schema/object.h"
#include "lib/schema/schema.h"
#include "proto/schema.pb.h"

// What an engine declares about comparing a kind: data, read by diff, order,
// risk and fingerprint. An engine's `specs()` is an array of KindSpec indexed
// by ObjectKind (a kind without handler has attributes empty and kind
// KIND_UNSPECIFIED and is treated as opaque).

namespace fleet {

// How two values of an attribute are compared.
enum class Compare {
  kExact,
  kIgnoreCase,  // ASCII letters
  kIgnore,      // noted, never compared, not in the fingerprint
};

// What a difference asks for. Ordered: the strongest of an object's changed
// attributes decides.
enum class OnChange {
  kIgnore,
  kAlter,          // ALTER in place; dependents stay
  kAlterDetached,  // ALTER, with hard dependents dropped before and re-created
                   // after
  kRebuild,        // the parent table (or itself) is rebuilt with its rows kept
  kRecreate,       // drop and create; dependents and children follow
  kRefuse,  // cannot be done without losing data: an error naming the object
};

struct AttributeSpec {
  absl::string_view name;
  Compare compare = Compare::kExact;
  OnChange on_change = OnChange::kAlter;
  int risk = 10;  // 0–100, of changing it
};

struct KindSpec {
  v1::ObjectKind kind = v1::KIND_UNSPECIFIED;
  absl::Span<const AttributeSpec> attributes;

  // The parent's CREATE writes this object too (columns, primary keys); its
  // dependencies become the parent's.
  bool absorbed_by_parent_create = false;
  // Disappears with its parent without a statement of its own.
  bool dropped_with_parent = false;
  // The object's definition is nothing but text that can be made again (views,
  // functions, indexes …): it may be re-created to carry another change. False
  // for what holds data.
  bool recreatable = true;
  // The server itself carries it through an ALTER of what it depends on
  // (PostgreSQL's indexes and keys under a column's type change): it stays in
  // place when that is altered detached.
  bool follows_alter = false;
  // This kind can be rebuilt with its rows kept (SQLite tables).
  bool rebuildable = false;

  // Not 0: the server takes it as a clause of an ALTER of the table, together
  // with others of the same number; they are kept next to each other where the
  // order leaves it open. One number for creating, one for dropping and
  // altering.
  int create_batch = 0;
  int change_batch = 0;

  // In-place CREATE/DROP below an existing parent that is not possible asks for
  // a rebuild of the parent. nullptr: always possible.
  bool (*create_in_place)(const Object& object, const Schema& to) = nullptr;
  bool (*drop_in_place)(const Object& object, const Schema& from) = nullptr;

  // Overrides the strongest OnChange of the changed attributes where values
  // decide (varchar widened → kAlter, enum label removed → kRefuse).
  // `changed` is sorted; `asked` is what the rows say. Never kIgnore: the
  // fingerprint has changed. nullptr: the rows decide.
  OnChange (*on_change)(const Object& from, const Object& to,
                        absl::Span<const absl::string_view> changed,
                        OnChange asked) = nullptr;

  // A few words about an object for people ("jsonb NOT NULL"); nullptr: none.
  std::string (*summary)(const Object& object) = nullptr;

  int create_risk = 5;
  int drop_risk = 40;
};

// Specs of all kinds of one engine, indexed by ObjectKind.
using KindSpecs = absl::Span<const KindSpec>;

}  // namespace fleet

#endif  // LIB_SCHEMA_KIND_SPEC_H_
