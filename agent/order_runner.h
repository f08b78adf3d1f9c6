#ifndef AGENT_ORDER_RUNNER_H_
#define AGENT_ORDER_RUNNER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/config.h"
#include "agent/executor.h"
#include "agent/order_message.h"
#include "agent/prober.h"
#include "agent/recovery.h"
#include "agent/start_gate.h"
#include "agent/target_context.h"
#include "agent/tool_runner.h"
#include "agent/warm_session.h"
#include "lib/engine/dialect.h"
#include "proto/agent.pb.h"

// The life of one target's orders: PREPARE → Ready, GO → ask, grant → run,
// Result until acknowledged; and after a crash or a lost connection: fence,
// look, go on. Every message may come twice and late; the journal says what was
// answered.
//
// All methods run on the target's strand, except Grant, OnNewStream and Close,
// which any thread may call.

namespace fleet {

class OrderRunner : private RunObserver {
 public:
  // All must outlive this.
  OrderRunner(const TargetConfig& target, const Dialect& dialect,
              const TargetContext& context, Strand& strand,
              WarmSession& session, Prober& prober);

  void OnPrepare(const v1::Prepare& prepare);
  void OnGo(const v1::Go& go);
  void OnCancel(const v1::Cancel& cancel);
  void OnAck(const v1::ResultAck& ack);
  void Grant(const v1::StartGrant& grant);

  // At the start: goes on with what was running when the agent went away.
  void Resume();
  // After a greeting: says again what the coordinator may not have heard.
  void Reannounce();
  // A new stream was greeted; before anything that came on it.
  void OnNewStream() { gate_.OnNewStream(); }
  // Ends waiting; the agent stops.
  void Close() { gate_.Close(); }

 private:
  // How far an order is that this process works on.
  struct Work {
    OrderKey key;
    bool examine = true;  // its last group may have reached the database
    int opens_failed = 0;
    std::string token;  // belongs to the first group's fingerprint
  };

  // --- PREPARE
  void TryPrepare(const v1::Prepare& prepare, int tries);
  bool AnswerKnown(const v1::Prepare& prepare);

  // --- START
  void Start(const OrderKey& key);
  void StartLater(const OrderKey& key, int64_t delay_ms);
  void StartGranted(const OrderState& order, const v1::StartGrant& grant);

  // --- running; true: the session may be used for something else
  void Advance(Work work);
  void AdvanceLater(Work work, int64_t delay_ms, absl::string_view note);
  bool TakeFence(Session& session, const OrderState& order, const Work& work);
  bool EnsureMeta(Session& session, const OrderState& order, const Work& work);
  bool Recover(Session& session, const OrderState& order, const v1::Plan& plan,
               const Work& work);
  bool RunFrom(Session& session, const OrderState& order, const v1::Plan& plan,
               RunStart start);
  void Finish(const v1::Result& result, int group);
  void RepeatResultsLater();
  void SendNote(const OrderKey& key, absl::string_view note);
  bool IsStale(uint64_t epoch, absl::string_view what) const;

  // --- RunObserver
  absl::Status OnDone(const Group& group, const std::string& after) override;
  void OnProgress(int statements_done, const std::string& note,
                  const std::vector<v1::StatementResult>& results) override;
  bool Wait(int64_t delay_ms) override;
  bool IsStopping() override;

  const TargetConfig& target_;
  const Dialect& dialect_;
  const TargetContext& context_;
  Strand& strand_;
  WarmSession& session_;
  Prober& prober_;
  const ToolRunner tools_;
  StartGate gate_;

  OrderKey running_;    // what RunObserver speaks of
  OrderKey preparing_;  // the last order that was asked for
  OrderKey prepared_;   // the last order that became ready…
  std::string token_;   // …and the change token of that moment
  OrderKey asking_;     // the order that had its GO and waits for its grant
  int64_t ask_delay_ms_ = 0;
  int64_t noted_ms_ = 0;
  bool repeating_ = false;  // a RepeatResultsLater is on its way
};

}  // namespace fleet

#endif  // AGENT_ORDER_RUNNER_H_
