#ifndef TESTS_TESTING_FAKE_AGENT_H_
#define TESTS_TESTING_FAKE_AGENT_H_

#include <grpcpp/client_context.h>

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "lib/schema/schema.h"
#include "proto/agent.grpc.pb.h"
#include "tests/testing/fake_replica.h"

// An agent over a real stream, with databases that are only schemas in memory.
// It keeps the protocol unless told to misbehave; like a real one it refuses a
// PREPARE for another schema, starts on a grant of its own nonce only, applies
// an attempt once, and repeats results until they are acknowledged.
//
//   FakeAgent agent(coordinator.address(), "agent-eu");
//   agent.AddTarget("prod-eu", Shop(1));
//   agent.Connect();
//
// Thread-safe.

namespace fleet::testing {

class FakeAgent {
 public:
  FakeAgent(std::string address, std::string name);
  ~FakeAgent();

  void AddTarget(const std::string& name, Schema schema,
                 const std::string& region = "eu", bool read_only = false);
  // A schema that a plan may lead to, found by its fingerprint.
  void Learn(const Schema& schema);

  void Connect();
  void Disconnect();
  // True until the coordinator ends the stream.
  bool IsConnected() const;

  // The schema changes behind fleetctl's back; reported when `tell`.
  void Drift(const std::string& target, Schema schema, bool tell = true);

  // --- misbehaviour; set before it is to happen
  void set_epoch_seen(uint64_t epoch);
  void set_replica(std::vector<v1::StreamHead> heads);
  // As if its disk was lost, or another's was put in its place.
  void CopyReplica(const FakeAgent& other);
  void FailTarget(const std::string& target, const std::string& message);
  void HealTarget(const std::string& target);
  void RefuseTarget(const std::string& target, const std::string& message);
  // Applies, but keeps the results until ReleaseResults.
  void HoldResults(bool hold);
  void ReleaseResults();
  // What checks find on it from now on.
  void Find(const std::string& target, const std::string& message,
            bool warning);
  void set_rehearsal_error(const std::string& error);

  // --- what it has seen
  std::string FingerprintOf(const std::string& target) const;
  uint64_t epoch() const;  // of the last Welcome
  int times_applied(const std::string& target) const;
  int schemas_sent() const;
  int rehearsals() const;
  size_t replica_records() const;
  // How many records it holds of one stream.
  size_t replica_records(const std::string& stream) const;
  int prepared() const;  // PREPAREs in all

 private:
  struct Database {
    v1::Target target;
    Schema schema;
    v1::Prepare prepared;
    std::string nonce;
    bool started = false;
    int applied = 0;
    v1::Result result;  // of the last attempt, until it is acknowledged
    bool has_result = false;
  };

  void Read();
  void Handle(const v1::CoordinatorMessage& message)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void HandlePrepare(const v1::Prepare& prepare)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void HandleGo(const v1::Go& go) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void HandleGrant(const v1::StartGrant& grant)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void HandleReplicate(const v1::Replicate& replicate)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AnswerReplica(const v1::ReplicaRequest& request)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AnswerSchema(const std::string& id, const std::string& target)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AnswerScratch(const v1::ScratchRequest& request)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AnswerCheck(const v1::CheckRequest& request)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AnswerRehearsal(const v1::RehearsalRequest& request)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Report(const std::string& target, const std::string& request_id)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Apply(Database& database) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void SendResult(const Database& database)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Write(const v1::AgentMessage& message)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::string address_;
  const std::string name_;
  std::unique_ptr<v1::AgentLink::Stub> stub_;

  mutable absl::Mutex mutex_;
  std::map<std::string, Database> databases_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, Schema> schemas_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::string> failing_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::string> refusing_ ABSL_GUARDED_BY(mutex_);
  FakeReplica replica_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, v1::Finding> findings_ ABSL_GUARDED_BY(mutex_);
  std::string rehearsal_error_ ABSL_GUARDED_BY(mutex_);
  bool hold_results_ ABSL_GUARDED_BY(mutex_) = false;
  bool connected_ ABSL_GUARDED_BY(mutex_) = false;
  uint64_t epoch_seen_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t epoch_ ABSL_GUARDED_BY(mutex_) = 0;
  int nonces_ ABSL_GUARDED_BY(mutex_) = 0;
  int schemas_sent_ ABSL_GUARDED_BY(mutex_) = 0;
  int rehearsals_ ABSL_GUARDED_BY(mutex_) = 0;
  int prepared_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t replica_records_ ABSL_GUARDED_BY(mutex_) = 0;

  std::unique_ptr<grpc::ClientContext> context_;
  std::unique_ptr<
      grpc::ClientReaderWriter<v1::AgentMessage, v1::CoordinatorMessage>>
      stream_;
  std::thread reader_;
};

// A SQLite schema: table users with id, table orders; from variant 1 on also
// users.email, from 2 on users.phone, and so on.
Schema Shop(int variant);
std::string FingerprintOf(const Schema& schema);

}  // namespace fleet::testing

#endif  // TESTS_TESTING_FAKE_AGENT_H_
