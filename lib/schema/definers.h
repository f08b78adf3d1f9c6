#ifndef LIB_SCHEMA_DEFINERS_H_
#define LIB_SCHEMA_DEFINERS_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "lib/schema/schema.h"
#include "proto/schema.pb.h"

// Whom stored programs run as (attribute "definer", as "`root`@`localhost`"):
// accounts differ from server to server, so a scope may say what a source's
// mean on its targets. Pure.

namespace fleet {

inline constexpr absl::string_view kDefinerCurrent = "current";

// As the attribute has it: "app@%" → "`app`@`%`"; a role has no host. A name
// may hold an "@".
std::string QuotedDefiner(absl::string_view account);

// `schema` of a source as its targets shall have it: definers are mapped as
// Scope.definers says, or are nothing that is compared and become whoever
// applies the plan ("current"). InvalidArgument: an entry that is neither, or
// the two together.
absl::StatusOr<Schema> WithSourceDefiners(const Schema& schema,
                                          const v1::Scope& scope);
// The same for a target, whose definers are what they are.
absl::StatusOr<Schema> WithTargetDefiners(const Schema& schema,
                                          const v1::Scope& scope);

}  // namespace fleet

#endif  // LIB_SCHEMA_DEFINERS_H_
