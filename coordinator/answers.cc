#include "coordinator/answers.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "coordinator/drift.h"
#include "coordinator/rollout.h"
#include "coordinator/selector.h"
#include "coordinator/standing.h"
#include "coordinator/version_record.h"
#include "lib/base/printable.h"
#include "lib/base/status.h"

namespace fleet {
namespace {

constexpr int kDefaultLimit = 20;
constexpr size_t kNameBytesMax = 200;
// Of one answer: a message holds 4 MiB.
constexpr size_t kRecordsMax = 1'000;
constexpr size_t kRecordBytesMax = 1 << 20;

size_t LimitOf(int limit) { return limit > 0 ? limit : kDefaultLimit; }

// A name must not be mistaken for a number or end a "target@name".
absl::Status CheckName(const std::string& name) {
  bool has_letter = false;
  bool is_plain = !name.empty() && name.size() <= kNameBytesMax;
  for (char c : name) {
    has_letter = has_letter || absl::ascii_isalpha(c);
    is_plain = is_plain && (absl::ascii_isalnum(c) || c == '.' || c == '-' ||
                            c == '_' || c == '/' || c == '+');
  }
  if (is_plain && has_letter) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("\"", Printable(name),
                   "\" cannot name a version; use letters, digits "
                   "and . - _ / +, with at least one letter"));
}

}  // namespace

absl::StatusOr<v1::ListTargetsReply> Answers::ListTargets(
    const v1::ListTargetsRequest& request) const {
  v1::ListTargetsReply reply;
  // No target at all is an answer, not a selector that matches nothing.
  if (request.selectors().empty() && fleet_.Targets().empty()) return reply;
  ASSIGN_OR_RETURN(std::vector<v1::TargetStatus> statuses,
                   Statuses(request.selectors(), request.refresh()));
  for (v1::TargetStatus& status : statuses) {
    *reply.add_targets() = std::move(status);
  }
  return reply;
}

absl::StatusOr<v1::ListRolloutsReply> Answers::ListRollouts(
    const v1::ListRolloutsRequest& request) const {
  v1::ListRolloutsReply reply;
  std::vector<v1::Rollout> rollouts = view_.Rollouts();
  std::reverse(rollouts.begin(), rollouts.end());
  const int limit = LimitOf(request.limit());
  for (v1::Rollout& rollout : rollouts) {
    if (request.active_only() && IsOver(rollout.state())) continue;
    if (reply.rollouts_size() == limit) break;
    *reply.add_rollouts() = std::move(rollout);
  }
  return reply;
}

absl::StatusOr<v1::GetDriftReply> Answers::GetDrift(
    const v1::GetDriftRequest& request) const {
  if (request.selectors().empty() && fleet_.Targets().empty()) {
    return v1::GetDriftReply();
  }
  ASSIGN_OR_RETURN(const std::vector<v1::TargetStatus> statuses,
                   Statuses(request.selectors(), request.refresh()));
  return FindDrift(view_, sources_, statuses);
}

absl::StatusOr<v1::GetHistoryReply> Answers::GetHistory(
    const v1::GetHistoryRequest& request) const {
  v1::GetHistoryReply reply;
  const size_t limit = LimitOf(request.limit());
  if (request.target().empty()) {
    v1::ListRolloutsRequest rollouts;
    rollouts.set_limit(limit);
    ASSIGN_OR_RETURN(v1::ListRolloutsReply list, ListRollouts(rollouts));
    reply.mutable_rollouts()->Swap(list.mutable_rollouts());
    return reply;
  }
  ASSIGN_OR_RETURN(const TargetSnapshot snapshot,
                   fleet_.Find(request.target()));
  *reply.mutable_target() = StandingOf(snapshot, view_);
  const std::vector<v1::Version> versions = view_.Versions(request.target());
  const size_t count = std::min(limit, versions.size());
  std::shared_ptr<const Schema> later;
  for (size_t i = versions.size(); i-- > versions.size() - count;) {
    v1::HistoryEntry& entry = *reply.add_entries();
    *entry.mutable_version() = versions[i];
    if (!request.with_changes() || i == 0) continue;
    if (later == nullptr) {
      ASSIGN_OR_RETURN(later, sources_.Load(versions[i].fingerprint()));
    }
    ASSIGN_OR_RETURN(std::shared_ptr<const Schema> earlier,
                     sources_.Load(versions[i - 1].fingerprint()));
    *entry.mutable_changes() = DescribeDifference(*earlier, *later);
    later = std::move(earlier);
  }
  return reply;
}

