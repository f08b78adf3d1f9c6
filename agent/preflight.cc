#include "agent/preflight.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "agent/executor.h"
#include "lib/engine/make_plan.h"
#include "lib/engine/run_checks.h"

namespace fleet {

namespace {

Refusal Unreachable(const absl::Status& status) {
  const ErrorClass error_class = ErrorClassOf(status);
  Refusal refusal{v1::TARGET_BLOCKED, "unreachable",
                  std::string(status.message()), ""};
  refusal.may_pass = error_class == ErrorClass::kUnknown ||
                     error_class == ErrorClass::kRetryable ||
                     absl::IsUnavailable(status);
  return refusal;
}

}  // namespace

std::optional<Refusal> Preflight::Check(const v1::Prepare& prepare,
                                        std::string* token) {
  std::optional<Refusal> refusal = CheckOrder(prepare);
  // What a started order made of the schema is for recovery to say.
  if (!refusal && prepare.granted_nonce().empty()) {
    refusal = CheckLive(prepare, token);
    if (!refusal) refusal = CheckData(prepare);
    if (!refusal) refusal = CheckTools(prepare);
  }
  if (!refusal) refusal = MakeRoom(prepare);
  return refusal;
}

std::optional<Refusal> Preflight::CheckOrder(const v1::Prepare& prepare) {
  if (target_.read_only) {
    return Refusal{v1::TARGET_BLOCKED, "read_only",
                   absl::StrCat("target ", target_.name,
                                " is read-only in its agent's configuration"),
                   ""};
  }
  const std::string id = PlanId(prepare.plan());
  if (id != prepare.plan().id()) {
    return Refusal{v1::TARGET_FAILED, "plan",
                   absl::StrCat("plan ", prepare.plan().id(),
                                " is not what its id says (have ", id, ")"),
                   ""};
  }
  if (prepare.plan().engine() != target_.engine) {
    return Refusal{v1::TARGET_FAILED, "plan",
                   absl::StrCat("plan ", id, " is not for the engine of ",
                                target_.name, ", ", dialect_.name()),
                   ""};
  }
  return {};
}

std::optional<Refusal> Preflight::CheckLive(const v1::Prepare& prepare,
                                            std::string* token) {
  absl::StatusOr<Prober::Reading> live = session_.Read([&](Session& session) {
    return prober_.ReadFingerprint(session, prepare.plan().scope());
  });
  if (!live.ok()) return Unreachable(live.status());
  if (live->fingerprint != prepare.plan().from_fingerprint()) {
    return Refusal{v1::TARGET_DRIFTED, "drift",
                   DriftMessage(target_.name, prepare.plan(), live->fingerprint,
                                prepare.plan().from_fingerprint()),
                   live->fingerprint};
  }
  *token = std::move(live->token);
  return {};
}

std::optional<Refusal> Preflight::CheckData(const v1::Prepare& prepare) {
  if (!HasChecks(prepare.plan())) return {};
  const absl::StatusOr<std::vector<v1::Finding>> findings = session_.Read(
      [&](Session& session) { return RunChecks(session, prepare.plan()); });
  if (!findings.ok()) return Unreachable(findings.status());
  if (findings->empty() || findings->front().warning()) return {};
  return Refusal{v1::TARGET_BLOCKED, "data", findings->front().message(), ""};
}

std::optional<Refusal> Preflight::CheckTools(const v1::Prepare& prepare) {
  if (prepare.online_change().tool().empty()) return {};
  absl::StatusOr<std::string> objection = session_.Read(
      [&](Session& session) { return tools_.Objection(session, prepare); });
  if (!objection.ok()) return Unreachable(objection.status());
  if (objection->empty()) return {};
  return Refusal{v1::TARGET_BLOCKED, "policy", *std::move(objection), ""};
}

// An order that was started has the target to itself. One that was not gives
// way: its coordinator prepares another only after it forgot this one.
std::optional<Refusal> Preflight::MakeRoom(const v1::Prepare& prepare) {
  const OrderKey key = KeyOf(prepare);
  for (const OrderState& order : journal_.OpenOrders(target_.name)) {
    if (order.key == key || order.finished) continue;
    if (order.started) {
      return Refusal{
          v1::TARGET_BLOCKED, "busy",
          absl::StrCat("rollout ", order.key.rollout, " is running on ",
                       target_.name, "; wait until it has ended"),
          ""};
    }
    const absl::Status status =
        journal_.Append({EntryOf(order.key, v1::JournalEntry::ACKED)});
    if (!status.ok()) {
      return Refusal{v1::TARGET_BLOCKED, "journal",
                     std::string(status.message()), ""};
    }
  }
  return {};
}

}  // namespace fleet
