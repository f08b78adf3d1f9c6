#ifndef AGENT_TARGET_WORKER_H_
#define AGENT_TARGET_WORKER_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "agent/config.h"
#include "agent/order_runner.h"
#include "agent/prober.h"
#include "agent/strand.h"
#include "agent/target_context.h"
#include "agent/warm_session.h"
#include "lib/engine/dialect.h"
#include "proto/agent.pb.h"

namespace fleet {

// One target: its session, its strand, its fingerprints and its orders. What
// the coordinator asks is posted to the strand and answered from there, one
// thing after another. Thread-safe.
class TargetWorker {
 public:
  // `dialect` and what is in `context` must outlive this; the pool and the
  // timer must have stopped before this goes.
  TargetWorker(TargetConfig config, const std::string& agent_name,
               const Dialect& dialect, TargetContext context);

  // Looks at the database once and calls `looked`, goes on with what was
  // running, and then looks every `fingerprint_every_ms`.
  void Start(int64_t fingerprint_every_ms, std::function<void()> looked);
  // The coordinator greeted: it hears everything anew. 0: the interval stays.
  void OnGreeted(int64_t fingerprint_every_ms);

  void OnFingerprint(const v1::FingerprintRequest& request);
  void OnSchema(const v1::SchemaRequest& request);
  void OnCheck(const v1::CheckRequest& request);
  void OnPrepare(const v1::Prepare& prepare);
  void OnGo(const v1::Go& go);
  void OnGrant(const v1::StartGrant& grant) { orders_.Grant(grant); }
  void OnCancel(const v1::Cancel& cancel);
  void OnAck(const v1::ResultAck& ack);

  // Ends waiting. REQUIRES: context.stop is notified.
  void Close() { orders_.Close(); }
  // Stops the statement that is running, if any; the order stays open.
  void CancelStatement() { session_.Cancel(); }

  // As told in the greeting: with flavour and version once they are known.
  v1::Target Description() const;
  const TargetConfig& config() const { return config_; }

 private:
  void Post(absl::string_view what, std::function<void()> task);
  // On the strand:
  void Describe(const Session& session);
  void LearnEpochOnce();
  void Look(bool always_report);
  void LookLater();
  v1::FingerprintReport Read(const v1::Scope& scope);
  v1::SchemaReply ReadSchema();
  v1::CheckReply RunPlanChecks(const v1::Plan& plan);

  const TargetConfig config_;
  const Dialect& dialect_;
  const TargetContext context_;
  Strand strand_;
  WarmSession session_;
  Prober prober_;
  OrderRunner orders_;
  std::atomic<int64_t> fingerprint_every_ms_{0};
  std::string reported_;      // fingerprint or error; on the strand
  bool epoch_known_ = false;  // of the database; on the strand

  mutable absl::Mutex mutex_;
  v1::Target description_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace fleet

#endif  // AGENT_TARGET_WORKER_H_
