#include "lib/engine/marker.h"

#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "lib/base/status.h"
#include "lib/engine/sql.h"

namespace fleet {
namespace {

using Values = std::vector<std::pair<absl::string_view, std::string>>;

absl::StatusOr<std::string> Quoted(absl::string_view text,
                                   const Dialect& dialect) {
  Sql sql(dialect.quoting());
  sql << Literal{text};
  return sql.Text();
}

// All placeholders are replaced in one pass, so a value that looks like a
// placeholder stays what it is.
absl::StatusOr<std::string> Filled(absl::string_view sql, uint64_t epoch,
                                   const AppliedMarker& marker,
                                   const Dialect& dialect) {
  Values values = {
      {"{epoch}", absl::StrCat(epoch)},
      {"{group}", absl::StrCat(marker.group)},
      {"{attempt}", absl::StrCat(marker.attempt)},
  };
  const std::pair<absl::string_view, absl::string_view> texts[] = {
      {"{plan}", marker.plan_id},
      {"{rollout}", marker.rollout},
      {"{before}", marker.fingerprint_before},
      {"{after}", marker.fingerprint_after},
  };
  for (const auto& [name, text] : texts) {
    ASSIGN_OR_RETURN(std::string quoted, Quoted(text, dialect));
    values.emplace_back(name, std::move(quoted));
  }
  return absl::StrReplaceAll(sql, values);
}

absl::StatusOr<uint64_t> EpochIn(const RowSet& rows) {
  uint64_t epoch = 0;
  if (rows.rows() != 1 || !absl::SimpleAtoi(rows.at(0, 0), &epoch)) {
    return absl::FailedPreconditionError(
        "fleetctl's own state in the database is damaged: no epoch is stored");
  }
  return epoch;
}

}  // namespace

absl::Status EnsureMarkers(Session& session, const Dialect& dialect) {
  const absl::Status there =
      session.Query(dialect.marker().read_epoch).status();
  if (there.ok()) return there;
  // Anything but "no such table" is not a reason to create it.
  if (ErrorClassOf(there) != ErrorClass::kPlan) return there;
  RETURN_IF_ERROR(session.Begin());
  absl::Status status = session.ExecuteAll(dialect.marker().create, nullptr);
  if (status.ok()) status = session.Commit();
  if (!status.ok()) session.Rollback().IgnoreError();
  return Annotate(status, "creating fleetctl's own tables");
}

absl::StatusOr<uint64_t> ReadEpoch(Session& session, const Dialect& dialect) {
  const absl::StatusOr<std::unique_ptr<RowSet>> rows =
      session.Query(dialect.marker().read_epoch);
  if (rows.ok()) return EpochIn(**rows);
  // The server refuses the statement itself: "no such table".
  if (ErrorClassOf(rows.status()) == ErrorClass::kPlan) return 0;
  return rows.status();
}

absl::StatusOr<std::string> ClaimEpochSql(const Dialect& dialect,
                                          uint64_t epoch) {
  return Filled(dialect.marker().claim_epoch, epoch, {}, dialect);
}

absl::StatusOr<std::string> WriteMarkerSql(const Dialect& dialect,
                                           uint64_t epoch,
                                           const AppliedMarker& marker) {
  return Filled(dialect.marker().insert_applied, epoch, marker, dialect);
}

absl::Status ClaimEpoch(Session& session, const Dialect& dialect,
                        uint64_t epoch) {
  ASSIGN_OR_RETURN(const std::string sql, ClaimEpochSql(dialect, epoch));
  ASSIGN_OR_RETURN(const std::unique_ptr<RowSet> rows, session.Query(sql));
  if (rows->rows() == 1) return absl::OkStatus();
  ASSIGN_OR_RETURN(const uint64_t stored, ReadEpoch(session, dialect));
  if (stored == epoch) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("a newer coordinator has acted here (have epoch ", stored,
                   ", this order's is ", epoch, ")"));
}

absl::Status WriteMarker(Session& session, const Dialect& dialect,
                         uint64_t epoch, const AppliedMarker& marker) {
  ASSIGN_OR_RETURN(const std::string sql,
                   WriteMarkerSql(dialect, epoch, marker));
  return session.Execute(sql);
}

absl::StatusOr<bool> HasMarker(Session& session, const Dialect& dialect,
                               const AppliedMarker& marker) {
  ASSIGN_OR_RETURN(const std::string sql,
                   Filled(dialect.marker().read_applied, 0, marker, dialect));
  ASSIGN_OR_RETURN(const std::unique_ptr<RowSet> rows, session.Query(sql));
  return rows->rows() > 0;
}

}  // namespace fleet
