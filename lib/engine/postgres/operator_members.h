#ifndef LIB_ENGINE_POSTGRES_OPERATOR_MEMBERS_H_
#define LIB_ENGINE_POSTGRES_OPERATOR_MEMBERS_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "lib/engine/postgres/catalog.h"

// Operators and functions of operator classes and families: "OPERATOR 1
// s.<(integer,integer), FUNCTION 1 (integer, integer) s.cmp(integer,integer)".
// Whether one belongs to a class or is loose in the family says pg_depend.

namespace fleet::postgres {

// Fields of a RareQuery for the members of o.oid of `class_id`: the list, the
// oids of its operators and families, the oids of its functions.
std::vector<std::string> MemberFields(unsigned class_id);
// What such fields say the object depends on.
void DependOnMembers(absl::string_view operators, absl::string_view functions,
                     const Catalog& catalog, Object& object);

}  // namespace fleet::postgres

#endif  // LIB_ENGINE_POSTGRES_OPERATOR_MEMBERS_H_
