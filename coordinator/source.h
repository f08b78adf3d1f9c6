#ifndef COORDINATOR_SOURCE_H_
#define COORDINATOR_SOURCE_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "coordinator/agent_calls.h"
#include "coordinator/fleet.h"
#include "coordinator/recorder.h"
#include "lib/history/log.h"
#include "lib/history/view.h"
#include "lib/schema/schema.h"

namespace fleet {

// What targets are made equal to.
struct Source {
  std::string name;         // as resolved: "prod-eu@41", or the SQL file's name
  std::string target;       // whose schema it is; empty for SQL
  std::string fingerprint;  // of the whole schema
  std::shared_ptr<const Schema> schema;
};

// From what people write to a schema. Blocks on agents, so for worker threads
// only; thread-safe.
//
//   "prod-eu"       the live schema; it is recorded on the way: "prod-eu@42"
//   "prod-eu@41"    by number; "prod-eu@release-2026.11" by name
//
// NotFound with near names, Unavailable where a live source's agent is away.
class SourceResolver {
 public:
  SourceResolver(const HistoryLog& log, const HistoryView& view, Fleet& fleet,
                 AgentCalls& calls, Recorder& recorder)
      : log_(log),
        view_(view),
        fleet_(fleet),
        calls_(calls),
        recorder_(recorder) {}

  absl::StatusOr<Source> Resolve(const std::string& text) const;
  absl::StatusOr<Source> OfVersion(const v1::Version& version) const;

  // Loads `sql` in the scratch database of the first of `targets` that answers.
  // REQUIRES: targets of one engine, at least one.
  absl::StatusOr<Source> FromSql(const std::string& sql,
                                 const std::string& file_name,
                                 const std::vector<std::string>& targets) const;

  // The schema of a recorded fingerprint; NotFound, DataLoss.
  absl::StatusOr<std::shared_ptr<const Schema>> Load(
      const std::string& fingerprint) const;

  // Asks all of `targets` what they look like now, and waits until that is
  // recorded. Targets that could not be read have their error in the fleet.
  // `progress` is called with the number of answers, on any thread.
  void Refresh(const std::vector<std::string>& targets,
               const std::function<void(int)>& progress) const;

 private:
  absl::StatusOr<Source> Live(const std::string& target) const;

  const HistoryLog& log_;
  const HistoryView& view_;
  Fleet& fleet_;
  AgentCalls& calls_;
  Recorder& recorder_;
};

}  // namespace fleet

#endif  // COORDINATOR_SOURCE_H_
