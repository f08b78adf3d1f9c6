#ifndef COORDINATOR_FLEET_SERVICE_H_
#define COORDINATOR_FLEET_SERVICE_H_

#include <string>

#include "coordinator/answers.h"
#include "coordinator/fleet.h"
#include "coordinator/planner.h"
#include "coordinator/recovery.h"
#include "coordinator/rollout_runner.h"
#include "coordinator/workers.h"
#include "lib/history/log.h"
#include "lib/history/view.h"
#include "proto/fleet.grpc.pb.h"

namespace fleet {

// What the service calls; all of it outlives the server.
struct FleetBackend {
  const HistoryLog& log;
  const HistoryView& view;
  const Fleet& fleet;
  const Answers& answers;
  const Planner& planner;
  RolloutRunner& runner;
  Workers& quick;  // reads of the history
  Workers& slow;   // whatever waits for agents
  Recovery& recovery;
  std::string id;  // of this coordinator
};

// The service Fleet: translates, and nothing else. No call occupies one of
// gRPC's threads. Thread-safe.
class FleetService : public v1::Fleet::CallbackService {
 public:
  explicit FleetService(FleetBackend backend) : backend_(std::move(backend)) {}

  using Context = grpc::CallbackServerContext;
  using Unary = grpc::ServerUnaryReactor;

  Unary* ListTargets(Context* context, const v1::ListTargetsRequest* request,
                     v1::ListTargetsReply* reply) override;
  grpc::ServerWriteReactor<v1::MakePlanReply>* MakePlan(
      Context* context, const v1::MakePlanRequest* request) override;
  Unary* GetPlan(Context* context, const v1::GetPlanRequest* request,
                 v1::FleetPlan* reply) override;
  Unary* StartRollout(Context* context, const v1::StartRolloutRequest* request,
                      v1::Rollout* reply) override;
  Unary* ListRollouts(Context* context, const v1::ListRolloutsRequest* request,
                      v1::ListRolloutsReply* reply) override;
  Unary* GetRollout(Context* context, const v1::GetRolloutRequest* request,
                    v1::Rollout* reply) override;
  grpc::ServerWriteReactor<v1::RolloutEvent>* WatchRollout(
      Context* context, const v1::GetRolloutRequest* request) override;
  Unary* SteerRollout(Context* context, const v1::SteerRolloutRequest* request,
                      v1::Rollout* reply) override;
  Unary* GetDrift(Context* context, const v1::GetDriftRequest* request,
                  v1::GetDriftReply* reply) override;
  Unary* GetHistory(Context* context, const v1::GetHistoryRequest* request,
                    v1::GetHistoryReply* reply) override;
  Unary* VerifyHistory(Context* context,
                       const v1::VerifyHistoryRequest* request,
                       v1::VerifyHistoryReply* reply) override;
  Unary* ReadHistory(Context* context, const v1::ReadHistoryRequest* request,
                     v1::ReadHistoryReply* reply) override;
  Unary* GetSchema(Context* context, const v1::GetSchemaRequest* request,
                   v1::GetSchemaReply* reply) override;
  Unary* NameVersion(Context* context, const v1::NameVersionRequest* request,
                     v1::Version* reply) override;
  Unary* GetVersion(Context* context,
                    const v1::GetServerVersionRequest* request,
                    v1::ServerVersion* reply) override;
  Unary* Recover(Context* context, const v1::RecoverRequest* request,
                 v1::RecoverReply* reply) override;

 private:
  FleetBackend backend_;
};

}  // namespace fleet

#endif  // COORDINATOR_FLEET_SERVICE_H_
