#include "coordinator/fleet_service.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "coordinator/reply_stream.h"
#include "coordinator/rollout.h"
#include "lib/base/grpc_status.h"
#include "lib/base/version.h"

namespace fleet {
namespace {

// gRPC carries a message in the trailing metadata, percent-encoded, of which a
// peer takes 8 KiB in all.
constexpr size_t kMessageBytes = 2'000;

absl::Status Bounded(const absl::Status& status) {
  if (status.message().size() <= kMessageBytes) return status;
  absl::string_view text = status.message().substr(0, kMessageBytes);
  while (!text.empty() && (text.back() & 0xC0) == 0x80) text.remove_suffix(1);
  if (!text.empty() && (text.back() & 0x80) != 0) text.remove_suffix(1);
  return absl::Status(status.code(), absl::StrCat(text, "…"));
}

template <typename Reply>
void Finish(absl::StatusOr<Reply> result, Reply* reply,
            grpc::ServerUnaryReactor* reactor) {
  if (result.ok()) *reply = *std::move(result);
  reactor->Finish(ToGrpc(Bounded(result.status())));
}

// Answers on one of `workers`' threads. Request and reply live until Finish.
template <typename Reply, typename Work>
grpc::ServerUnaryReactor* AnswerOn(Workers& workers,
                                   grpc::CallbackServerContext* context,
                                   Reply* reply, Work work) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  workers.Post([reactor, reply, work = std::move(work)] {
    Finish<Reply>(work(), reply, reactor);
  });
  return reactor;
}

// What the runner calls back with.
RolloutRunner::Done FinishWith(v1::Rollout* reply,
                               grpc::ServerUnaryReactor* reactor) {
  return [reply, reactor](absl::StatusOr<v1::Rollout> result) {
    Finish(std::move(result), reply, reactor);
  };
}

// Events as they come, and the rollout as it is after them; a slow reader sees
// fewer of the latter. Ends with the rollout.
class WatchStream : public ReplyStream<v1::RolloutEvent>,
                    public RolloutWatcher {
 public:
  void OnRollout(const std::vector<v1::RolloutEvent>& events,
                 std::shared_ptr<const v1::Rollout> now) override {
    for (const v1::RolloutEvent& event : events) Push(event, kKept);
    v1::RolloutEvent state;
    state.set_type("rollout");
    if (!events.empty()) state.set_time_ms(events.back().time_ms());
    *state.mutable_rollout() = *now;
    Push(std::move(state), kReplaceable);
    if (IsOver(now->state())) End(absl::OkStatus());
  }
  void OnError(const absl::Status& status) override { End(Bounded(status)); }
};

}  // namespace

FleetService::Unary* FleetService::ListTargets(
    Context* context, const v1::ListTargetsRequest* request,
    v1::ListTargetsReply* reply) {
  Workers& workers = request->refresh() ? backend_.slow : backend_.quick;
  return AnswerOn(workers, context, reply, [this, request] {
    return backend_.answers.ListTargets(*request);
  });
}

grpc::ServerWriteReactor<v1::MakePlanReply>* FleetService::MakePlan(
    Context*, const v1::MakePlanRequest* request) {
  using Stream = ReplyStream<v1::MakePlanReply>;
  const auto stream = std::make_shared<Stream>();
  stream->Begin(stream);
  // A caller who goes away takes the request with him.
  backend_.slow.Post([this, stream, request = *request] {
    const PlanProgress progress = [&stream](absl::string_view stage, int done,
                                            int total) {
      v1::MakePlanReply reply;
      reply.set_stage(std::string(stage));
      reply.set_done(done);
      reply.set_total(total);
      stream->Push(std::move(reply), Stream::kReplaceable);
    };
    // What it would record of its source contradicts what is recovered.
    const std::string why = backend_.recovery.why();
    absl::StatusOr<v1::FleetPlan> plan =
        why.empty() ? backend_.planner.MakePlan(request, progress)
                    : absl::FailedPreconditionError(why);
    if (plan.ok()) {
      v1::MakePlanReply reply;
      *reply.mutable_fleet_plan() = *std::move(plan);
      stream->Push(std::move(reply), Stream::kKept);
    }
    stream->End(Bounded(plan.status()));
  });
  return stream.get();
}

FleetService::Unary* FleetService::GetPlan(Context* context,
                                           const v1::GetPlanRequest* request,
                                           v1::FleetPlan* reply) {
  return AnswerOn(backend_.quick, context, reply, [this, request] {
    return backend_.view.FleetPlan(request->id());
  });
}

