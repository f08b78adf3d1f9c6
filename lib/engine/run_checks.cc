#include "lib/engine/run_checks.h"

#include <algorithm>
#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lib/base/printable.h"
#include "lib/base/status.h"

namespace fleet {
namespace {

// Of one check: a table of a billion rows is not read through before each plan.
constexpr int64_t kStatementTimeoutMs = 20'000;
constexpr int64_t kLockTimeoutMs = 2'000;
// Of one check while all are asked together: a snapshot of many is not to be
// held for long.
constexpr int64_t kTogetherTimeoutMs = 1'000;
// Of one plan: what a target has wrong is seen in the first few.
constexpr size_t kFindingsMax = 20;

// The code without the message, which may hold a row's values.
absl::string_view CodeOf(const absl::Status& status) {
  const absl::string_view message = status.message();
  return message.substr(0, message.find(':'));
}

std::string MessageOf(const v1::Check& check, const RowSet& rows) {
  return absl::StrCat(check.message(), " (", Printable(rows.at(0, 0)), ")");
}

// Everything in one snapshot, which costs a round trip: what most targets of a
// fleet take. False where any of it fails; then each is for itself.
bool RunTogether(Session& session, const std::vector<const v1::Check*>& checks,
                 std::vector<v1::Finding>& findings) {
  if (!session.SetTimeouts(kLockTimeoutMs, kTogetherTimeoutMs).ok()) {
    return false;
  }
  std::vector<std::string> queries;
  queries.reserve(checks.size());
  for (const v1::Check* check : checks) queries.push_back(check->sql());
  const auto answers = session.QuerySnapshot(queries);
  if (!answers.ok()) return false;
  for (size_t i = 0; i < checks.size(); ++i) {
    const RowSet& rows = *(*answers)[i];
    if (rows.rows() == 0) continue;
    v1::Finding& finding = findings.emplace_back();
    finding.set_warning(checks[i]->warning());
    finding.set_message(MessageOf(*checks[i], rows));
  }
  return true;
}

// Appends what one check finds, if anything.
absl::Status RunCheck(Session& session, const v1::Check& check,
                      std::vector<v1::Finding>& findings) {
  const auto answer = session.QuerySnapshot({check.sql()});
  v1::Finding finding;
  finding.set_warning(check.warning());
  if (answer.ok()) {
    const RowSet& rows = *answer->front();
    if (rows.rows() == 0) return absl::OkStatus();
    finding.set_message(MessageOf(check, rows));
  } else if (session.IsBroken() ||
             ErrorClassOf(answer.status()) == ErrorClass::kUnknown) {
    return answer.status();
  } else if (ErrorClassOf(answer.status()) == ErrorClass::kData) {
    finding.set_message(
        absl::StrCat(check.message(), " (", CodeOf(answer.status()), ")"));
  } else {
    finding.set_warning(true);
    finding.set_message(absl::StrCat(
        "a check could not be asked (", Printable(answer.status().message()),
        "): whether it finds that ", check.message()));
  }
  findings.push_back(std::move(finding));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<v1::Finding>> RunChecks(Session& session,
                                                   const v1::Plan& plan) {
  std::vector<const v1::Check*> checks;
  for (const v1::Statement& statement : plan.statements()) {
    for (const v1::Check& check : statement.checks()) checks.push_back(&check);
  }
  std::vector<v1::Finding> findings;
  if (checks.empty()) return findings;
  if (!RunTogether(session, checks, findings)) {
    RETURN_IF_ERROR(session.SetTimeouts(kLockTimeoutMs, kStatementTimeoutMs));
    for (const v1::Check* check : checks) {
      if (findings.size() >= kFindingsMax) break;
      RETURN_IF_ERROR(RunCheck(session, *check, findings));
    }
  }
  std::stable_partition(
      findings.begin(), findings.end(),
      [](const v1::Finding& finding) { return !finding.warning(); });
  if (findings.size() > kFindingsMax) findings.resize(kFindingsMax);
  return findings;
}

bool HasChecks(const v1::Plan& plan) {
  return std::any_of(plan.statements().begin(), plan.statements().end(),
                     [](const v1::Statement& statement) {
                       return statement.checks_size() > 0;
                     });
}

}  // namespace fleet
