#include "lib/engine/mysql/session.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "lib/base/digest.h"
#include "lib/base/printable.h"
#include "lib/base/status.h"
#include "lib/engine/mysql/connection.h"
#include "lib/engine/mysql/definer.h"
#include "lib/engine/mysql/error_code.h"
#include "lib/engine/mysql/flavour.h"
#include "lib/engine/mysql/script.h"

namespace fleet {
namespace {

using mysql::Connection;

// For connections that nobody has told anything else.
constexpr int64_t kLockTimeoutMs = 30'000;
constexpr int64_t kNoLockTimeoutS = 31'536'000;

struct Pinned {
  absl::string_view variable;
  absl::string_view value;  // as it is set
  absl::string_view read;   // as it reads back
};
constexpr Pinned kPinned[] = {
    {"sql_mode", "", mysql::kPinnedSqlMode},
    {"time_zone", "'+00:00'", "+00:00"},
    {"character_set_client", "utf8mb4", "utf8mb4"},
    {"character_set_results", "utf8mb4", "utf8mb4"},
    {"collation_connection", "utf8mb4_general_ci", "utf8mb4_general_ci"},
    {"foreign_key_checks", "1", "1"},
    {"unique_checks", "1", "1"},
    {"autocommit", "1", "1"},
    {"sql_quote_show_create", "1", "1"},
    {"sql_safe_updates", "0", "0"},
    {"sql_auto_is_null", "0", "0"},
    {"explicit_defaults_for_timestamp", "1", "1"},
    {"innodb_lock_wait_timeout", "30", "30"},
};

class MysqlSession : public Session {
 public:
  MysqlSession(Connection connection, mysql::Address address,
               const SessionOptions& options)
      : connection_(std::move(connection)),
        address_(std::move(address)),
        options_(options) {}

  // Asks what the server is, sets what is pinned and checks what came of it.
  absl::Status Start();

  const SchemaInfo& info() const override { return info_; }
  absl::Status Execute(absl::string_view sql) override;
  absl::StatusOr<std::unique_ptr<RowSet>> Query(absl::string_view sql) override;
  absl::StatusOr<std::vector<std::unique_ptr<RowSet>>> QuerySnapshot(
      absl::Span<const std::string> queries,
      const FollowUp& follow_up) override;
  absl::Status ExecuteAll(absl::Span<const std::string> statements,
                          int* failed) override;
  absl::Status RunScript(absl::string_view sql,
                         absl::string_view file_name) override;
  absl::Status Begin() override {
    return Execute(options_.read_only ? "START TRANSACTION READ ONLY"
                                      : "START TRANSACTION");
  }
  absl::Status Commit() override { return Execute("COMMIT"); }
  absl::Status Rollback() override { return Execute("ROLLBACK"); }
  absl::Status TakeFence(absl::Duration wait) override;
  void ReleaseFence() override;
  absl::Status SetTimeouts(int64_t lock_timeout_ms,
                           int64_t statement_timeout_ms) override;
  void Cancel() override;
  bool IsBroken() const override { return is_broken_; }

 private:
  absl::StatusOr<std::unique_ptr<RowSet>> Run(absl::string_view sql);
  // Appends the answers, in order.
  absl::Status RunEach(absl::Span<const std::string> queries,
                       std::vector<std::unique_ptr<RowSet>>& results);
  absl::Status Failed(absl::Status status);
  absl::Status Pin();
  absl::Status CheckPinned();
  absl::Status CheckWarnings();
  absl::Status RunStatements(absl::string_view script,
                             absl::string_view file_name);
  std::string FenceName() const;

