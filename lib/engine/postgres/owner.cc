#include "absl/strings/str_cat.h"
#include "lib/engine/postgres/access.h"
#include "lib/engine/postgres/rare_kinds.h"

// Owners, where a scope includes them: made of the attribute of each object
// that has one.

namespace fleet::postgres {
namespace {

constexpr AttributeSpec kAttributes[] = {
    {"included", Compare::kIgnore, OnChange::kIgnore, 0},
    {"owner", Compare::kExact, OnChange::kAlter, 50},
};

void Write(const Object& owner, Renderer& renderer) {
  const Object* object = FindAccessed(owner.path(), renderer.to());
  if (object == nullptr) return;
  // A column's sequence is its table's owner's.
  if (renderer.to().Find(v1::SEQUENCE_OWNER, object->path()) != nullptr) return;
  Sql sql = NewSql();
  sql << "ALTER " << AlterableName(*object, *FindAccessClass(object->kind()))
      << " OWNER TO " << Identifier{owner.Get("owner")};
  AddHazard(renderer.Add(sql, kAccessExclusive), v1::AUTHZ_UPDATE,
            absl::StrCat("this changes the owner of ", Describe(object->key)));
}

void Create(const Object& owner, Renderer& renderer) { Write(owner, renderer); }

// It goes with its object.
void Drop(const Object& owner, Renderer& renderer) {}

void Alter(const Difference& difference, Renderer& renderer) {
  Write(*difference.to, renderer);
}

}  // namespace

KindHandler OwnerHandler() {
  KindHandler handler;
  handler.spec.kind = v1::OWNER;
  handler.spec.attributes = kAttributes;
  handler.spec.drop_risk = 0;
  handler.create = Create;
  handler.drop = Drop;
  handler.alter = Alter;
  return handler;
}

}  // namespace fleet::postgres
