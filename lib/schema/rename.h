#ifndef LIB_SCHEMA_RENAME_H_
#define LIB_SCHEMA_RENAME_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "lib/schema/kind_spec.h"
#include "lib/schema/schema.h"

// What a user says was renamed, and is not a drop and a create: only people
// know. Pure.
//
//   table:orders=purchases   column:public.orders.total=amount
//   label:public.mood.sad=unhappy
//
// A word for the sort, the old dotted path or its last components, the new
// name. Paths are those of the target as it is: a column of a table that is
// renamed, too, is named by the old table.

namespace fleet {

// An object of the target that becomes the one of the source; or a label of an
// enum of both, where there is one.
struct Rename {
  const Object* from;
  const Object* to;
  std::string from_label;
  std::string to_label;

  bool IsOfLabel() const { return !from_label.empty() || !to_label.empty(); }
};

// What is to be renamed in `from` on the way to `to`: children before what they
// are in. What has its new name already is left out. InvalidArgument: text that
// is no hint, a word that is no sort. FailedPrecondition: nothing of the old
// name or several, the new name is taken, `to` lacks it or still has the old.
// Points into both schemas.
absl::StatusOr<std::vector<Rename>> ResolveRenames(
    absl::Span<const std::string> hints, const Schema& from, const Schema& to);

// Hints for what looks renamed: a table or column that goes, and the only one
// of its kind and place that comes and says the same. For people to confirm;
// sorted.
std::vector<std::string> SuggestRenames(const Schema& from, const Schema& to,
                                        KindSpecs specs);

}  // namespace fleet

#endif  // LIB_SCHEMA_RENAME_H_
