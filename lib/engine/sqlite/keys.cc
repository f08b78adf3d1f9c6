#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "lib/engine/sqlite/kinds.h"
#include "lib/engine/sqlite/quoting.h"
#include "lib/engine/sqlite/table_text.h"

// Primary keys, unique keys, checks and foreign keys: SQLite has them inside
// CREATE TABLE only, so a change of one that is not part of a new column
// rebuilds the table.

namespace fleet::sqlite {
namespace {

// Whether a constraint stands in the column or behind the columns is part of
// the text that SQLite keeps, so it counts as well.
constexpr AttributeSpec kAttributes[] = {
    {"autoincrement", Compare::kExact, OnChange::kRebuild, 30},
    {"constraint", Compare::kIgnoreCase, OnChange::kRebuild, 10},
    {"definition", Compare::kExact, OnChange::kRebuild, 35},
    {"inline", Compare::kExact, OnChange::kRebuild, 10},
    {"position", Compare::kIgnore, OnChange::kIgnore, 0},
    {"spelling", Compare::kIgnore, OnChange::kIgnore, 0},
    {"unknown_function", Compare::kIgnore, OnChange::kIgnore, 0},
};

// An inline one comes and goes with its column; if the column stays, its
// attribute "constraints" has asked for the rebuild already.
bool IsInline(const Object& object, const Schema&) {
  return object.Has("inline");
}

void NothingToWrite(const Object&, Renderer&) {}

// Named after what it says, never after its place among others.
std::string NameOf(const ConstraintCut& constraint, absl::string_view text) {
  if (!constraint.name.empty()) return FoldName(constraint.name);
  const std::string columns = absl::StrJoin(constraint.columns, ", ");
  switch (constraint.kind) {
    case v1::PRIMARY_KEY:
      return "primary key";
    case v1::UNIQUE_KEY:
      return absl::StrCat("unique (", columns, ")");
    case v1::FOREIGN_KEY:
      return absl::StrCat("foreign key (", columns, ") references ",
                          constraint.references);
    default:
      return FoldName(text.substr(0, text.find('('))) +
             std::string(text.substr(std::min(text.find('('), text.size())));
  }
}

KindHandler ConstraintHandler(v1::ObjectKind kind, int create_risk) {
  KindHandler handler;
  handler.spec.kind = kind;
  handler.spec.attributes = kAttributes;
  handler.spec.absorbed_by_parent_create = true;
  handler.spec.dropped_with_parent = true;
  handler.spec.create_in_place = IsInline;
  handler.spec.drop_in_place = IsInline;
  handler.spec.create_risk = create_risk;
  handler.spec.drop_risk = 30;
  handler.create = NothingToWrite;
  handler.drop = NothingToWrite;
  return handler;
}

}  // namespace

Object ReadConstraint(const ConstraintCut& constraint, const Path& table,
                      const KnownNames& columns, const KnownNames& functions) {
  const std::string canonical = Canonical(constraint.definition, columns);
  Object object(constraint.kind, table.Child(NameOf(constraint, canonical)));
  object.Set("definition", canonical);
  SetSpelling(Written(constraint.definition, columns), canonical, object);
  object.Set("constraint", constraint.name);
  object.Set("inline", constraint.column);
  if (constraint.kind == v1::CHECK) {
    object.Set("unknown_function",
               UnknownFunction(constraint.definition, functions));
  }
  if (constraint.autoincrement) object.Set("autoincrement", "yes");
  if (constraint.kind == v1::FOREIGN_KEY) {
    // SQLite does not mind a table that is not there; this only makes a plan
    // read in the usual order.
    object.DependsOn(v1::TABLE, Path{constraint.references}, /*soft=*/true);
  }
  return object;
}

KindHandler PrimaryKeyHandler() {
  return ConstraintHandler(v1::PRIMARY_KEY, 30);
}
KindHandler UniqueKeyHandler() { return ConstraintHandler(v1::UNIQUE_KEY, 30); }
KindHandler CheckHandler() { return ConstraintHandler(v1::CHECK, 25); }
KindHandler ForeignKeyHandler() {
  return ConstraintHandler(v1::FOREIGN_KEY, 25);
}

}  // namespace fleet::sqlite
