#include "agent/tool_runner.h"

#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "agent/child_program.h"
#include "lib/base/log.h"
#include "lib/base/printable.h"
#include "lib/base/status.h"

namespace fleet {
namespace {

// The fence is lost with the session, and a server closes idle ones.
constexpr absl::Duration kPingEvery = absl::Seconds(10);

// Asks the session now and then; false when it is gone, and the fence with it.
class Heartbeat {
 public:
  explicit Heartbeat(Session& session)
      : session_(session), next_(absl::Now() + kPingEvery) {}

  bool Beat() {
    if (absl::Now() < next_) return true;
    next_ = absl::Now() + kPingEvery;
    session_.Query("SELECT 1").status().IgnoreError();
    return !session_.IsBroken();
  }

 private:
  Session& session_;
  absl::Time next_;
};

absl::Status Failure(absl::string_view tool, const ProgramEnd& end) {
  return ServerError(absl::StatusCode::kAborted, ErrorClass::kEnvironmental,
                     tool,
                     absl::StrCat("ended with exit code ", end.exit_code,
                                  end.last_line.empty() ? "" : ": ",
                                  Printable(end.last_line)));
}

}  // namespace

std::string ToolRunner::ObjectionTo(const v1::OnlineChange& policy,
                                    const v1::OnlineAlter& alter) const {
  if (alter.clauses().empty()) {
    return absl::StrCat("changing table ", Printable(alter.table()), " of ",
                        target_.name, " blocks its writers, and ",
                        policy.tool(),
                        " cannot make the change: ", alter.refusal(),
                        "; raise online_change.from in the policy");
  }
  if (!target_.online_tools.contains(policy.tool())) {
    return absl::StrCat("the policy gives table ", Printable(alter.table()),
                        " of ", target_.name, " to ", policy.tool(),
                        ", which its agent may not run; add it to "
                        "online_tools in the agent's configuration");
  }
  const absl::Status found = FindProgram(policy.tool()).status();
  return std::string(found.message());
}

absl::StatusOr<std::string> ToolRunner::Objection(
    Session& session, const v1::Prepare& order) const {
  for (const v1::Statement& statement : order.plan().statements()) {
    if (!statement.has_online()) continue;
    ASSIGN_OR_RETURN(const bool takes,
                     Takes(session, order.online_change(), statement.online()));
    if (!takes) continue;
    std::string objection =
        ObjectionTo(order.online_change(), statement.online());
    if (!objection.empty()) return objection;
    ASSIGN_OR_RETURN(const std::unique_ptr<RowSet> taken,
                     session.Query(dialect_.online_changes()->TakenNamesQuery(
                         statement.online())));
    if (taken->rows() > 0) {
      return absl::StrCat("table ", Printable(taken->at(0, 0)), " of ",
                          target_.name, " has a name that ",
                          order.online_change().tool(),
                          " needs; rename or drop it");
    }
  }
  return "";
}

absl::StatusOr<bool> ToolRunner::Takes(Session& session,
                                       const v1::OnlineChange& policy,
                                       const v1::OnlineAlter& alter) const {
  const OnlineChanges* changes = dialect_.online_changes();
  if (policy.tool().empty() || alter.table().empty() || changes == nullptr) {
    return false;
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<RowSet> rows,
                   session.Query(changes->SizeQuery(alter)));
  int64_t bytes = 0;
  return rows->rows() > 0 && absl::SimpleAtoi(rows->at(0, 0), &bytes) &&
         bytes >= policy.from_bytes();
}

absl::Status ToolRunner::Run(
    Session& session, const v1::OnlineChange& policy,
    const v1::OnlineAlter& alter, int64_t lock_timeout_ms,
    const std::function<void(const std::string&)>& on_note,
    const std::function<bool()>& is_stopping) const {
  const std::string& tool = policy.tool();
  if (std::string objection = ObjectionTo(policy, alter); !objection.empty()) {
    return absl::FailedPreconditionError(objection);
  }
  const OnlineChanges& changes = *dialect_.online_changes();
  ASSIGN_OR_RETURN(const std::string url, UrlWithPassword(target_));
  ASSIGN_OR_RETURN(const ProgramCall call,
                   changes.Call(tool, url, alter, lock_timeout_ms,
                                target_.online_tools.at(tool)));
  LogInfo("tool begins",
          {{"target", target_.name}, {"tool", tool}, {"table", alter.table()}});
  Heartbeat heartbeat(session);
  ASSIGN_OR_RETURN(
      const ProgramEnd end,
      RunProgram(
          call,
          [&](absl::string_view line) {
            const std::string progress = changes.ReadProgress(tool, line);
            if (!progress.empty()) {
              on_note(absl::StrCat(tool, " ", Printable(alter.table()), ": ",
                                   progress));
            }
          },
          [&] { return heartbeat.Beat() && !is_stopping(); }));
  LogInfo("tool ended", {{"target", target_.name},
                         {"tool", tool},
                         {"exit_code", absl::StrCat(end.exit_code)},
                         {"last_line", end.last_line}});
  if (end.exit_code == 0 && !end.stopped) return absl::OkStatus();
  const absl::Status cleaned = changes.CleanUp(session, alter);
  // Triggers may be there still: only recovery may go on, and it begins with
  // this again.
  if (!cleaned.ok()) {
    return ServerError(absl::StatusCode::kUnavailable, ErrorClass::kUnknown,
                       tool,
                       absl::StrCat("what it left is not taken away yet: ",
                                    cleaned.message()));
  }
  return Failure(tool, end);
}

absl::Status ToolRunner::CleanUp(Session& session, const v1::Prepare& order,
                                 const v1::Plan& plan) const {
  const OnlineChanges* changes = dialect_.online_changes();
  if (order.online_change().tool().empty() || changes == nullptr) {
    return absl::OkStatus();
  }
  for (const v1::Statement& statement : plan.statements()) {
    if (statement.online().clauses().empty()) continue;
    RETURN_IF_ERROR(changes->CleanUp(session, statement.online()));
  }
  return absl::OkStatus();
}

}  // namespace fleet
