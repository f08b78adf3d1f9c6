#include "lib/engine/run_plan.h"

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "lib/base/printable.h"
#include "lib/base/status.h"

namespace fleet {
namespace {

constexpr size_t kShownSqlBytesMax = 120;

using Statements = google::protobuf::RepeatedPtrField<v1::Statement>;

std::string ShownSql(absl::string_view sql) {
  if (sql.size() <= kShownSqlBytesMax) return Printable(sql);
  return absl::StrCat(Printable(sql.substr(0, kShownSqlBytesMax)), "…");
}

absl::Status CheckCommit(Session& session, const Dialect& dialect,
                         const v1::Plan& plan) {
  for (const std::string& check : dialect.CommitChecks(plan)) {
    ASSIGN_OR_RETURN(const std::unique_ptr<RowSet> rows, session.Query(check));
    if (rows->rows() > 0) {
      return absl::FailedPreconditionError(absl::StrCat(
          "a check before COMMIT failed: ", Printable(rows->at(0, 0))));
    }
  }
  return absl::OkStatus();
}

absl::Status RunStatement(Session& session, const v1::Statement& statement) {
  for (const std::string& setting : statement.settings()) {
    RETURN_IF_ERROR(session.Execute(setting));
  }
  absl::Status status = session.Execute(statement.sql());
  for (const std::string& setting : statement.settings_end()) {
    status.Update(session.Execute(setting));
  }
  return status;
}

// One group of statements: [begin, end) of `statements`.
absl::Status RunGroup(Session& session, const Dialect& dialect,
                      const v1::Plan& plan, const Statements& statements,
                      int begin, int end) {
  const bool transactional = statements.Get(begin).transactional();
  if (transactional) RETURN_IF_ERROR(session.Begin());
  for (int i = begin; i < end; ++i) {
    const absl::Status status = RunStatement(session, statements.Get(i));
    if (status.ok()) continue;
    if (transactional) session.Rollback().IgnoreError();
    return absl::FailedPreconditionError(absl::StrCat(
        "statement ", i + 1, " (", ShownSql(statements.Get(i).sql()),
        "): ", status.message()));
  }
  if (!transactional) return absl::OkStatus();
  absl::Status status = CheckCommit(session, dialect, plan);
  if (status.ok()) status = session.Commit();
  if (!status.ok()) session.Rollback().IgnoreError();
  return status;
}

absl::Status RunGroups(Session& session, const Dialect& dialect,
                       const v1::Plan& plan, Statements& statements,
                       const AfterGroup& after_group) {
  for (int begin = 0; begin < statements.size();) {
    int end = begin + 1;
    while (end < statements.size() &&
           statements.Get(end).group() == statements.Get(begin).group()) {
      ++end;
    }
    RETURN_IF_ERROR(RunGroup(session, dialect, plan, statements, begin, end));
    if (after_group) {
      RETURN_IF_ERROR(after_group(*statements.Mutable(end - 1)));
    }
    begin = end;
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status RunPlan(Session& session, const Dialect& dialect, v1::Plan& plan,
                     PlanDirection direction, const AfterGroup& after_group) {
  Statements& statements = direction == PlanDirection::kForward
                               ? *plan.mutable_statements()
                               : *plan.mutable_reverse();
  if (statements.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(session.ExecuteAll(dialect.PlanPrologue(plan), nullptr));
  absl::Status status =
      RunGroups(session, dialect, plan, statements, after_group);
  status.Update(session.ExecuteAll(dialect.PlanEpilogue(plan), nullptr));
  return status;
}

}  // namespace fleet
