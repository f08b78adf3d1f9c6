#ifndef COORDINATOR_COHORTS_H_
#define COORDINATOR_COHORTS_H_

#include <string>
#include <vector>

#include "proto/rollout.pb.h"
#include "proto/schema.pb.h"

// The targets that can share one plan.
//
//   for (const TargetGroup& group : GroupTargets(members)) // plan group[0]
//   once
//
// Targets share a plan when engine, flavour, server major version, the schema
// that they have and the schema that they are to get are the same. Outliers
// come first: fewest targets, then the name of the first target. Pure; the
// order of the input does not matter.

namespace fleet {

struct CohortMember {
  std::string target;
  v1::Engine engine = v1::ENGINE_UNSPECIFIED;
  std::string flavour;
  int server_major = 0;  // as Dialect::Major says
  std::string from_fingerprint;
  // What it is to get, where that differs by target (a rollback to what each
  // had before); else empty.
  std::string to_fingerprint;
};

struct TargetGroup {
  std::string name;  // "A" … "Z", "AA", "AB" …
  v1::Engine engine = v1::ENGINE_UNSPECIFIED;
  std::string flavour;
  int server_major = 0;
  std::string from_fingerprint;
  std::string to_fingerprint;
  std::vector<std::string> targets;  // sorted
};

std::vector<TargetGroup> GroupTargets(const std::vector<CohortMember>& members);

// 0 is "A", 25 is "Z", 26 is "AA".
std::string CohortName(int index);

}  // namespace fleet

#endif  // COORDINATOR_COHORTS_H_