  const Connection connection_;
  const mysql::Address address_;
  const SessionOptions options_;
  SchemaInfo info_;
  std::string database_;
  bool is_broken_ = false;
  bool has_fence_ = false;
  // As the server has them; -1: not known.
  int64_t lock_timeout_ms_ = -1;
  int64_t statement_timeout_ms_ = -1;
};

absl::Status MysqlSession::Failed(absl::Status status) {
  if (ErrorClassOf(status) == ErrorClass::kUnknown) is_broken_ = true;
  return status;
}

absl::StatusOr<std::unique_ptr<RowSet>> MysqlSession::Run(
    absl::string_view sql) {
  if (is_broken_) {
    return mysql::ServerErrorOf(2006, "the connection was lost; open another");
  }
  if (mysql_real_query(connection_.get(), sql.data(), sql.size()) != 0) {
    return Failed(mysql::ErrorOf(connection_.get()));
  }
  absl::StatusOr<std::unique_ptr<RowSet>> rows =
      mysql::TakeResult(connection_.get());
  if (!rows.ok()) return Failed(rows.status());
  return rows;
}

absl::StatusOr<std::unique_ptr<RowSet>> MysqlSession::Query(
    absl::string_view sql) {
  return Run(sql);
}

absl::Status MysqlSession::Execute(absl::string_view sql) {
  RETURN_IF_ERROR(Run(sql).status());
  return mysql_warning_count(connection_.get()) > 0 ? CheckWarnings()
                                                    : absl::OkStatus();
}

absl::Status MysqlSession::CheckWarnings() {
  ASSIGN_OR_RETURN(const std::unique_ptr<RowSet> rows, Run("SHOW WARNINGS"));
  for (int row = 0; row < rows->rows(); ++row) {
    unsigned code = 0;
    if (rows->at(row, 0) == "Note" ||
        !absl::SimpleAtoi(rows->at(row, 1), &code) ||
        !mysql::IsHarmfulWarning(code)) {
      continue;
    }
    return mysql::ServerErrorOf(
        code, absl::StrCat(rows->at(row, 2),
                           " (a warning: the statement has been run)"));
  }
  return absl::OkStatus();
}

absl::Status MysqlSession::RunEach(
    absl::Span<const std::string> queries,
    std::vector<std::unique_ptr<RowSet>>& results) {
  results.reserve(results.size() + queries.size());
  for (const std::string& query : queries) {
    ASSIGN_OR_RETURN(std::unique_ptr<RowSet> rows, Run(query));
    results.push_back(std::move(rows));
  }
  return absl::OkStatus();
}

// The dictionary knows no snapshots; what changes meanwhile shows as a table
// that is not there, or in the next reading.
absl::StatusOr<std::vector<std::unique_ptr<RowSet>>>
MysqlSession::QuerySnapshot(absl::Span<const std::string> queries,
                            const FollowUp& follow_up) {
  std::vector<std::unique_ptr<RowSet>> results;
  RETURN_IF_ERROR(RunEach(queries, results));
  if (follow_up != nullptr) {
    RETURN_IF_ERROR(RunEach(follow_up(*results.front()), results));
  }
  return results;
}

absl::Status MysqlSession::ExecuteAll(absl::Span<const std::string> statements,
                                      int* failed) {
  if (failed != nullptr) *failed = -1;
  for (size_t i = 0; i < statements.size(); ++i) {
    const absl::Status status = Execute(statements[i]);
    if (status.ok()) continue;
    if (failed != nullptr) *failed = static_cast<int>(i);
    return status;
  }
  return absl::OkStatus();
}

// One lock per database; names have at most 64 characters.
std::string MysqlSession::FenceName() const {
  return absl::StrCat("fleetctl ", Sha256Hex(database_).substr(0, 32));
}

absl::Status MysqlSession::TakeFence(absl::Duration wait) {
  if (has_fence_) return absl::OkStatus();
  ASSIGN_OR_RETURN(
      const std::unique_ptr<RowSet> rows,
      Run(absl::StrCat("SELECT GET_LOCK('", FenceName(), "', ",
                       std::max<int64_t>(absl::ToInt64Seconds(wait), 0),
                       "), CONNECTION_ID()")));
  has_fence_ = rows->at(0, 0) == "1";
  // A proxy may give the next statement to another connection, which does not
  // hold the lock.
  uint64_t id = 0;
  if (!absl::SimpleAtoi(rows->at(0, 1), &id) ||
      id != mysql_thread_id(connection_.get())) {
    ReleaseFence();
    return ServerError(
        absl::StatusCode::kFailedPrecondition, ErrorClass::kEnvironmental, "",
        "the URL leads to a proxy, which cannot hold a session lock; give the "
        "server's own address");
  }
  if (has_fence_) return absl::OkStatus();
  return ServerError(
      absl::StatusCode::kAborted, ErrorClass::kRetryable, "",
      absl::StrCat("another fleetctl session holds the database's lock (",
                   "waited ", absl::FormatDuration(wait), ")"));
}

void MysqlSession::ReleaseFence() {
  if (!std::exchange(has_fence_, false) || is_broken_) return;
  Run(absl::StrCat("SELECT RELEASE_LOCK('", FenceName(), "')"))
      .status()
      .IgnoreError();
}

absl::Status MysqlSession::SetTimeouts(int64_t lock_timeout_ms,
                                       int64_t statement_timeout_ms) {
  if (lock_timeout_ms == lock_timeout_ms_ &&
      statement_timeout_ms == statement_timeout_ms_) {
    return absl::OkStatus();
  }
  // Whole seconds, and 0 would not wait at all.
  const int64_t lock_s =
      lock_timeout_ms == 0 ? kNoLockTimeoutS : (lock_timeout_ms + 999) / 1000;
  std::string sql = absl::StrCat("SET SESSION lock_wait_timeout = ", lock_s);
  if (mysql::FlavourOf(info_).is_mariadb) {
    absl::StrAppend(&sql, ", max_statement_time = ",
                    static_cast<double>(statement_timeout_ms) / 1000.0);
  }
  RETURN_IF_ERROR(Run(sql).status());
  lock_timeout_ms_ = lock_timeout_ms;
  statement_timeout_ms_ = statement_timeout_ms;
  return absl::OkStatus();
}

void MysqlSession::Cancel() {
  const absl::StatusOr<Connection> other = mysql::Connect(address_, options_);
  if (!other.ok()) return;
  const std::string sql =
      absl::StrCat("KILL QUERY ", mysql_thread_id(connection_.get()));
  mysql_real_query(other->get(), sql.data(), sql.size());
}

absl::Status MysqlSession::Start() {
  ASSIGN_OR_RETURN(const std::unique_ptr<RowSet> rows,
                   Run("SELECT @@version, @@version_comment, DATABASE()"));
  info_ = mysql::ParseServer(rows->at(0, 0), rows->at(0, 1));
  database_ = std::string(rows->at(0, 2));
  if (rows->is_null(0, 2)) {
    return absl::InvalidArgumentError(
        "the URL names no database; add one: mysql://host/database");
  }
  return Pin();
}

absl::Status MysqlSession::Pin() {
  std::vector<std::string> parts;
  for (const Pinned& row : kPinned) {
    // Some servers let nobody set it; they have it then.
    if (row.variable == "explicit_defaults_for_timestamp") continue;
    parts.push_back(row.value.empty()
                        ? absl::StrCat(row.variable, " = '", row.read, "'")
                        : absl::StrCat(row.variable, " = ", row.value));
  }
  RETURN_IF_ERROR(
      Run(absl::StrCat("SET SESSION ", absl::StrJoin(parts, ", "))).status());
  if (mysql::FlavourOf(info_).is_mariadb) {
    // Else no table that keeps its history could be altered.
    RETURN_IF_ERROR(
        Run("SET SESSION system_versioning_alter_history = KEEP").status());
  }
  if (options_.read_only) {
    RETURN_IF_ERROR(Run("SET SESSION TRANSACTION READ ONLY").status());
  }
  RETURN_IF_ERROR(SetTimeouts(kLockTimeoutMs, 0));
  absl::Status status = CheckPinned();
  if (status.ok() || is_broken_) return status;
  RETURN_IF_ERROR(
      Run("SET SESSION explicit_defaults_for_timestamp = 1").status());
  return CheckPinned();
}

absl::Status MysqlSession::CheckPinned() {
  std::vector<std::string> names;
  for (const Pinned& row : kPinned) {
    names.push_back(absl::StrCat("@@session.", row.variable));
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<RowSet> rows,
                   Run(absl::StrCat("SELECT ", absl::StrJoin(names, ", "))));
  int column = 0;
  for (const Pinned& row : kPinned) {
    const absl::string_view have = rows->at(0, column++);
    if (have == row.read) continue;
    return absl::FailedPreconditionError(absl::StrCat(
        "the server does not take the setting ", row.variable, " (have \"",
        Printable(have), "\", want \"", row.read, "\")"));
  }
  return absl::OkStatus();
}

absl::Status MysqlSession::RunStatements(absl::string_view script,
                                         absl::string_view file_name) {
  for (const mysql::ScriptStatement& statement : mysql::SplitScript(script)) {
    const absl::Status status = Run(statement.text).status();
    if (status.ok()) continue;
    const absl::string_view before = script.substr(0, statement.offset);
    const auto line = std::count(before.begin(), before.end(), '\n') + 1;
    const size_t newline = before.rfind('\n');
    const size_t column =
        newline == before.npos ? before.size() + 1 : before.size() - newline;
    return ServerError(
        is_broken_ ? status.code() : absl::StatusCode::kInvalidArgument,
        ErrorClassOf(status), "",
        absl::StrCat(Printable(file_name), ":", line, ":", column, ": ",
                     status.message()));
  }
  return absl::OkStatus();
}

// The script gets what the client would give it, and leaves nothing behind but
// what it did to the database.
absl::Status MysqlSession::RunScript(absl::string_view sql,
                                     absl::string_view file_name) {
  if (sql.find('\0') != sql.npos) {
    return absl::InvalidArgumentError(absl::StrCat(
        Printable(file_name), ": has a NUL byte; is it SQL text?"));
  }
  RETURN_IF_ERROR(
      Run("SET SESSION sql_mode = DEFAULT, time_zone = DEFAULT").status());
  absl::Status status = RunStatements(sql, file_name);
  if (is_broken_) return status;
  lock_timeout_ms_ = -1;
  status.Update(Run("ROLLBACK").status());
  status.Update(Pin());
  return status;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Session>> OpenMysqlSession(
    const std::string& url, const SessionOptions& options) {
  ASSIGN_OR_RETURN(mysql::Address address, mysql::ParseAddress(url));
  absl::StatusOr<Connection> connection = mysql::Connect(address, options);
  if (!connection.ok()) {
    return Annotate(connection.status(),
                    absl::StrCat("connecting to ", RedactUrl(url)));
  }
  auto session = std::make_unique<MysqlSession>(*std::move(connection),
                                                std::move(address), options);
  const absl::Status status = session->Start();
  if (!status.ok()) {
    return Annotate(status, absl::StrCat("connecting to ", RedactUrl(url)));
  }
  return session;
}

}  // namespace fleet
