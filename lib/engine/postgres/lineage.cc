#include "lib/engine/postgres/lineage.h"

#include <algorithm>

#include "lib/engine/placement.h"
#include "lib/engine/postgres/ddl.h"

namespace fleet::postgres {
namespace {

constexpr v1::ObjectKind kMemberships[] = {v1::PARTITION, v1::INHERITANCE};

bool IsSteady(const Object& membership, const Renderer& renderer) {
  const Object* from = renderer.from().Find(membership.key);
  const Object* to = renderer.to().Find(membership.key);
  return from != nullptr && to != nullptr && from->attributes == to->attributes;
}

bool HasParts(const Schema& schema, const Path& table) {
  for (v1::ObjectKind kind : {v1::TABLE, v1::FOREIGN_TABLE}) {
    const Object* object = schema.Find(kind, table);
    if (object != nullptr && object->Has("has_parts")) return true;
  }
  return false;
}

// The partition `part` is one of `table` or of its parts.
bool IsBelow(const Object& part, const Path& table, const Schema& schema) {
  const Path parent = ParentTable(part);
  if (parent == table) return true;
  const absl::Span<const Object> up = schema.ChildrenOf(parent, v1::PARTITION);
  return !up.empty() && IsBelow(up.front(), table, schema);
}

}  // namespace

Path ParentTable(const Object& membership) {
  for (const Dependency& dependency : membership.depends_on) {
    if (dependency.on.kind == v1::TABLE ||
        dependency.on.kind == v1::FOREIGN_TABLE) {
      return dependency.on.path;
    }
  }
  return Path();
}

bool IsPartition(const Schema& schema, const Path& table) {
  return !schema.ChildrenOf(table, v1::PARTITION).empty();
}

bool IsPartitioned(const Schema& schema, const Path& table) {
  const Object* object = schema.Find(v1::TABLE, table);
  return object != nullptr && object->Has("partition_by");
}

bool IsOfFamily(const Schema& schema, const Path& table) {
  return IsPartitioned(schema, table) || HasParts(schema, table) ||
         !schema.ChildrenOf(table, v1::PARTITION).empty() ||
         !schema.ChildrenOf(table, v1::INHERITANCE).empty();
}

bool StaysPartition(const Renderer& renderer, const Path& table) {
  for (const Object& membership :
       renderer.to().ChildrenOf(table, v1::PARTITION)) {
    return IsSteady(membership, renderer);
  }
  return false;
}

bool IsSteadyTable(const Renderer& renderer, const Path& table) {
  const Schema& from = renderer.from();
  const Schema& to = renderer.to();
  const ObjectKey key{v1::TABLE, table};
  return from.Find(key) != nullptr && to.Find(key) != nullptr &&
         !renderer.placement().Disturbs(key) &&
         IsPartitioned(from, table) == IsPartitioned(to, table) &&
         IsPartition(from, table) == IsPartition(to, table) &&
         (!IsPartition(to, table) || StaysPartition(renderer, table));
}

bool HasSteadyParts(const Renderer& renderer, const Path& table) {
  const absl::Span<const Object> parts = renderer.to().OfKind(v1::PARTITION);
  return std::all_of(parts.begin(), parts.end(), [&](const Object& part) {
    return IsSteady(part, renderer) || !IsBelow(part, table, renderer.to());
  });
}

const Object* SteadyOrigin(const Object& object, const Schema& schema,
                           const Renderer& renderer) {
  if (!object.Has("inherited")) return nullptr;
  for (v1::ObjectKind kind : kMemberships) {
    for (const Object& membership :
         schema.ChildrenOf(object.path().Parent(), kind)) {
      if (!IsSteady(membership, renderer)) continue;
      const Object* origin = schema.Find(
          object.kind(), ParentTable(membership).Child(object.name()));
      if (origin != nullptr) return origin;
    }
  }
  return nullptr;
}

bool HasParts(const Renderer& renderer, const Path& table) {
  return HasParts(renderer.from(), table) || HasParts(renderer.to(), table);
}

Sql AlterColumnOnly(const Path& column, const Renderer& renderer) {
  if (!HasParts(renderer, column.Parent())) return AlterColumn(column);
  Sql sql = NewSql();
  sql << "ALTER TABLE ONLY " << Name(column, column.size() - 1)
      << " ALTER COLUMN " << Identifier{column.last()} << " ";
  return sql;
}

Sql AddConstraintOnly(const Path& constraint, const Renderer& renderer) {
  if (!IsPartitioned(renderer.to(), constraint.Parent())) {
    return AddConstraint(constraint);
  }
  Sql sql = NewSql();
  sql << "ALTER TABLE ONLY " << Name(constraint, constraint.size() - 1)
      << " ADD CONSTRAINT " << Identifier{constraint.last()} << " ";
  return sql;
}

absl::Status CheckInherited(const Difference& difference,
                            const Renderer& renderer) {
  const Object& to = *difference.to;
  if (!Changed(difference, "inherited") || to.Get("inherited") != "true" ||
      IsPartition(renderer.to(), to.path().Parent())) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(
      "it comes by inheritance alone in the source, but is declared in the "
      "table itself on the target, which cannot be taken back; declare it in "
      "the source's table, too");
}

bool SetInherited(bool inherited, bool local, Object& object) {
  if (inherited) object.Set("inherited", local ? "merged" : "true");
  return inherited;
}

}  // namespace fleet::postgres
