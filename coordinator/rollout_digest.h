#ifndef COORDINATOR_ROLLOUT_DIGEST_H_
#define COORDINATOR_ROLLOUT_DIGEST_H_

#include <string>

#include "proto/rollout.pb.h"

// What an approval binds: hash(source fingerprint, sorted [target, from
// fingerprint, plan], policy). A plan and the rollout made of it have the same
// digest; a target that moves, joins or leaves gives another one. Hex. Pure.

namespace fleet {

std::string RolloutDigest(const v1::FleetPlan& plan);
std::string RolloutDigest(const v1::Rollout& rollout);

// "p-" and the first 10 digits of the digest.
std::string FleetPlanId(const std::string& digest);

}  // namespace fleet

#endif  // COORDINATOR_ROLLOUT_DIGEST_H_
