#include "lib/schema/kind.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace fleet {
namespace {

// Rank: what others are made of comes first.
constexpr Kind kKinds[] = {
    // kind, name, rank, has_parent, may_be_parent, holds_data, opaque
    {v1::KIND_UNSPECIFIED, "object", 0, false, false, false},
    {v1::SCHEMA, "schema", 10, false, false, false},
    {v1::EXTENSION, "extension", 20, false, false, false},
    {v1::ENUM, "enum", 30, false, false, false},
    {v1::DOMAIN, "domain", 40, false, false, false},
    {v1::COMPOSITE, "type", 35, false, false, false},
    {v1::RANGE, "range type", 45, false, false, false},
    {v1::SEQUENCE, "sequence", 50, false, false, false},
    {v1::SEQUENCE_OWNER, "sequence owner", 120, false, false, false},
    {v1::TABLE, "table", 70, false, true, true},
    {v1::COLUMN, "column", 80, true, false, true},
    {v1::PRIMARY_KEY, "primary key", 90, true, false, false},
    {v1::UNIQUE_KEY, "unique key", 92, true, false, false},
    {v1::CHECK, "check", 94, true, false, false},
    {v1::EXCLUSION, "exclusion constraint", 96, true, false, false},
    {v1::FOREIGN_KEY, "foreign key", 110, true, false, false},
    {v1::INDEX, "index", 100, true, false, false},
    {v1::VIEW, "view", 130, false, true, false},
    {v1::MATERIALIZED_VIEW, "materialized view", 140, false, true, false},
    {v1::FUNCTION, "function", 60, false, false, false},
    {v1::PROCEDURE, "procedure", 62, false, false, false},
    {v1::TRIGGER, "trigger", 150, true, false, false},
    {v1::OPAQUE, "object", 160, false, false, true, true},
};

constexpr bool IsComplete() {
  for (int kind = 0; kind <= v1::ObjectKind_MAX; ++kind) {
    if (kKinds[kind].kind != kind) return false;
  }
  return sizeof(kKinds) / sizeof(kKinds[0]) == v1::ObjectKind_MAX + 1;
}
static_assert(IsComplete(), "one row per ObjectKind, in its order");

}  // namespace

const Kind& KindOf(v1::ObjectKind kind) {
  return kKinds[v1::ObjectKind_IsValid(kind) ? kind : 0];
}

std::string CountOf(v1::ObjectKind kind, size_t count) {
  const absl::string_view name = KindOf(kind).name;
  const absl::string_view ending = count == 1                  ? ""
                                   : absl::EndsWith(name, "x") ? "es"
                                                               : "s";
  return absl::StrCat(count, " ", name, ending);
}

}  // namespace fleet
