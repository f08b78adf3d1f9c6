#include "agent/target_worker.h"

#include <algorithm>
#include <utility>

#include "absl/random/random.h"
#include "absl/strings/str_cat.h"
#include "agent/database_epoch.h"
#include "lib/base/channel.h"
#include "lib/base/log.h"
#include "lib/base/status.h"
#include "lib/engine/run_checks.h"
#include "lib/schema/fingerprint.h"
#include "lib/schema/schema.h"

namespace fleet {
namespace {

constexpr int64_t kSessionIdleMs = 30'000;

// Leaves room for what is around the schema in its message.
constexpr size_t kSchemaBytesMax = size_t{kMessageBytesMax} - 4'096;

// Up to a tenth earlier or later, so that 10,000 databases are not asked in
// the same second.
int64_t WithJitter(int64_t interval_ms) {
  absl::BitGen random;
  const int64_t slack = interval_ms / 10;
  return interval_ms +
         absl::Uniform<int64_t>(absl::IntervalClosed, random, -slack, slack);
}

template <typename Reply>
void SetError(const absl::Status& status, Reply* reply) {
  reply->set_error(std::string(status.message()));
  reply->set_error_code(static_cast<int>(status.code()));
}

}  // namespace

TargetWorker::TargetWorker(TargetConfig config, const std::string& agent_name,
                           const Dialect& dialect, TargetContext context)
    : config_(std::move(config)),
      dialect_(dialect),
      context_(std::move(context)),
      strand_(context_.pool),
      session_(config_, context_.clock),
      prober_(dialect),
      orders_(config_, dialect, context_, strand_, session_, prober_),
      description_(DescribeTarget(config_, agent_name)) {}

void TargetWorker::Start(int64_t fingerprint_every_ms,
                         std::function<void()> looked) {
  fingerprint_every_ms_ = fingerprint_every_ms;
  Post("first look", [this, looked = std::move(looked)] {
    Look(/*always_report=*/false);
    looked();
    LookLater();
  });
  Post("resume", [this] { orders_.Resume(); });
}

void TargetWorker::OnGreeted(int64_t fingerprint_every_ms) {
  orders_.OnNewStream();
  if (fingerprint_every_ms > 0) fingerprint_every_ms_ = fingerprint_every_ms;
  Post("greeting", [this] {
    orders_.Reannounce();
    Look(/*always_report=*/true);
  });
}

void TargetWorker::OnFingerprint(const v1::FingerprintRequest& request) {
  Post("fingerprint request", [this, request] {
    v1::AgentMessage message;
    v1::FingerprintReport& report = *message.mutable_fingerprint();
    report = Read(request.scope());
    report.set_request_id(request.request_id());
    context_.send(std::move(message));
  });
}

void TargetWorker::OnSchema(const v1::SchemaRequest& request) {
  Post("schema request", [this, request] {
    v1::AgentMessage message;
    *message.mutable_schema() = ReadSchema();
    message.mutable_schema()->set_request_id(request.request_id());
    context_.send(std::move(message));
  });
}

void TargetWorker::OnCheck(const v1::CheckRequest& request) {
  Post("check request", [this, request] {
    v1::AgentMessage message;
    *message.mutable_check() = RunPlanChecks(request.plan());
    message.mutable_check()->set_request_id(request.request_id());
    context_.send(std::move(message));
  });
}

void TargetWorker::OnPrepare(const v1::Prepare& prepare) {
  Post("prepare", [this, prepare] { orders_.OnPrepare(prepare); });
}

void TargetWorker::OnGo(const v1::Go& go) {
  Post("go", [this, go] { orders_.OnGo(go); });
}

void TargetWorker::OnCancel(const v1::Cancel& cancel) {
  Post("cancel", [this, cancel] { orders_.OnCancel(cancel); });
}

void TargetWorker::OnAck(const v1::ResultAck& ack) {
  Post("acknowledgement", [this, ack] { orders_.OnAck(ack); });
}

v1::Target TargetWorker::Description() const {
  absl::MutexLock lock(&mutex_);
  return description_;
}

void TargetWorker::Post(absl::string_view what, std::function<void()> task) {
  if (strand_.Post(std::move(task))) return;
  LogError("target is asked faster than it answers; message dropped",
           {{"target", config_.name}, {"message", std::string(what)}});
}

void TargetWorker::Describe(const Session& session) {
  absl::MutexLock lock(&mutex_);
  description_.set_flavour(session.info().flavour);
  description_.set_server_version(session.info().server_version);
}

// Before the first greeting, where the database answers in time.
void TargetWorker::LearnEpochOnce() {
  if (epoch_known_) return;
  const absl::StatusOr<Session*> session = session_.Get();
  if (!session.ok()) return;
  const absl::Status status = LearnEpoch(**session, dialect_, context_);
  epoch_known_ = status.ok();
  if (!status.ok()) {
    LogWarning("cannot read which epoch has acted on a target",
               {{"target", config_.name}, {"error", status.ToString()}});
  }
}

void TargetWorker::Look(bool always_report) {
  LearnEpochOnce();
  v1::AgentMessage message;
  v1::FingerprintReport& report = *message.mutable_fingerprint();
  report = Read(v1::Scope());
  const std::string said = absl::StrCat(report.fingerprint(), report.error());
  if (said == reported_ && !always_report) return;
  if (!report.error().empty() && said != reported_) {
    LogWarning("cannot read a target",
               {{"target", config_.name}, {"error", report.error()}});
  }
  reported_ = said;
  context_.send(std::move(message));
}

void TargetWorker::LookLater() {
  context_.timer.After(WithJitter(fingerprint_every_ms_), [this] {
    strand_.PostAlways([this] {
      Look(/*always_report=*/false);
      LookLater();
      if (fingerprint_every_ms_ < kSessionIdleMs) return;
      context_.timer.After(kSessionIdleMs, [this] {
        Post("idle", [this] { session_.DropIfIdle(kSessionIdleMs); });
      });
    });
  });
}

v1::FingerprintReport TargetWorker::Read(const v1::Scope& scope) {
  v1::FingerprintReport report;
  report.set_target(config_.name);
  const absl::StatusOr<Prober::Reading> reading =
      session_.Read([&](Session& session) {
        Describe(session);
        return prober_.ReadFingerprint(session, scope);
      });
  if (reading.ok()) {
    report.set_fingerprint(reading->fingerprint);
  } else {
    SetError(reading.status(), &report);
  }
  *report.mutable_description() = Description();
  return report;
}

v1::SchemaReply TargetWorker::ReadSchema() {
  v1::SchemaReply reply;
  reply.set_target(config_.name);
  const absl::StatusOr<Schema> schema = session_.Read([&](Session& session) {
    Describe(session);
    return prober_.ReadSchema(session);
  });
  if (!schema.ok()) {
    SetError(schema.status(), &reply);
    return reply;
  }
  reply.set_fingerprint(Fingerprint(*schema, dialect_.specs()));
  *reply.mutable_schema() = ToProto(*schema);
  if (const size_t bytes = reply.ByteSizeLong(); bytes > kSchemaBytesMax) {
    reply.clear_schema();
    SetError(absl::ResourceExhaustedError(absl::StrCat(
                 "schema of ", config_.name, " has ", bytes,
                 " bytes, more than one message holds (", kSchemaBytesMax,
                 "); leave tables out by scope or split the database")),
             &reply);
  }
  return reply;
}

v1::CheckReply TargetWorker::RunPlanChecks(const v1::Plan& plan) {
  v1::CheckReply reply;
  reply.set_target(config_.name);
  absl::StatusOr<std::vector<v1::Finding>> findings =
      session_.Read([&](Session& session) { return RunChecks(session, plan); });
  if (!findings.ok()) {
    SetError(findings.status(), &reply);
    return reply;
  }
  for (v1::Finding& finding : *findings) {
    *reply.add_findings() = std::move(finding);
  }
  return reply;
}

}  // namespace fleet
