#include "lib/engine/postgres/column_not_null.h"

#include "lib/engine/postgres/ddl.h"
#include "lib/engine/postgres/lineage.h"

namespace fleet::postgres {
namespace {

// DROP NOT NULL reaches the parts of a table, too: those that keep theirs get
// it back.
void GiveBackNotNull(const Object& column, Renderer& renderer) {
  for (v1::ObjectKind kind : {v1::PARTITION, v1::INHERITANCE}) {
    for (const Object& membership : renderer.to().OfKind(kind)) {
      if (ParentTable(membership) != column.path().Parent()) continue;
      const Path part = membership.path().Parent().Child(column.name());
      const Object* from = renderer.from().Find(v1::COLUMN, part);
      const Object* to = renderer.to().Find(v1::COLUMN, part);
      if (from == nullptr || to == nullptr) continue;
      if (from->Has("not_null") && to->Has("not_null")) {
        WriteNotNull(*to, renderer);
      }
      GiveBackNotNull(*to, renderer);
    }
  }
}

}  // namespace

void WriteNotNull(const Object& to, Renderer& renderer) {
  Sql sql = AlterColumn(to.path());
  if (to.Has("not_null")) {
    sql << "SET NOT NULL";
    v1::Statement& statement = renderer.Add(sql, kAccessExclusive);
    const Path table = to.path().Parent();
    if (!HasRows(renderer, table)) return;
    Warn(statement, v1::FULL_SCAN, "this reads all rows of table", table);
    Warn(statement, v1::ACQUIRES_ACCESS_EXCLUSIVE_LOCK,
         "nobody reads or writes meanwhile table", table);
    Warn(statement, v1::DATA_DEPENDENT, "this fails on a NULL in column",
         to.path());
  } else {
    sql << "DROP NOT NULL";
    renderer.Add(sql, kAccessExclusive);
  }
}

void AlterNotNull(const Object& to, Renderer& renderer) {
  WriteNotNull(to, renderer);
  const bool parts = HasParts(renderer, to.path().Parent());
  if (parts && !to.Has("not_null")) GiveBackNotNull(to, renderer);
}

bool NullFollows(const Object& to, const Renderer& renderer) {
  const Object* origin = SteadyOrigin(to, renderer.to(), renderer);
  if (origin == nullptr) return false;
  const Object* before = renderer.from().Find(origin->key);
  return before != nullptr &&
         before->Has("not_null") != origin->Has("not_null") &&
         origin->Has("not_null") == to.Has("not_null");
}

}  // namespace fleet::postgres
