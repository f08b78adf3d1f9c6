#include "agent/order_message.h"

namespace fleet {
namespace {

template <typename Message>
void SetKey(const OrderKey& key, Message* message) {
  message->set_rollout(key.rollout);
  message->set_target(key.target);
  message->set_attempt(key.attempt);
}

}  // namespace

v1::AgentMessage ReadyMessage(const OrderKey& key) {
  v1::AgentMessage message;
  SetKey(key, message.mutable_ready());
  return message;
}

v1::AgentMessage AskMessage(const OrderKey& key, const std::string& nonce) {
  v1::AgentMessage message;
  SetKey(key, message.mutable_start_ask());
  message.mutable_start_ask()->set_nonce(nonce);
  return message;
}

v1::AgentMessage ResultMessage(const v1::Result& result) {
  v1::AgentMessage message;
  *message.mutable_result() = result;
  return message;
}

v1::AgentMessage ProgressMessage(
    const OrderKey& key, int statements_done, absl::string_view note,
    const std::vector<v1::StatementResult>& results) {
  v1::AgentMessage message;
  v1::Progress& progress = *message.mutable_progress();
  SetKey(key, &progress);
  progress.set_statements_done(statements_done);
  progress.set_note(std::string(note));
  progress.mutable_results()->Assign(results.begin(), results.end());
  return message;
}

v1::AgentMessage RefusedMessage(const OrderKey& key, const Refusal& refusal) {
  v1::AgentMessage message;
  v1::Refused& refused = *message.mutable_refused();
  SetKey(key, &refused);
  refused.set_state(refusal.state);
  refused.set_reason(refusal.reason);
  refused.set_message(refusal.message);
  refused.set_fingerprint(refusal.fingerprint);
  return message;
}

v1::Result ResultOf(const OrderState& order, v1::TargetState state,
                    absl::string_view reason, absl::string_view message) {
  v1::Result result;
  SetKey(order.key, &result);
  result.set_plan_id(order.plan_id);
  result.set_state(state);
  result.set_reason(std::string(reason));
  result.set_message(std::string(message));
  return result;
}

}  // namespace fleet
