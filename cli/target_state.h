#ifndef CLI_TARGET_STATE_H_
#define CLI_TARGET_STATE_H_

#include <string>

#include "cli/style.h"
#include "proto/fleet.pb.h"

namespace fleet {

// "current", "drifted", "r-12 is running" … painted.
std::string TargetState(const v1::TargetStatus& status, const Style& style);

// "15.2" for PostgreSQL 150002, "3.40.1" for SQLite 3040001.
std::string ServerVersion(const v1::Target& target);

}  // namespace fleet

#endif  // CLI_TARGET_STATE_H_
