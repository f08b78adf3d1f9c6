#ifndef AGENT_ORDER_MESSAGE_H_
#define AGENT_ORDER_MESSAGE_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "agent/journal.h"
#include "proto/agent.pb.h"

// What an agent says about one order, as messages ready to send. Pure.

namespace fleet {

v1::AgentMessage ReadyMessage(const OrderKey& key);
v1::AgentMessage AskMessage(const OrderKey& key, const std::string& nonce);
v1::AgentMessage ResultMessage(const v1::Result& result);
v1::AgentMessage ProgressMessage(
    const OrderKey& key, int statements_done, absl::string_view note,
    const std::vector<v1::StatementResult>& results);

// Why a PREPARE is not taken.
struct Refusal {
  v1::TargetState state;    // DRIFTED, BLOCKED or FAILED
  std::string reason;       // a word for programs
  std::string message;      // a sentence for people
  std::string fingerprint;  // what is live, when it was read
  bool may_pass = false;    // the connection: another try may find it there
};
v1::AgentMessage RefusedMessage(const OrderKey& key, const Refusal& refusal);

// The end of an order of which no statement ran in this process.
v1::Result ResultOf(const OrderState& order, v1::TargetState state,
                    absl::string_view reason, absl::string_view message);

}  // namespace fleet

#endif  // AGENT_ORDER_MESSAGE_H_
