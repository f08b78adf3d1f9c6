#include "coordinator/rollout_messages.h"

namespace fleet {
namespace {

template <typename Message>
void Address(const Command& command, const v1::Rollout& rollout,
             Message* message) {
  message->set_rollout(rollout.id());
  message->set_target(command.target);
  message->set_attempt(command.attempt);
}

RolloutReport ToReport(const v1::Refused& refused) {
  return {refused.rollout(), refused.target(),
          TargetRefused{refused.target(), refused.attempt(), refused.state(),
                        refused.reason(), refused.message()}};
}

RolloutReport ToReport(const v1::Result& result) {
  return {result.rollout(), result.target(),
          TargetResult{result.target(), result.attempt(), result.state(),
                       result.plan_id(), result.fingerprint(), result.reason(),
                       result.message(), result.statements_done(),
                       result.failed_statement()}};
}

}  // namespace

std::optional<RolloutReport> ToReport(const v1::AgentMessage& message) {
  switch (message.body_case()) {
    case v1::AgentMessage::kReady: {
      const v1::Ready& ready = message.ready();
      return RolloutReport{ready.rollout(), ready.target(),
                           TargetReady{ready.target(), ready.attempt()}};
    }
    case v1::AgentMessage::kRefused:
      return ToReport(message.refused());
    case v1::AgentMessage::kStartAsk: {
      const v1::StartAsk& ask = message.start_ask();
      return RolloutReport{
          ask.rollout(), ask.target(),
          StartAsked{ask.target(), ask.attempt(), ask.nonce()}};
    }
    case v1::AgentMessage::kProgress: {
      const v1::Progress& progress = message.progress();
      return RolloutReport{
          progress.rollout(), progress.target(),
          TargetProgressed{progress.target(), progress.attempt(),
                           progress.statements_done(), progress.note()}};
    }
    case v1::AgentMessage::kResult:
      return ToReport(message.result());
    default:
      return std::nullopt;
  }
}

v1::CoordinatorMessage ToMessage(const Command& command,
                                 const v1::Rollout& rollout,
                                 const v1::Plan& plan, uint64_t epoch) {
  v1::CoordinatorMessage message;
  switch (command.type) {
    case CommandType::kPrepare: {
      v1::Prepare* prepare = message.mutable_prepare();
      Address(command, rollout, prepare);
      prepare->set_epoch(epoch);
      *prepare->mutable_plan() = plan;
      prepare->set_lock_timeout_ms(rollout.lock_timeout_ms() > 0
                                       ? rollout.lock_timeout_ms()
                                       : rollout.policy().lock_timeout_ms());
      prepare->set_lock_retries(rollout.policy().lock_retries());
      prepare->set_granted_nonce(command.nonce);
      *prepare->mutable_online_change() = rollout.policy().online_change();
      break;
    }
    case CommandType::kGo:
      Address(command, rollout, message.mutable_go());
      message.mutable_go()->set_epoch(epoch);
      break;
    case CommandType::kGrant:
      Address(command, rollout, message.mutable_start_grant());
      message.mutable_start_grant()->set_epoch(epoch);
      message.mutable_start_grant()->set_nonce(command.nonce);
      break;
    case CommandType::kCancel:
      Address(command, rollout, message.mutable_cancel());
      message.mutable_cancel()->set_epoch(epoch);
      break;
    case CommandType::kAckResult:
      Address(command, rollout, message.mutable_result_ack());
      break;
  }
  return message;
}

}  // namespace fleet
