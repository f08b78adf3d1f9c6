#ifndef AGENT_GROUP_H_
#define AGENT_GROUP_H_

#include <cstdint>
#include <string>
#include <vector>

#include "agent/journal.h"
#include "lib/engine/marker.h"
#include "proto/plan.pb.h"

namespace fleet {

// A run of statements that are applied together: one transaction, or one
// statement that cannot be in one. The unit of the journal, of the marker and
// of recovery. Value type.
struct Group {
  int number = 0;  // from 0, without gaps
  bool transactional = true;
  int first_statement = 0;  // 0-based over the whole plan
  std::vector<std::string> sql;
  // Of the session, before and after it; only where it is not transactional.
  std::vector<std::string> settings;
  std::vector<std::string> settings_end;
  // The longest of its statements; 0: none.
  int64_t lock_timeout_ms = 0;
  int64_t statement_timeout_ms = 0;
  bool waits_freely = false;      // a rollout's lock timeout does not apply
  std::string fingerprint_after;  // "" for an inner group never rehearsed
  // Of the schema with what a failed run leaves behind, and what takes that
  // away ("": running the group again). "" where nothing is known of it.
  std::string fingerprint_failed;
  std::string cleanup;
  v1::OnlineAlter online;  // the statement's
};

// In the order in which they run. The last one's fingerprint_after is the
// plan's to_fingerprint.
std::vector<Group> GroupsOf(const v1::Plan& plan);

AppliedMarker MarkerOf(const OrderKey& key, const v1::Plan& plan,
                       const Group& group);

}  // namespace fleet

#endif  // AGENT_GROUP_H_
