#include "coordinator/drift.h"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "coordinator/version_record.h"
#include "lib/base/status.h"

namespace fleet {
namespace {

using Changes = google::protobuf::RepeatedPtrField<v1::Change>;

// The newest version that was not found by accident; number 0: none.
v1::Version ExpectedVersion(const std::vector<v1::Version>& versions) {
  for (auto it = versions.rbegin(); it != versions.rend(); ++it) {
    if (it->cause() != v1::DRIFT) return *it;
  }
  return v1::Version();
}

std::vector<v1::Census> TakeCensus(
    const HistoryView& view, const std::vector<v1::TargetStatus>& statuses) {
  std::map<std::string, v1::Census> by_fingerprint;
  for (const v1::TargetStatus& status : statuses) {
    if (status.fingerprint().empty()) continue;
    v1::Census& census = by_fingerprint[status.fingerprint()];
    *census.add_targets() = status.target().name();
  }
  std::vector<v1::Census> rows;
  for (auto& [fingerprint, census] : by_fingerprint) {
    census.set_fingerprint(fingerprint);
    census.set_version(view.NameOfFingerprint(fingerprint));
    rows.push_back(std::move(census));
  }
  std::stable_sort(rows.begin(), rows.end(),
                   [](const v1::Census& a, const v1::Census& b) {
                     return a.targets_size() > b.targets_size();
                   });
  return rows;
}

}  // namespace

bool IsDrifted(const v1::Target& target,
               const std::vector<v1::Version>& versions) {
  return !target.read_only() && !versions.empty() &&
         versions.back().cause() == v1::DRIFT &&
         ExpectedVersion(versions).fingerprint() !=
             versions.back().fingerprint();
}

absl::StatusOr<v1::GetDriftReply> FindDrift(
    const HistoryView& view, const SourceResolver& sources,
    const std::vector<v1::TargetStatus>& statuses) {
  v1::GetDriftReply reply;
  std::map<std::pair<std::string, std::string>, Changes> known;
  for (const v1::TargetStatus& status : statuses) {
    const std::vector<v1::Version> versions =
        view.Versions(status.target().name());
    if (!IsDrifted(status.target(), versions)) continue;
    const v1::Version expected = ExpectedVersion(versions);
    const v1::Version& found = versions.back();
    v1::DriftFinding& finding = *reply.add_findings();
    finding.set_target(status.target().name());
    *finding.mutable_expected() = expected;
    *finding.mutable_found() = found;
    const auto [changes, inserted] =
        known.try_emplace({expected.fingerprint(), found.fingerprint()});
    if (inserted) {
      ASSIGN_OR_RETURN(const std::shared_ptr<const Schema> from,
                       sources.Load(expected.fingerprint()));
      ASSIGN_OR_RETURN(const std::shared_ptr<const Schema> to,
                       sources.Load(found.fingerprint()));
      changes->second = DescribeDifference(*from, *to);
    }
    *finding.mutable_changes() = changes->second;
  }
  for (v1::Census& row : TakeCensus(view, statuses)) {
    *reply.add_census() = std::move(row);
  }
  for (const v1::TargetStatus& status : statuses) {
    *reply.add_targets() = status;
  }
  return reply;
}

}  // namespace fleet