FleetService::Unary* FleetService::StartRollout(
    Context* context, const v1::StartRolloutRequest* request,
    v1::Rollout* reply) {
  Unary* reactor = context->DefaultReactor();
  // Agents are asked for what their rows are like.
  backend_.slow.Post([this, request, reply, reactor] {
    const absl::StatusOr<v1::FleetPlan> plan =
        backend_.view.FleetPlan(request->fleet_plan_id());
    if (!plan.ok()) return Finish<v1::Rollout>(plan.status(), reply, reactor);
    absl::Status may_start = backend_.planner.CheckFresh(*plan);
    if (may_start.ok()) may_start = backend_.planner.CheckTargets(*plan);
    backend_.runner.Start(*request, *plan, may_start,
                          FinishWith(reply, reactor));
  });
  return reactor;
}

FleetService::Unary* FleetService::ListRollouts(
    Context* context, const v1::ListRolloutsRequest* request,
    v1::ListRolloutsReply* reply) {
  return AnswerOn(backend_.quick, context, reply, [this, request] {
    return backend_.answers.ListRollouts(*request);
  });
}

FleetService::Unary* FleetService::GetRollout(
    Context* context, const v1::GetRolloutRequest* request,
    v1::Rollout* reply) {
  Unary* reactor = context->DefaultReactor();
  backend_.runner.Get(request->id(), FinishWith(reply, reactor));
  return reactor;
}

grpc::ServerWriteReactor<v1::RolloutEvent>* FleetService::WatchRollout(
    Context*, const v1::GetRolloutRequest* request) {
  const auto stream = std::make_shared<WatchStream>();
  stream->Begin(stream);
  backend_.runner.Watch(request->id(), stream);
  return stream.get();
}

FleetService::Unary* FleetService::SteerRollout(
    Context* context, const v1::SteerRolloutRequest* request,
    v1::Rollout* reply) {
  Unary* reactor = context->DefaultReactor();
  if (request->action() == v1::SteerRolloutRequest::ACTION_UNSPECIFIED) {
    Finish<v1::Rollout>(
        absl::InvalidArgumentError("say what to do with the rollout"), reply,
        reactor);
    return reactor;
  }
  backend_.runner.Steer(*request, FinishWith(reply, reactor));
  return reactor;
}

FleetService::Unary* FleetService::GetDrift(Context* context,
                                            const v1::GetDriftRequest* request,
                                            v1::GetDriftReply* reply) {
  Workers& workers = request->refresh() ? backend_.slow : backend_.quick;
  return AnswerOn(workers, context, reply, [this, request] {
    return backend_.answers.GetDrift(*request);
  });
}

FleetService::Unary* FleetService::GetHistory(
    Context* context, const v1::GetHistoryRequest* request,
    v1::GetHistoryReply* reply) {
  return AnswerOn(backend_.quick, context, reply, [this, request] {
    return backend_.answers.GetHistory(*request);
  });
}

FleetService::Unary* FleetService::VerifyHistory(
    Context* context, const v1::VerifyHistoryRequest* request,
    v1::VerifyHistoryReply* reply) {
  Workers& workers = request->heads_only() ? backend_.quick : backend_.slow;
  return AnswerOn(workers, context, reply, [this, request] {
    return backend_.answers.VerifyHistory(*request);
  });
}

FleetService::Unary* FleetService::ReadHistory(
    Context* context, const v1::ReadHistoryRequest* request,
    v1::ReadHistoryReply* reply) {
  return AnswerOn(backend_.quick, context, reply, [this, request] {
    return backend_.answers.ReadHistory(*request);
  });
}

FleetService::Unary* FleetService::GetSchema(
    Context* context, const v1::GetSchemaRequest* request,
    v1::GetSchemaReply* reply) {
  return AnswerOn(backend_.slow, context, reply, [this, request] {
    return backend_.answers.GetSchema(*request);
  });
}

FleetService::Unary* FleetService::NameVersion(
    Context* context, const v1::NameVersionRequest* request,
    v1::Version* reply) {
  return AnswerOn(backend_.quick, context, reply, [this, request] {
    return backend_.answers.NameVersion(*request);
  });
}

FleetService::Unary* FleetService::GetVersion(
    Context* context, const v1::GetServerVersionRequest*,
    v1::ServerVersion* reply) {
  return AnswerOn(backend_.quick, context, reply,
                  [this]() -> absl::StatusOr<v1::ServerVersion> {
                    v1::ServerVersion version;
                    version.set_version(std::string(kVersion));
                    version.set_coordinator(backend_.id);
                    version.set_epoch(backend_.log.epoch());
                    version.set_agents(backend_.fleet.Members().size());
                    version.set_targets(backend_.fleet.Targets().size());
                    version.set_recovery(backend_.recovery.why());
                    return version;
                  });
}

FleetService::Unary* FleetService::Recover(Context* context,
                                           const v1::RecoverRequest* request,
                                           v1::RecoverReply* reply) {
  return AnswerOn(backend_.slow, context, reply, [this, request] {
    return backend_.recovery.FromAgents(*request);
  });
}

}  // namespace fleet
