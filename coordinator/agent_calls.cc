#include "coordinator/agent_calls.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lib/base/status.h"

namespace fleet {
namespace {

constexpr int64_t kFingerprintTimeoutMs = 60'000;
constexpr int64_t kSchemaTimeoutMs = 5 * 60'000;
constexpr int64_t kReplicaTimeoutMs = 60'000;
constexpr int64_t kCheckTimeoutMs = 5 * 60'000;
constexpr int64_t kScratchTimeoutMs = 15 * 60'000;

const std::string& IdOf(const v1::AgentMessage& message) {
  static const std::string* const none = new std::string;
  switch (message.body_case()) {
    case v1::AgentMessage::kFingerprint:
      return message.fingerprint().request_id();
    case v1::AgentMessage::kSchema:
      return message.schema().request_id();
    case v1::AgentMessage::kRehearsal:
      return message.rehearsal().request_id();
    case v1::AgentMessage::kReplica:
      return message.replica().request_id();
    case v1::AgentMessage::kCheck:
      return message.check().request_id();
    default:
      return *none;
  }
}

absl::Status ErrorOf(const std::string& error, int code,
                     const std::string& target) {
  if (error.empty()) return absl::OkStatus();
  const auto status_code = static_cast<absl::StatusCode>(code);
  return absl::Status(status_code == absl::StatusCode::kOk
                          ? absl::StatusCode::kUnknown
                          : status_code,
                      absl::StrCat(target, ": ", error));
}

// Narrows an answer to the message wanted, with the agent's error as status.
template <typename T, typename Get>
std::function<void(absl::StatusOr<v1::AgentMessage>)> Narrow(
    std::string target, Get get, AgentCalls::Done<T> done) {
  return [target = std::move(target), get,
          done = std::move(done)](absl::StatusOr<v1::AgentMessage> answer) {
    if (!answer.ok()) return done(answer.status());
    T* const reply = get(*answer);
    if (reply == nullptr) {
      return done(absl::InternalError(absl::StrCat(
          "the agent of ", target, " answered another question than asked")));
    }
    absl::Status error = ErrorOf(reply->error(), reply->error_code(), target);
    if (!error.ok()) return done(std::move(error));
    done(std::move(*reply));
  };
}

v1::SchemaReply* SchemaOf(v1::AgentMessage& message) {
  return message.has_schema() ? message.mutable_schema() : nullptr;
}

}  // namespace

void AgentCalls::Fingerprint(const std::string& target,
                             Done<v1::FingerprintReport> done) {
  const std::string id = NewId();
  v1::CoordinatorMessage message;
  message.mutable_fingerprint()->set_request_id(id);
  message.mutable_fingerprint()->set_target(target);
  const auto get = [](v1::AgentMessage& answer) {
    return answer.has_fingerprint() ? answer.mutable_fingerprint() : nullptr;
  };
  Ask(target, id, "its fingerprint", kFingerprintTimeoutMs, std::move(message),
      Narrow<v1::FingerprintReport>(target, get, std::move(done)));
}

void AgentCalls::Schema(const std::string& target, Done<v1::SchemaReply> done) {
  const std::string id = NewId();
  v1::CoordinatorMessage message;
  message.mutable_schema()->set_request_id(id);
  message.mutable_schema()->set_target(target);
  Ask(target, id, "its schema", kSchemaTimeoutMs, std::move(message),
      Narrow<v1::SchemaReply>(target, SchemaOf, std::move(done)));
}

void AgentCalls::Scratch(const std::string& target, const std::string& sql,
                         const std::string& file_name,
                         Done<v1::SchemaReply> done) {
  const std::string id = NewId();
  v1::CoordinatorMessage message;
  v1::ScratchRequest& request = *message.mutable_scratch();
  request.set_request_id(id);
  request.set_target(target);
  request.set_sql(sql);
  request.set_file_name(file_name);
  Ask(target, id, "loading SQL into its scratch database", kScratchTimeoutMs,
      std::move(message),
      Narrow<v1::SchemaReply>(target, SchemaOf, std::move(done)));
}

void AgentCalls::Rehearse(const std::string& target, const v1::Schema& from,
                          const v1::Plan& plan, Done<v1::RehearsalReply> done) {
  const std::string id = NewId();
  v1::CoordinatorMessage message;
  v1::RehearsalRequest& request = *message.mutable_rehearsal();
  request.set_request_id(id);
  request.set_target(target);
  *request.mutable_from() = from;
  *request.mutable_plan() = plan;
  const auto get = [](v1::AgentMessage& answer) {
    return answer.has_rehearsal() ? answer.mutable_rehearsal() : nullptr;
  };
  Ask(target, id, "rehearsing a plan", kScratchTimeoutMs, std::move(message),
      Narrow<v1::RehearsalReply>(target, get, std::move(done)));
}

void AgentCalls::Replica(const std::string& target, const v1::StreamHead& head,
                         Done<v1::ReplicaReply> done) {
  const std::string id = NewId();
  v1::CoordinatorMessage message;
  v1::ReplicaRequest& request = *message.mutable_replica();
  request.set_request_id(id);
  request.set_target(target);
  *request.mutable_head() = head;
  const auto get = [](v1::AgentMessage& answer) {
    return answer.has_replica() ? answer.mutable_replica() : nullptr;
  };
  Ask(target, id, "its replica of the history", kReplicaTimeoutMs,
      std::move(message),
      Narrow<v1::ReplicaReply>(target, get, std::move(done)));
}

void AgentCalls::Check(const std::string& target, const v1::Plan& plan,
                       Done<v1::CheckReply> done) {
  const std::string id = NewId();
  v1::CoordinatorMessage message;
  v1::CheckRequest& request = *message.mutable_check();
  request.set_request_id(id);
  request.set_target(target);
  *request.mutable_plan() = plan;
  const auto get = [](v1::AgentMessage& answer) {
    return answer.has_check() ? answer.mutable_check() : nullptr;
  };
  Ask(target, id, "the checks of a plan", kCheckTimeoutMs, std::move(message),
      Narrow<v1::CheckReply>(target, get, std::move(done)));
}

std::string AgentCalls::NewId() {
  absl::MutexLock lock(&mutex_);
  return absl::StrCat("q-", ++last_id_);
}

void AgentCalls::Ask(
    const std::string& target, const std::string& id, const std::string& what,
    int64_t timeout_ms, v1::CoordinatorMessage message,
    std::function<void(absl::StatusOr<v1::AgentMessage>)> done) {
  absl::StatusOr<std::shared_ptr<AgentStream>> stream = fleet_.Reach(target);
  if (!stream.ok()) return done(stream.status());
  Pending pending{*stream, target, what, clock_.BootMs() + timeout_ms,
                  std::move(done)};
  {
    absl::MutexLock lock(&mutex_);
    if (!shut_down_) {
      pending_.emplace(id, std::move(pending));
      pending.done = nullptr;
    }
  }
  if (pending.done != nullptr) {
    return pending.done(absl::UnavailableError("the coordinator is stopping"));
  }
  if ((*stream)->Send(std::move(message))) return;
  EndIf([&](const Pending& one) { return one.stream == *stream; },
        [](const Pending& one) {
          return absl::UnavailableError(
              absl::StrCat("agent ", one.stream->agent(), " of target ",
                           one.target, " went away"));
        });
}

bool AgentCalls::Answer(const AgentStream& stream, v1::AgentMessage& message) {
  const std::string& id = IdOf(message);
  if (id.empty()) return false;
  Pending pending;
  {
    absl::MutexLock lock(&mutex_);
    const auto found = pending_.find(id);
    if (found == pending_.end() || found->second.stream.get() != &stream) {
      return false;
    }
    pending = std::move(found->second);
    pending_.erase(found);
  }
  pending.done(std::move(message));
  return true;
}

void AgentCalls::EndIf(const std::function<bool(const Pending&)>& matches,
                       const std::function<absl::Status(const Pending&)>& why) {
  std::vector<Pending> ended;
  {
    absl::MutexLock lock(&mutex_);
    for (auto it = pending_.begin(); it != pending_.end();) {
      if (matches(it->second)) {
        ended.push_back(std::move(it->second));
        it = pending_.erase(it);
      } else {
        ++it;
      }
    }
  }
  for (Pending& pending : ended) pending.done(why(pending));
}

void AgentCalls::AgentLost(const AgentStream& stream) {
  EndIf([&](const Pending& one) { return one.stream.get() == &stream; },
        [](const Pending& one) {
          return absl::UnavailableError(absl::StrCat(
              "agent ", one.stream->agent(), " of target ", one.target,
              " went away while it was asked for ", one.what));
        });
}

void AgentCalls::Expire() {
  const int64_t now_ms = clock_.BootMs();
  EndIf([&](const Pending& one) { return one.deadline_ms <= now_ms; },
        [](const Pending& one) {
          return absl::DeadlineExceededError(
              absl::StrCat("agent ", one.stream->agent(), " of target ",
                           one.target, " did not answer in time: ", one.what));
        });
}

void AgentCalls::Shutdown() {
  {
    absl::MutexLock lock(&mutex_);
    shut_down_ = true;
  }
  EndIf([](const Pending&) { return true; },
        [](const Pending&) {
          return absl::UnavailableError("the coordinator is stopping");
        });
}

}  // namespace fleet
