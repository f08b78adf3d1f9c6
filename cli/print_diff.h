#ifndef CLI_PRINT_DIFF_H_
#define CLI_PRINT_DIFF_H_

#include <string>

#include "cli/style.h"
#include "lib/schema/schema.h"
#include "proto/plan.pb.h"

// What `fleetctl diff` shows of a plan between two given schemas. Pure.

namespace fleet {

struct DiffSides {
  const std::string& from_name;
  const std::string& to_name;
  const Schema& from;
  const Schema& to;
};

std::string PrintDiff(const v1::Plan& plan, const DiffSides& sides,
                      const Style& style);

// For a pull request's comment.
std::string PrintDiffMarkdown(const v1::Plan& plan, const DiffSides& sides);

}  // namespace fleet

#endif  // CLI_PRINT_DIFF_H_
