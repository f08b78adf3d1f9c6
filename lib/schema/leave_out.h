#ifndef LIB_SCHEMA_LEAVE_OUT_H_
#define LIB_SCHEMA_LEAVE_OUT_H_

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/schema/kind_spec.h"
#include "lib/schema/schema.h"

// What cannot be changed stays as it is, by name, and the rest goes on. Pure.

namespace fleet {

// Marks the object that a refusal is about. The mark lasts through Annotate.
absl::Status RefusalOf(const ObjectKey& key, absl::Status status);
// The mark; nullopt where the status is no refusal of one object.
std::optional<ObjectKey> RefusedObject(const absl::Status& status);

// What is not understood (no spec) and differs, sorted.
std::vector<ObjectKey> DifferingOpaque(const Schema& from, const Schema& to,
                                       KindSpecs specs);

struct Remainder {
  Schema schema;  // `to`, but as `from` is where that is left out
  // What is left out for the sake of others: objects of `to` that need what is
  // not made, sorted.
  std::vector<ObjectKey> also;
};

// `to` with the objects `keys` as `from` has them: there with all that they
// need, or not there with nothing that needs them.
absl::StatusOr<Remainder> LeaveOut(const Schema& from, const Schema& to,
                                   const std::set<ObjectKey>& keys);

}  // namespace fleet

#endif  // LIB_SCHEMA_LEAVE_OUT_H_
