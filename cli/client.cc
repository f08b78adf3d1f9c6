#include "cli/client.h"

#include <grpcpp/client_context.h>

#include <chrono>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "lib/base/channel.h"
#include "lib/base/grpc_status.h"
#include "lib/base/status.h"
#include "proto/fleet.grpc.pb.h"

namespace fleet {
namespace {

constexpr int kCallTimeoutS = 60;
// Every target of the plan is asked whether it can take it.
constexpr int kStartTimeoutS = 600;
// 200,000 records take about a second.
constexpr int kVerifyTimeoutS = 3'600;

class GrpcClient : public Client {
 public:
  GrpcClient(std::shared_ptr<grpc::Channel> channel, std::string address,
             int timeout_s)
      : stub_(v1::Fleet::NewStub(channel)),
        address_(std::move(address)),
        timeout_s_(timeout_s) {}

  absl::StatusOr<v1::ListTargetsReply> ListTargets(
      const v1::ListTargetsRequest& request) override {
    return Call(&v1::Fleet::Stub::ListTargets, request);
  }
  absl::StatusOr<v1::FleetPlan> GetPlan(
      const v1::GetPlanRequest& request) override {
    return Call(&v1::Fleet::Stub::GetPlan, request);
  }
  absl::StatusOr<v1::Rollout> StartRollout(
      const v1::StartRolloutRequest& request) override {
    return Call(&v1::Fleet::Stub::StartRollout, request, kStartTimeoutS);
  }
  absl::StatusOr<v1::ListRolloutsReply> ListRollouts(
      const v1::ListRolloutsRequest& request) override {
    return Call(&v1::Fleet::Stub::ListRollouts, request);
  }
  absl::StatusOr<v1::Rollout> GetRollout(
      const v1::GetRolloutRequest& request) override {
    return Call(&v1::Fleet::Stub::GetRollout, request);
  }
  absl::StatusOr<v1::Rollout> SteerRollout(
      const v1::SteerRolloutRequest& request) override {
    return Call(&v1::Fleet::Stub::SteerRollout, request);
  }
  absl::StatusOr<v1::GetDriftReply> GetDrift(
      const v1::GetDriftRequest& request) override {
    return Call(&v1::Fleet::Stub::GetDrift, request);
  }
  absl::StatusOr<v1::GetHistoryReply> GetHistory(
      const v1::GetHistoryRequest& request) override {
    return Call(&v1::Fleet::Stub::GetHistory, request);
  }
  absl::StatusOr<v1::VerifyHistoryReply> VerifyHistory(
      const v1::VerifyHistoryRequest& request) override {
    return Call(&v1::Fleet::Stub::VerifyHistory, request, kVerifyTimeoutS);
  }
  absl::StatusOr<v1::ReadHistoryReply> ReadHistory(
      const v1::ReadHistoryRequest& request) override {
    return Call(&v1::Fleet::Stub::ReadHistory, request);
  }
  absl::StatusOr<v1::GetSchemaReply> GetSchema(
      const v1::GetSchemaRequest& request) override {
    return Call(&v1::Fleet::Stub::GetSchema, request);
  }
  absl::StatusOr<v1::ServerVersion> GetVersion() override {
    return Call(&v1::Fleet::Stub::GetVersion, v1::GetServerVersionRequest());
  }
  absl::StatusOr<v1::RecoverReply> Recover(
      const v1::RecoverRequest& request) override {
    return Call(&v1::Fleet::Stub::Recover, request);
  }

  absl::StatusOr<v1::FleetPlan> MakePlan(
      const v1::MakePlanRequest& request,
      const std::function<void(const v1::MakePlanReply&)>& progress) override {
    CallScope scope(*this);
    auto reader = stub_->MakePlan(&scope.context, request);
    v1::MakePlanReply reply;
    v1::FleetPlan plan;
    bool complete = false;
    while (reader->Read(&reply)) {
      if (reply.has_fleet_plan()) {
        plan = reply.fleet_plan();
        complete = true;
      } else {
        progress(reply);
      }
    }
    RETURN_IF_ERROR(Explain(reader->Finish()));
    if (!complete) {
      return absl::InternalError("the coordinator ended without a plan");
    }
    return plan;
  }

  absl::Status WatchRollout(
      const v1::GetRolloutRequest& request,
      const std::function<bool(const v1::RolloutEvent&)>& on_event) override {
    CallScope scope(*this);
    auto reader = stub_->WatchRollout(&scope.context, request);
    v1::RolloutEvent event;
    bool stopped = false;
    while (!stopped && reader->Read(&event)) {
      stopped = !on_event(event);
    }
    if (stopped) scope.context.TryCancel();
    const absl::Status status = Explain(reader->Finish());
    return stopped ? absl::OkStatus() : status;
  }

  void Cancel() override {
    absl::MutexLock lock(&mutex_);
    if (running_ != nullptr) running_->TryCancel();
  }

 private:
  // Makes the running call known to Cancel.
  struct CallScope {
    explicit CallScope(GrpcClient& client) : client(client) {
      absl::MutexLock lock(&client.mutex_);
      client.running_ = &context;
    }
    ~CallScope() {
      absl::MutexLock lock(&client.mutex_);
      client.running_ = nullptr;
    }
    GrpcClient& client;
    grpc::ClientContext context;
  };

  template <typename Request, typename Reply>
  absl::StatusOr<Reply> Call(grpc::Status (v1::Fleet::Stub::*method)(
                                 grpc::ClientContext*, const Request&, Reply*),
                             const Request& request,
                             int timeout_s = kCallTimeoutS) {
    CallScope scope(*this);
    const int seconds = timeout_s_ > 0 ? timeout_s_ : timeout_s;
    scope.context.set_deadline(std::chrono::system_clock::now() +
                               std::chrono::seconds(seconds));
    Reply reply;
    RETURN_IF_ERROR(
        Explain((stub_.get()->*method)(&scope.context, request, &reply)));
    return reply;
  }

  absl::Status Explain(const grpc::Status& answer) const {
    const absl::Status status = FromGrpc(answer);
    // gRPC's own words for a refused connection do not name the remedy.
    if (absl::IsUnavailable(status) &&
        answer.error_message().find("connect") != std::string::npos) {
      return absl::UnavailableError(absl::StrCat(
          "no coordinator answers at ", address_,
          "\n  is fleet-coordinator running there? Another address: "
          "--coordinator HOST:PORT or $FLEETCTL_COORDINATOR"));
    }
    return status;
  }

  const std::unique_ptr<v1::Fleet::Stub> stub_;
  const std::string address_;
  const int timeout_s_;
  absl::Mutex mutex_;
  grpc::ClientContext* running_ ABSL_GUARDED_BY(mutex_) = nullptr;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Client>> Client::Connect(
    const Globals& globals) {
  ASSIGN_OR_RETURN(
      std::shared_ptr<grpc::Channel> channel,
      OpenChannel(globals.coordinator,
                  {globals.ca_file, globals.cert_file, globals.key_file}));
  return std::make_unique<GrpcClient>(std::move(channel), globals.coordinator,
                                      globals.timeout_s);
}

}  // namespace fleet