absl::StatusOr<v1::VerifyHistoryReply> Answers::VerifyHistory(
    const v1::VerifyHistoryRequest& request) const {
  v1::VerifyHistoryReply reply;
  if (!request.heads_only()) {
    uint64_t records = 0;
    RETURN_IF_ERROR(log_.Verify(&records));
    reply.set_records(records);
  }
  const std::vector<v1::StreamHead> heads = log_.Heads();
  reply.mutable_heads()->Assign(heads.begin(), heads.end());
  return reply;
}

absl::StatusOr<v1::ReadHistoryReply> Answers::ReadHistory(
    const v1::ReadHistoryRequest& request) const {
  v1::ReadHistoryReply reply;
  const uint64_t from = std::max<uint64_t>(request.from_sequence(), 1);
  ASSIGN_OR_RETURN(std::vector<v1::Record> records,
                   log_.Read(request.stream(), from, kRecordsMax));
  size_t bytes = 0;
  for (v1::Record& record : records) {
    bytes += record.ByteSizeLong();
    if (bytes > kRecordBytesMax && !reply.records().empty()) break;
    *reply.add_records() = std::move(record);
  }
  return reply;
}

absl::StatusOr<v1::GetSchemaReply> Answers::GetSchema(
    const v1::GetSchemaRequest& request) const {
  ASSIGN_OR_RETURN(const Source source, sources_.Resolve(request.source()));
  v1::GetSchemaReply reply;
  *reply.mutable_schema() = ToProto(*source.schema);
  reply.set_fingerprint(source.fingerprint);
  reply.set_resolved(source.name);
  return reply;
}

absl::StatusOr<v1::Version> Answers::NameVersion(
    const v1::NameVersionRequest& request) const {
  RETURN_IF_ERROR(CheckName(request.name()));
  const size_t at = request.source().rfind('@');
  const std::string target = request.source().substr(0, at);
  RETURN_IF_ERROR(fleet_.Find(target).status());
  ASSIGN_OR_RETURN(const v1::Version version,
                   at == std::string::npos
                       ? view_.Newest(target)
                       : view_.Find(target, request.source().substr(at + 1)));
  const absl::StatusOr<v1::Version> holder = view_.Find(target, request.name());
  if (holder.ok() && holder->number() == version.number()) return version;
  if (holder.ok()) {
    return absl::AlreadyExistsError(
        absl::StrCat("version ", holder->number(), " of ", target,
                     " is called \"", request.name(),
                     "\" already; a name stays where it is, choose another"));
  }
  v1::Record record;
  record.set_stream(TargetStream(target));
  record.set_time_ms(clock_.WallMs());
  record.mutable_version_name()->set_target(target);
  record.mutable_version_name()->set_number(version.number());
  record.mutable_version_name()->set_name(request.name());
  Batch batch;
  batch.records.push_back(std::move(record));
  RETURN_IF_ERROR(log_.Append(&batch));
  return view_.Find(target, request.name());
}

absl::StatusOr<std::vector<v1::TargetStatus>> Answers::Statuses(
    const google::protobuf::RepeatedPtrField<std::string>& selectors,
    bool refresh) const {
  ASSIGN_OR_RETURN(
      const std::vector<v1::Target> targets,
      Select(fleet_.Targets(), {selectors.begin(), selectors.end()}, {},
             StandingIn(fleet_, view_)));
  if (refresh) {
    std::vector<std::string> names;
    for (const v1::Target& target : targets) names.push_back(target.name());
    sources_.Refresh(names, nullptr);
  }
  std::vector<v1::TargetStatus> statuses;
  for (const v1::Target& target : targets) {
    const absl::StatusOr<TargetSnapshot> snapshot = fleet_.Find(target.name());
    if (snapshot.ok()) statuses.push_back(StandingOf(*snapshot, view_));
  }
  return statuses;
}

}  // namespace fleet
