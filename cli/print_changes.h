#ifndef CLI_PRINT_CHANGES_H_
#define CLI_PRINT_CHANGES_H_

#include <string>
#include <vector>

#include "absl/types/span.h"
#include "cli/style.h"
#include "google/protobuf/message.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "proto/plan.pb.h"

// What differs, as a tree: tables with what changes inside them, then the rest.
//
//   ~ table public.users
//       + column preferences jsonb                             risk 12 low
//   + index public.users.by_email                              risk 34 medium
//
// Pure; ends with a newline; "" for no changes.

namespace fleet {

using Changes = google::protobuf::RepeatedPtrField<v1::Change>;
using Statements = google::protobuf::RepeatedPtrField<v1::Statement>;

std::string PrintChanges(const Changes& changes, const Style& style);

// Numbered statements with locks and hazards; `indent` spaces in front.
// What looks renamed, with the flag that says so; a line each.
std::string PrintRenameHints(const v1::Plan& plan);

std::string PrintStatements(const Statements& statements, const Style& style,
                            int indent);

// "2 to add, 1 to change, 0 to drop"
std::string PrintCounts(const Changes& changes);

// "34 medium"
std::string PrintRisk(int risk, const Style& style);

// Protobuf JSON with unset fields left out and names as in the .proto files.
std::string PrintJson(const google::protobuf::Message& message);

}  // namespace fleet

#endif  // CLI_PRINT_CHANGES_H_
