#ifndef LIB_SCHEMA_DIFF_H_
#define LIB_SCHEMA_DIFF_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/schema/kind_spec.h"
#include "lib/schema/schema.h"
#include "proto/plan.pb.h"

// What differs between two schemas, with re-creation carried to dependents.
// One generic algorithm: it names no kind and no engine.
//
//   ASSIGN_OR_RETURN(std::vector<Difference> differences, Diff(from, to,
//   specs)); ASSIGN_OR_RETURN(std::vector<Step> steps, Order(from, to,
//   differences, specs));
//
// O(objects) to compare, O(changed + their dependents) for the rest. Pure.

namespace fleet {

// One object that differs, and what is to be done. `from` is null for kCreate,
// `to` for kDrop; both point into the schemas given, which must outlive it.
struct Difference {
  v1::ChangeOp op = v1::CHANGE_OP_UNSPECIFIED;
  const Object* from = nullptr;
  const Object* to = nullptr;
  std::vector<absl::string_view> changed;  // attribute names, sorted (ALTER)
  // The dependents must be away while it is altered (OnChange::kAlterDetached).
  bool detached = false;
  // RECREATE for another object's sake: that object. Empty path otherwise.
  ObjectKey because;
  // Part of its parent's REBUILD: shown to people, never a step of its own.
  bool folded = false;

  const ObjectKey& key() const { return from ? from->key : to->key; }
};

// Sorted by key. FailedPrecondition naming the object: an attribute whose row
// says kRefuse, a re-creation of something that is not recreatable.
// With a rebuild, the rebuilt parent is one Difference with op REBUILD; those
// of the children it absorbs (columns, keys, checks) are marked folded.
absl::StatusOr<std::vector<Difference>> Diff(const Schema& from,
                                             const Schema& to, KindSpecs specs);

// For people and for the plan: risk filled in, sorted as given.
std::vector<v1::Change> Describe(const std::vector<Difference>& differences,
                                 KindSpecs specs);

// Those that a reader thinks of as changes: what is re-created for another
// object's sake, the parts of a table that comes or goes whole, and the rebuild
// around changes inside a table are left out.
std::vector<v1::Change> MainChanges(const std::vector<v1::Change>& changes);

// "2 to add, 1 to change, 1 to drop", of the main changes.
struct ChangeCounts {
  int add = 0;
  int change = 0;
  int drop = 0;
};
ChangeCounts CountChanges(const std::vector<v1::Change>& changes);

}  // namespace fleet

#endif  // LIB_SCHEMA_DIFF_H_
