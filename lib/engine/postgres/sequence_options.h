#ifndef LIB_ENGINE_POSTGRES_SEQUENCE_OPTIONS_H_
#define LIB_ENGINE_POSTGRES_SEQUENCE_OPTIONS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "lib/engine/postgres/catalog.h"

// The rules of a sequence, free or an identity column's, as one canonical text:
// "START WITH 5 INCREMENT BY 2 …", without what is the default for its type.

namespace fleet::postgres {

// `row` is of kSequenceRows; `type` as printed.
std::string SequenceOptions(const CatalogRow& row, absl::string_view type);

// Every rule, for ALTER: defaults are said too.
std::vector<std::string> SequenceRules(absl::string_view options,
                                       absl::string_view type);

// FailedPrecondition where the first value of one set of rules lies outside of
// the limits of another: a sequence that stands there refuses them.
absl::Status CheckLimits(absl::string_view from_options,
                         absl::string_view from_type,
                         absl::string_view to_options,
                         absl::string_view to_type);

}  // namespace fleet::postgres

#endif  // LIB_ENGINE_POSTGRES_SEQUENCE_OPTIONS_H_
