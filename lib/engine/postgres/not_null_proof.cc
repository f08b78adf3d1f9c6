#include "lib/engine/postgres/not_null_proof.h"

#include <algorithm>

#include "lib/engine/postgres/ddl.h"
#include "lib/engine/postgres/online.h"

namespace fleet::postgres {
namespace {

// A constraint that says the same of all rows already, before and after.
bool IsProven(const Object& column, const Renderer& renderer) {
  Sql proof = NewSql();
  proof << "(" << Identifier{column.name()} << " IS NOT NULL)";
  const absl::StatusOr<std::string> wanted = proof.Text();
  if (!wanted.ok()) return false;
  const absl::Span<const Object> checks =
      renderer.from().ChildrenOf(column.path().Parent(), v1::CHECK);
  return std::any_of(checks.begin(), checks.end(), [&](const Object& check) {
    const Object* after = renderer.to().Find(check.key);
    return after != nullptr && after->attributes == check.attributes &&
           check.Get("expression") == *wanted && !check.Has("not_valid") &&
           !check.Has("not_enforced") && !check.Has("no_inherit");
  });
}

void SetNotNull(const Object& column, Renderer& renderer) {
  Sql sql = AlterColumn(column.path());
  sql << "SET NOT NULL";
  renderer.Add(sql, kAccessExclusive);
}

// The rows are read under a lock that lets clients go on, for a constraint that
// is there only meanwhile; SET NOT NULL takes its word for it.
void ProveNotNull(const Object& column, Renderer& renderer) {
  const Path table = column.path().Parent();
  const Object proof(v1::CHECK,
                     table.Child(StandInName(column.name(), kProofSuffix)));
  Sql add = AddConstraint(proof.path());
  add << "CHECK ((" << Identifier{column.name()} << " IS NOT NULL)) NOT VALID";
  renderer.Add(add, kAccessExclusive);
  Warn(ValidateConstraint(proof, renderer), v1::DATA_DEPENDENT,
       "this fails on a NULL in column", column.path());
  renderer.set_stage(Stage::kSwap);
  SetNotNull(column, renderer);
  DropConstraint(proof, renderer);
}

}  // namespace

bool SetNotNullOnline(const Object& column, Renderer& renderer) {
  if (IsProven(column, renderer)) {
    SetNotNull(column, renderer);
    return true;
  }
  if (!HasClients(renderer, column.path().Parent())) return false;
  ProveNotNull(column, renderer);
  return true;
}

}  // namespace fleet::postgres
