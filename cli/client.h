#ifndef CLI_CLIENT_H_
#define CLI_CLIENT_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "cli/command.h"
#include "proto/fleet.pb.h"

// fleetctl's side of the Fleet service: blocking calls with a deadline, errors
// that say where the coordinator was looked for. Thread-compatible; Cancel may
// be called from a signal-watching thread.

namespace fleet {

class Client {
 public:
  static absl::StatusOr<std::unique_ptr<Client>> Connect(
      const Globals& globals);
  virtual ~Client() = default;

  virtual absl::StatusOr<v1::ListTargetsReply> ListTargets(
      const v1::ListTargetsRequest& request) = 0;
  // `progress` is called for each message before the last.
  virtual absl::StatusOr<v1::FleetPlan> MakePlan(
      const v1::MakePlanRequest& request,
      const std::function<void(const v1::MakePlanReply&)>& progress) = 0;
  virtual absl::StatusOr<v1::FleetPlan> GetPlan(
      const v1::GetPlanRequest& request) = 0;
  virtual absl::StatusOr<v1::Rollout> StartRollout(
      const v1::StartRolloutRequest& request) = 0;
  virtual absl::StatusOr<v1::ListRolloutsReply> ListRollouts(
      const v1::ListRolloutsRequest& request) = 0;
  virtual absl::StatusOr<v1::Rollout> GetRollout(
      const v1::GetRolloutRequest& request) = 0;
  // Until the rollout has ended or `on_event` returns false.
  virtual absl::Status WatchRollout(
      const v1::GetRolloutRequest& request,
      const std::function<bool(const v1::RolloutEvent&)>& on_event) = 0;
  virtual absl::StatusOr<v1::Rollout> SteerRollout(
      const v1::SteerRolloutRequest& request) = 0;
  virtual absl::StatusOr<v1::GetDriftReply> GetDrift(
      const v1::GetDriftRequest& request) = 0;
  virtual absl::StatusOr<v1::GetHistoryReply> GetHistory(
      const v1::GetHistoryRequest& request) = 0;
  virtual absl::StatusOr<v1::VerifyHistoryReply> VerifyHistory(
      const v1::VerifyHistoryRequest& request) = 0;
  virtual absl::StatusOr<v1::ReadHistoryReply> ReadHistory(
      const v1::ReadHistoryRequest& request) = 0;
  virtual absl::StatusOr<v1::GetSchemaReply> GetSchema(
      const v1::GetSchemaRequest& request) = 0;
  virtual absl::StatusOr<v1::ServerVersion> GetVersion() = 0;
  virtual absl::StatusOr<v1::RecoverReply> Recover(
      const v1::RecoverRequest& request) = 0;

  // Ends the call that is running with Cancelled. Thread-safe.
  virtual void Cancel() = 0;
};

}  // namespace fleet

#endif  // CLI_CLIENT_H_
