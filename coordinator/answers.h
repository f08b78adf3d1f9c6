#ifndef COORDINATOR_ANSWERS_H_
#define COORDINATOR_ANSWERS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "coordinator/fleet.h"
#include "coordinator/source.h"
#include "lib/base/clock.h"
#include "lib/history/log.h"
#include "lib/history/view.h"
#include "proto/fleet.pb.h"

namespace fleet {

// Answers to questions about targets and their history. Some block on agents
// (a live source, `refresh`) or read many schemas, so for worker threads only;
// thread-safe.
class Answers {
 public:
  Answers(HistoryLog& log, const HistoryView& view, Fleet& fleet,
          const SourceResolver& sources, const Clock& clock)
      : log_(log),
        view_(view),
        fleet_(fleet),
        sources_(sources),
        clock_(clock) {}

  absl::StatusOr<v1::ListTargetsReply> ListTargets(
      const v1::ListTargetsRequest& request) const;
  absl::StatusOr<v1::ListRolloutsReply> ListRollouts(
      const v1::ListRolloutsRequest& request) const;
  absl::StatusOr<v1::GetDriftReply> GetDrift(
      const v1::GetDriftRequest& request) const;
  absl::StatusOr<v1::GetHistoryReply> GetHistory(
      const v1::GetHistoryRequest& request) const;
  // DataLoss at the first record or content that is not what it was.
  absl::StatusOr<v1::VerifyHistoryReply> VerifyHistory(
      const v1::VerifyHistoryRequest& request) const;
  absl::StatusOr<v1::ReadHistoryReply> ReadHistory(
      const v1::ReadHistoryRequest& request) const;
  absl::StatusOr<v1::GetSchemaReply> GetSchema(
      const v1::GetSchemaRequest& request) const;
  absl::StatusOr<v1::Version> NameVersion(
      const v1::NameVersionRequest& request) const;

 private:
  // Of the selected targets, by name; asks their agents first if `refresh`.
  absl::StatusOr<std::vector<v1::TargetStatus>> Statuses(
      const google::protobuf::RepeatedPtrField<std::string>& selectors,
      bool refresh) const;

  HistoryLog& log_;
  const HistoryView& view_;
  Fleet& fleet_;
  const SourceResolver& sources_;
  const Clock& clock_;
};

}  // namespace fleet

#endif  // COORDINATOR_ANSWERS_H_
