#include "lib/engine/sqlite/session.h"

#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "lib/base/printable.h"
#include "lib/base/status.h"
#include "lib/engine/sqlite/disk.h"
#include "lib/engine/sqlite/result_code.h"
#include "lib/engine/sqlite/script.h"

namespace fleet {
namespace {

constexpr int kBusyTimeoutMsDefault = 5'000;
// Steps of SQLite's machine between two looks at the clock.
constexpr int kProgressSteps = 20'000;

struct SqliteCloser {
  void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
};
struct SqliteFinalizer {
  void operator()(sqlite3_stmt* statement) const {
    sqlite3_finalize(statement);
  }
};
using SqliteDatabase = std::unique_ptr<sqlite3, SqliteCloser>;
using SqliteStatement = std::unique_ptr<sqlite3_stmt, SqliteFinalizer>;

// A copy of all rows: statements do not stay open behind the caller's back.
class SqliteRowSet : public RowSet {
 public:
  explicit SqliteRowSet(int columns) : columns_(columns) {}

  void Add(sqlite3_stmt* statement) {
    for (int i = 0; i < columns_; ++i) {
      const bool is_null = sqlite3_column_type(statement, i) == SQLITE_NULL;
      const auto* text =
          reinterpret_cast<const char*>(sqlite3_column_text(statement, i));
      const int bytes = sqlite3_column_bytes(statement, i);
      cells_.push_back({bytes_.size(), static_cast<size_t>(bytes), is_null});
      if (text != nullptr) bytes_.append(text, static_cast<size_t>(bytes));
    }
    ++rows_;
  }

  int rows() const override { return rows_; }
  int columns() const override { return columns_; }
  bool is_null(int row, int column) const override {
    return CellAt(row, column).is_null;
  }
  absl::string_view at(int row, int column) const override {
    const Cell& cell = CellAt(row, column);
    return absl::string_view(bytes_).substr(cell.offset, cell.size);
  }

 private:
  struct Cell {
    size_t offset;
    size_t size;
    bool is_null;
  };
  const Cell& CellAt(int row, int column) const {
    return cells_[static_cast<size_t>(row) * columns_ + column];
  }

