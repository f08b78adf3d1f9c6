#ifndef COORDINATOR_VERSION_RECORD_H_
#define COORDINATOR_VERSION_RECORD_H_

#include <cstdint>
#include <string>

#include "lib/history/view.h"
#include "lib/schema/schema.h"
#include "proto/history.pb.h"
#include "proto/plan.pb.h"
#include "proto/rollout.pb.h"

// Records as the coordinator writes them. Pure, but for the view they are
// numbered by.

namespace fleet {

// "+1 index, +1 column, ~1 column"; what is carried along by another change is
// not counted.
std::string SummarizeChanges(
    const google::protobuf::RepeatedPtrField<v1::Change>& changes);

// What leads from one schema to the other; nothing when these cannot be
// compared.
google::protobuf::RepeatedPtrField<v1::Change> DescribeDifference(
    const Schema& from, const Schema& to);

// The next version of `target`, without cause and what goes with it.
v1::Version NextVersion(const HistoryView& view, const v1::Target& target,
                        const std::string& fingerprint, int64_t now_ms);

// Of the target's own stream.
v1::Record VersionRecord(const v1::Version& version);
v1::Record TargetSeenRecord(const v1::Target& target, int64_t now_ms);

}  // namespace fleet

#endif  // COORDINATOR_VERSION_RECORD_H_
