#ifndef LIB_SCHEMA_LABELS_H_
#define LIB_SCHEMA_LABELS_H_

#include <string>
#include <vector>

#include "lib/schema/object.h"

namespace fleet {

// The labels of an enum, without quotes, in their order: its attribute "labels"
// is a list of literals, "'sad', 'it''s'". Pure.
std::vector<std::string> LabelsOf(const Object& type);

}  // namespace fleet

#endif  // LIB_SCHEMA_LABELS_H_