  const int columns_;
  int rows_ = 0;
  std::string bytes_;
  std::vector<Cell> cells_;
};

// A switch of sqlite3_db_config, and what sessions pin it to. Files that people
// wrote for the sqlite3 shell run with the library's own settings.
struct Switch {
  int option;
  int pinned;
};
constexpr Switch kSwitches[] = {
    {SQLITE_DBCONFIG_DQS_DDL, 0},
    {SQLITE_DBCONFIG_DQS_DML, 0},
    {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
    {SQLITE_DBCONFIG_DEFENSIVE, 1},
    {SQLITE_DBCONFIG_LEGACY_ALTER_TABLE, 0},
    {SQLITE_DBCONFIG_ENABLE_TRIGGER, 1},
    {SQLITE_DBCONFIG_ENABLE_VIEW, 1},
};
constexpr size_t kSwitchCount = sizeof(kSwitches) / sizeof(kSwitches[0]);

// Settings of PRAGMA with the value that reads back. Foreign keys are not
// enforced: with them, DROP TABLE deletes rows of other tables; plans check
// them before COMMIT instead.
struct PinnedPragma {
  absl::string_view name;
  absl::string_view value;
};
constexpr PinnedPragma kPragmas[] = {
    {"synchronous", "3"},        {"foreign_keys", "0"},
    {"defer_foreign_keys", "0"}, {"ignore_check_constraints", "0"},
    {"recursive_triggers", "0"}, {"writable_schema", "0"},
    {"query_only", "0"},         {"cell_size_check", "1"},
};

class SqliteSession : public Session {
 public:
  SqliteSession(SqliteDatabase database, bool read_only)
      : database_(std::move(database)), read_only_(read_only) {
    info_.engine = v1::SQLITE;
    info_.flavour = "sqlite";
    info_.server_version = sqlite3_libversion_number();
    const char* file = sqlite3_db_filename(database_.get(), "main");
    if (file != nullptr) file_ = file;
    file_id_ = sqlite::FileId(file_);
    sqlite3_extended_result_codes(database_.get(), 1);
    sqlite3_limit(database_.get(), SQLITE_LIMIT_ATTACHED, 0);
    for (size_t i = 0; i < kSwitchCount; ++i) {
      sqlite3_db_config(database_.get(), kSwitches[i].option, -1,
                        &library_switches_[i]);
    }
  }

  // Sets what is pinned and checks what the library made of it.
  absl::Status Pin();

  const SchemaInfo& info() const override { return info_; }
  absl::Status Execute(absl::string_view sql) override {
    return Query(sql).status();
  }
  absl::StatusOr<std::unique_ptr<RowSet>> Query(absl::string_view sql) override;
  absl::StatusOr<std::vector<std::unique_ptr<RowSet>>> QuerySnapshot(
      absl::Span<const std::string> queries,
      const FollowUp& follow_up) override;
  absl::Status ExecuteAll(absl::Span<const std::string> statements,
                          int* failed) override;
  absl::Status RunScript(absl::string_view sql,
                         absl::string_view file_name) override;
  absl::Status Begin() override;
  absl::Status Commit() override;
  absl::Status Rollback() override {
    return IsIdle() ? absl::OkStatus() : Execute("ROLLBACK");
  }
  absl::Status TakeFence(absl::Duration wait) override;
  void ReleaseFence() override {}
  absl::Status SetTimeouts(int64_t lock_timeout_ms,
                           int64_t statement_timeout_ms) override;
  void Cancel() override { sqlite3_interrupt(database_.get()); }
  bool IsBroken() const override { return is_broken_ || IsReplaced(); }

 private:
  bool IsIdle() const { return sqlite3_get_autocommit(database_.get()) != 0; }
  // Another file has the name now, as after a restored backup.
  bool IsReplaced() const { return sqlite::FileId(file_) != file_id_; }
  // PermissionDenied where the system lets this process only read the file.
  absl::Status CheckWritable() const;
  absl::Status Error(int code) const {
    return SqliteError(code, sqlite3_errmsg(database_.get()));
  }
  // Null where `sql` begins with nothing but blanks and comments; `sql` then
  // moves past them, else past the statement.
  absl::StatusOr<SqliteStatement> Prepare(absl::string_view& sql) const;
  absl::StatusOr<SqliteStatement> PrepareOnly(absl::string_view sql) const;
  absl::Status Step(sqlite3_stmt* statement, SqliteRowSet* rows);
  absl::Status RunStatements(absl::string_view script,
                             absl::string_view file_name);
  static int OnProgress(void* session);

  const SqliteDatabase database_;
  const bool read_only_;
  std::string file_;     // empty: in memory
  std::string file_id_;  // when it was opened
  SchemaInfo info_;
  bool is_broken_ = false;
  int library_switches_[kSwitchCount] = {};
  int busy_timeout_ms_ = kBusyTimeoutMsDefault;
  absl::Duration statement_timeout_ = absl::InfiniteDuration();
  absl::Time deadline_ = absl::InfiniteFuture();
};

absl::StatusOr<SqliteStatement> SqliteSession::Prepare(
    absl::string_view& sql) const {
  if (sql.size() >= std::numeric_limits<int>::max()) {
    return absl::InvalidArgumentError("the statement is longer than 2 GiB");
  }
  sqlite3_stmt* statement = nullptr;
  const char* tail = nullptr;
  const int code =
      sqlite3_prepare_v2(database_.get(), sql.data(),
                         static_cast<int>(sql.size()), &statement, &tail);
  SqliteStatement owner(statement);
  if (code != SQLITE_OK) return Error(code);
  sql.remove_prefix(static_cast<size_t>(tail - sql.data()));
  return owner;
}

absl::StatusOr<SqliteStatement> SqliteSession::PrepareOnly(
    absl::string_view sql) const {
  if (sql.find('\0') != sql.npos) {
    return absl::InvalidArgumentError("the statement has a NUL byte");
  }
  absl::string_view rest = sql;
  ASSIGN_OR_RETURN(SqliteStatement statement, Prepare(rest));
  if (statement == nullptr) {
    return absl::InvalidArgumentError("the statement is empty");
  }
  while (!rest.empty()) {
    const absl::StatusOr<SqliteStatement> second = Prepare(rest);
    if (!second.ok() || *second != nullptr) {
      return absl::InvalidArgumentError(
          "more than one statement where one is expected");
    }
  }
  return statement;
}

int SqliteSession::OnProgress(void* session) {
  return absl::Now() > static_cast<SqliteSession*>(session)->deadline_ ? 1 : 0;
}

absl::Status SqliteSession::Step(sqlite3_stmt* statement, SqliteRowSet* rows) {
  deadline_ = absl::Now() + statement_timeout_;
  for (;;) {
    const int code = sqlite3_step(statement);
    if (code == SQLITE_DONE) return absl::OkStatus();
    if (code != SQLITE_ROW) return Error(code);
    if (rows != nullptr) rows->Add(statement);
  }
}

absl::StatusOr<std::unique_ptr<RowSet>> SqliteSession::Query(
    absl::string_view sql) {
  ASSIGN_OR_RETURN(const SqliteStatement statement, PrepareOnly(sql));
  auto rows =
      std::make_unique<SqliteRowSet>(sqlite3_column_count(statement.get()));
  RETURN_IF_ERROR(Step(statement.get(), rows.get()));
  return rows;
}

absl::StatusOr<std::vector<std::unique_ptr<RowSet>>>
SqliteSession::QuerySnapshot(absl::Span<const std::string> queries,
                             const FollowUp& follow_up) {
  const bool own_transaction = IsIdle();
  if (own_transaction) RETURN_IF_ERROR(Execute("BEGIN"));
  std::vector<std::unique_ptr<RowSet>> results;
  std::vector<std::string> all(queries.begin(), queries.end());
  absl::Status status;
  for (size_t i = 0; i < all.size(); ++i) {
    absl::StatusOr<std::unique_ptr<RowSet>> rows = Query(all[i]);
    status = rows.status();
    if (!status.ok()) break;
    results.push_back(*std::move(rows));
    if (i > 0 || !follow_up) continue;
    for (std::string& more : follow_up(*results.front())) {
      all.push_back(std::move(more));
    }
  }
  // Nothing was written, so there is nothing to lose.
  if (own_transaction) status.Update(Rollback());
  if (!status.ok()) return status;
  return results;
}

absl::Status SqliteSession::ExecuteAll(absl::Span<const std::string> statements,
                                       int* failed) {
  if (failed != nullptr) *failed = -1;
  for (size_t i = 0; i < statements.size(); ++i) {
    absl::Status status = Execute(statements[i]);
    if (status.ok()) continue;
    if (failed != nullptr) *failed = static_cast<int>(i);
    return status;
  }
  return absl::OkStatus();
}

absl::Status SqliteSession::CheckWritable() const {
  if (IsReplaced()) {
    return ServerError(absl::StatusCode::kUnavailable,
                       ErrorClass::kEnvironmental, "",
                       absl::StrCat("SQLite file ", Printable(file_),
                                    " was replaced since it was opened"));
  }
  if (sqlite3_db_readonly(database_.get(), "main") != 1) {
    return absl::OkStatus();
  }
  return ServerError(
      absl::StatusCode::kPermissionDenied, ErrorClass::kEnvironmental,
      "SQLITE_READONLY",
      absl::StrCat("file ", Printable(file_),
                   " is read-only for this process; let it write the file and "
                   "its folder"));
}

absl::Status SqliteSession::Begin() {
  if (read_only_) return Execute("BEGIN");
  RETURN_IF_ERROR(CheckWritable());
  return Execute("BEGIN IMMEDIATE");
}

absl::Status SqliteSession::Commit() {
  const absl::Status status = Execute("COMMIT");
  if (status.ok() || ErrorClassOf(status) == ErrorClass::kRetryable) {
    return status;
  }
  // A disk that failed during COMMIT may have made it durable or not; the next
  // one to open the file finds out.
  if (absl::IsUnavailable(status)) {
    is_broken_ = true;
    return ServerError(absl::StatusCode::kUnavailable, ErrorClass::kUnknown, "",
                       status.message());
  }
  return status;
}

absl::Status SqliteSession::TakeFence(absl::Duration wait) {
  if (!read_only_) RETURN_IF_ERROR(CheckWritable());
  sqlite3_busy_timeout(database_.get(), static_cast<int>(std::clamp<int64_t>(
                                            absl::ToInt64Milliseconds(wait), 0,
                                            std::numeric_limits<int>::max())));
  const absl::Status status = Execute("BEGIN IMMEDIATE");
  sqlite3_busy_timeout(database_.get(), busy_timeout_ms_);
  if (status.ok()) return Execute("ROLLBACK");
  if (ErrorClassOf(status) != ErrorClass::kRetryable) return status;
  return ServerError(
      absl::StatusCode::kAborted, ErrorClass::kRetryable, "",
      absl::StrCat("another process writes to the database (waited ",
                   absl::FormatDuration(wait), "): ", status.message()));
}

absl::Status SqliteSession::SetTimeouts(int64_t lock_timeout_ms,
                                        int64_t statement_timeout_ms) {
  // No limit is SQLite's "give up at once"; wait as long as an int can say.
  constexpr int64_t kMax = std::numeric_limits<int>::max();
  busy_timeout_ms_ = static_cast<int>(
      lock_timeout_ms <= 0 ? kMax : std::min(lock_timeout_ms, kMax));
  sqlite3_busy_timeout(database_.get(), busy_timeout_ms_);
  statement_timeout_ = statement_timeout_ms <= 0
                           ? absl::InfiniteDuration()
                           : absl::Milliseconds(statement_timeout_ms);
  sqlite3_progress_handler(database_.get(),
                           statement_timeout_ms <= 0 ? 0 : kProgressSteps,
                           OnProgress, this);
  return absl::OkStatus();
}

absl::Status SqliteSession::Pin() {
  for (const Switch& row : kSwitches) {
    int have = -1;
    sqlite3_db_config(database_.get(), row.option, row.pinned, &have);
    if (have != row.pinned) {
      return absl::FailedPreconditionError(absl::StrCat(
          "SQLite does not take switch ", row.option, " (have ", have,
          ", want ", row.pinned, "); use SQLite 3.31 or later"));
    }
  }
  sqlite3_busy_timeout(database_.get(), busy_timeout_ms_);
  for (const PinnedPragma& row : kPragmas) {
    RETURN_IF_ERROR(
        Execute(absl::StrCat("PRAGMA ", row.name, " = ", row.value)));
    ASSIGN_OR_RETURN(const std::unique_ptr<RowSet> rows,
                     Query(absl::StrCat("PRAGMA ", row.name)));
    if (rows->rows() != 1 || rows->at(0, 0) != row.value) {
      return absl::FailedPreconditionError(
          absl::StrCat("SQLite does not take PRAGMA ", row.name, " = ",
                       row.value, "; use a library that has it"));
    }
  }
  return absl::OkStatus();
}

absl::Status SqliteSession::RunStatements(absl::string_view script,
                                          absl::string_view file_name) {
  constexpr absl::string_view kByteOrderMark = "\xEF\xBB\xBF";
  absl::string_view rest = script;
  if (rest.substr(0, 3) == kByteOrderMark) rest.remove_prefix(3);
  for (;;) {
    rest.remove_prefix(sqlite::BlankPrefix(rest));
    if (rest.empty()) return absl::OkStatus();
    const auto begin = static_cast<size_t>(rest.data() - script.data());
    const absl::StatusOr<SqliteStatement> statement = Prepare(rest);
    absl::Status status = statement.status();
    size_t offset = begin;
    if (!status.ok()) {
      const int in_statement = sqlite3_error_offset(database_.get());
      if (in_statement > 0) offset += static_cast<size_t>(in_statement);
    } else if (*statement != nullptr) {
      status = Step(statement->get(), nullptr);
    }
    if (!status.ok()) return sqlite::ErrorAt(script, offset, file_name, status);
  }
}

absl::Status SqliteSession::RunScript(absl::string_view sql,
                                      absl::string_view file_name) {
  const bool own_transaction = IsIdle();
  if (sql.find('\0') != sql.npos) {
    return absl::InvalidArgumentError(absl::StrCat(
        Printable(file_name), ": has a NUL byte; is it SQL text?"));
  }
  for (size_t i = 0; i < kSwitchCount; ++i) {
    sqlite3_db_config(database_.get(), kSwitches[i].option,
                      library_switches_[i], nullptr);
  }
  absl::Status status = RunStatements(sql, file_name);
  if (own_transaction && !IsIdle()) {
    Rollback().IgnoreError();
    if (status.ok()) {
      status = absl::InvalidArgumentError(
          absl::StrCat(Printable(file_name),
                       ": the script ends inside a transaction; add COMMIT"));
    }
  }
  status.Update(Pin());
  return status;
}

absl::Status OpenError(const std::string& path, int code,
                       absl::string_view message) {
  const std::string shown = Printable(path);
  if (access(path.c_str(), F_OK) != 0) {
    return absl::NotFoundError(
        absl::StrCat("SQLite file ", shown, " is not there"));
  }
  return Annotate(SqliteError(code, message),
                  absl::StrCat("opening SQLite file ", shown));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Session>> OpenSqliteSession(
    const std::string& path, const SessionOptions& options) {
  if (path.empty()) {
    return absl::InvalidArgumentError(
        "no file in the URL; write sqlite:PATH or sqlite::memory:");
  }
  int flags = options.read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  if (options.create || path == ":memory:") {
    flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  }
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &raw,
                                   flags | SQLITE_OPEN_FULLMUTEX, nullptr);
  SqliteDatabase database(raw);
  if (code != SQLITE_OK) {
    return OpenError(path, code,
                     raw ? sqlite3_errmsg(raw) : sqlite3_errstr(code));
  }
  if (!options.read_only) RETURN_IF_ERROR(sqlite::CheckFileSystem(path));
  RETURN_IF_ERROR(sqlite::AddDiskFunctions(raw));
  auto session =
      std::make_unique<SqliteSession>(std::move(database), options.read_only);
  absl::Status status = session->Pin();
  // The first read of the file: only now SQLite sees whether it is a database.
  if (status.ok()) status = session->Query("PRAGMA schema_version").status();
  if (!status.ok()) {
    return Annotate(status,
                    absl::StrCat("opening SQLite file ", Printable(path)));
  }
  return session;
}

}  // namespace fleet
