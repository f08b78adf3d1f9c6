#include "agent/rehearser.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "lib/base/log.h"
#include "lib/base/status.h"
#include "lib/schema/fingerprint.h"
#include "lib/schema/schema.h"

namespace fleet {
namespace {

constexpr int64_t kScratchIdleMs = 60'000;

}  // namespace

Rehearser::Rehearser(const Dialect& dialect, std::string url,
                     TargetContext context)
    : dialect_(dialect),
      url_(std::move(url)),
      context_(std::move(context)),
      strand_(context_.pool) {}

void Rehearser::OnScratch(const v1::ScratchRequest& request) {
  const bool posted = strand_.Post([this, request] {
    v1::AgentMessage message;
    *message.mutable_schema() = Load(request);
    context_.send(std::move(message));
    CloseLater();
  });
  if (!posted) LogError("scratch is asked too often; request dropped");
}

void Rehearser::OnRehearsal(const v1::RehearsalRequest& request) {
  const bool posted = strand_.Post([this, request] {
    v1::AgentMessage message;
    v1::RehearsalReply& reply = *message.mutable_rehearsal();
    reply.set_request_id(request.request_id());
    absl::StatusOr<v1::Plan> plan = RehearsePlan(request);
    reply.set_ok(plan.ok());
    if (plan.ok()) {
      *reply.mutable_plan() = *std::move(plan);
    } else {
      reply.set_error(std::string(plan.status().message()));
      reply.set_error_code(static_cast<int>(plan.status().code()));
    }
    context_.send(std::move(message));
    CloseLater();
  });
  if (!posted) LogError("scratch is asked too often; rehearsal dropped");
}

absl::StatusOr<Scratch*> Rehearser::EmptyScratch() {
  used_ms_ = context_.clock.BootMs();
  if (scratch_ != nullptr && !scratch_->session().IsBroken() &&
      scratch_->Reset().ok()) {
    return scratch_.get();
  }
  scratch_.reset();
  ASSIGN_OR_RETURN(scratch_, Scratch::Open(dialect_.engine(), url_));
  return scratch_.get();
}

v1::SchemaReply Rehearser::Load(const v1::ScratchRequest& request) {
  v1::SchemaReply reply;
  reply.set_request_id(request.request_id());
  reply.set_target(request.target());
  const absl::StatusOr<Scratch*> scratch = EmptyScratch();
  const absl::StatusOr<Schema> schema =
      scratch.ok()
          ? SchemaOfSql(**scratch, dialect_, request.sql(), request.file_name())
          : scratch.status();
  if (!schema.ok()) {
    reply.set_error(std::string(schema.status().message()));
    reply.set_error_code(static_cast<int>(schema.status().code()));
    return reply;
  }
  reply.set_fingerprint(Fingerprint(*schema, dialect_.specs()));
  *reply.mutable_schema() = ToProto(*schema);
  return reply;
}

absl::StatusOr<v1::Plan> Rehearser::RehearsePlan(
    const v1::RehearsalRequest& request) {
  ASSIGN_OR_RETURN(const Schema from, FromProto(request.from()));
  ASSIGN_OR_RETURN(Scratch * scratch, EmptyScratch());
  const int have = dialect_.Major(scratch->session().info().server_version);
  const int want = request.plan().server_major();
  if (want != 0 && have != want) {
    return absl::FailedPreconditionError(
        absl::StrCat("the scratch database of ", request.target(),
                     " has major version ", have, ", the plan is for ", want,
                     "; set scratch to a server of that version"));
  }
  return Rehearse(*scratch, dialect_, from, request.plan());
}

void Rehearser::CloseLater() {
  context_.timer.After(kScratchIdleMs, [this] {
    strand_.Post([this] {
      if (context_.clock.BootMs() - used_ms_ >= kScratchIdleMs) {
        scratch_.reset();
      }
    });
  });
}

}  // namespace fleet
