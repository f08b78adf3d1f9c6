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
    {v1::FOREIGN_DATA_WRAPPER, "foreign-data wrapper", 64, false, false, false},
    {v1::SERVER, "server", 65, false, false, false},
    {v1::FOREIGN_TABLE, "foreign table", 72, false, true, false},
    {v1::PARTITION, "partition", 107, true, false, false},
    {v1::INHERITANCE, "inheritance", 107, true, false, false},
    {v1::INDEX_PARTITION, "index partition", 105, false, false, false},
    {v1::POLICY, "policy", 152, true, false, false},
    {v1::RULE, "rule", 145, true, false, false},
    {v1::STATISTICS, "statistics object", 108, false, false, false},
    {v1::EVENT_TRIGGER, "event trigger", 156, false, false, false},
    {v1::AGGREGATE, "aggregate", 63, false, false, false},
    {v1::OPERATOR, "operator", 66, false, false, false},
    {v1::OPERATOR_FAMILY, "operator family", 67, false, false, false},
    {v1::OPERATOR_CLASS, "operator class", 68, false, false, false},
    {v1::CAST, "cast", 69, false, false, false},
    {v1::COLLATION, "collation", 25, false, false, false},
    {v1::CONVERSION, "conversion", 61, false, false, false},
    {v1::TEXT_SEARCH_PARSER, "text search parser", 61, false, false, false},
    {v1::TEXT_SEARCH_TEMPLATE, "text search template", 61, false, false, false},
    {v1::TEXT_SEARCH_DICTIONARY, "text search dictionary", 62, false, false,
     false},
    {v1::TEXT_SEARCH_CONFIGURATION, "text search configuration", 63, false,
     false, false},
    {v1::PUBLICATION, "publication", 154, false, false, false},
    {v1::OWNER, "owner", 170, false, false, false, false, "owners", "owner"},
    {v1::PRIVILEGES, "privileges", 172, false, false, false, false,
     "privileges", "privileges"},
    {v1::DEFAULT_PRIVILEGES, "default privileges", 174, false, false, false,
     false, "privileges"},
    {v1::EVENT, "event", 155, false, false, false},
    {v1::PARTITIONING, "partitioning", 88, true, false, true},
    {v1::VIRTUAL_TABLE, "virtual table", 71, false, true, true},
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

bool IsLeftToScope(const Object& object) {
  const Kind& kind = KindOf(object.kind());
  return !kind.included_by.empty() && !object.Has("included");
}

std::string CountOf(v1::ObjectKind kind, size_t count) {
  const absl::string_view name = KindOf(kind).name;
  if (count == 1) return absl::StrCat(count, " ", name);
  if (absl::EndsWith(name, "y")) {
    return absl::StrCat(count, " ", name.substr(0, name.size() - 1), "ies");
  }
  if (absl::EndsWith(name, "x") || absl::EndsWith(name, "ss")) {
    return absl::StrCat(count, " ", name, "es");
  }
  return absl::StrCat(count, " ", name, absl::EndsWith(name, "s") ? "" : "s");
}

}  // namespace fleet
