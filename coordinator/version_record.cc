#include "coordinator/version_record.h"

#include <map>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "lib/engine/registry.h"
#include "lib/history/log.h"
#include "lib/schema/diff.h"
#include "lib/schema/kind.h"

namespace fleet {
namespace {

constexpr size_t kSummaryParts = 5;

// Place and sign of an operation in a summary.
std::pair<int, char> SignOf(v1::ChangeOp op) {
  if (op == v1::CREATE) return {0, '+'};
  if (op == v1::DROP) return {2, '-'};
  return {1, '~'};
}

}  // namespace

std::string SummarizeChanges(
    const google::protobuf::RepeatedPtrField<v1::Change>& changes) {
  std::map<std::pair<std::pair<int, char>, int>, int> counts;
  for (const v1::Change& change :
       MainChanges({changes.begin(), changes.end()})) {
    ++counts[{SignOf(change.op()), change.kind()}];
  }
  std::vector<std::string> parts;
  for (const auto& [key, count] : counts) {
    if (parts.size() == kSummaryParts) {
      parts.push_back("…");
      break;
    }
    const auto kind = static_cast<v1::ObjectKind>(key.second);
    parts.push_back(absl::StrCat(std::string(1, key.first.second),
                                 CountOf(kind, static_cast<size_t>(count))));
  }
  return absl::StrJoin(parts, ", ");
}

google::protobuf::RepeatedPtrField<v1::Change> DescribeDifference(
    const Schema& from, const Schema& to) {
  google::protobuf::RepeatedPtrField<v1::Change> changes;
  const absl::StatusOr<const Dialect*> dialect = DialectOf(to.info().engine);
  if (!dialect.ok()) return changes;
  const absl::StatusOr<std::vector<Difference>> differences =
      Diff(from, to, (*dialect)->specs());
  if (!differences.ok()) return changes;
  for (v1::Change& change : Describe(*differences, (*dialect)->specs())) {
    *changes.Add() = std::move(change);
  }
  return changes;
}

v1::Version NextVersion(const HistoryView& view, const v1::Target& target,
                        const std::string& fingerprint, int64_t now_ms) {
  const absl::StatusOr<v1::Version> newest = view.Newest(target.name());
  v1::Version version;
  version.set_target(target.name());
  version.set_number(newest.ok() ? newest->number() + 1 : 1);
  version.set_fingerprint(fingerprint);
  version.set_time_ms(now_ms);
  version.set_engine(target.engine());
  version.set_flavour(target.flavour());
  version.set_server_version(target.server_version());
  return version;
}

v1::Record VersionRecord(const v1::Version& version) {
  v1::Record record;
  record.set_stream(TargetStream(version.target()));
  record.set_time_ms(version.time_ms());
  *record.mutable_version() = version;
  return record;
}

v1::Record TargetSeenRecord(const v1::Target& target, int64_t now_ms) {
  v1::Record record;
  record.set_stream(TargetStream(target.name()));
  record.set_time_ms(now_ms);
  *record.mutable_target_seen()->mutable_target() = target;
  return record;
}

}  // namespace fleet
