#include "lib/engine/postgres/session.h"

#include <cstring>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/random/random.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "lib/base/digest.h"
#include "lib/base/printable.h"
#include "lib/base/status.h"
#include "lib/engine/postgres/connection.h"
#include "lib/engine/postgres/script.h"
#include "lib/engine/postgres/settings.h"
#include "lib/engine/postgres/sqlstate.h"

namespace fleet {
namespace {

constexpr char kBeginSnapshot[] =
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
// Twice what an introspection asks. What comes later (the checks of one plan)
// is not asked often, and an agent's session may live for months.
constexpr size_t kKeptPlansMax = 40;
constexpr absl::Duration kFencePollMin = absl::Milliseconds(30);
constexpr absl::Duration kFencePollMax = absl::Milliseconds(250);

// The key of the one advisory lock; advisory locks are per database.
int64_t FenceKey() {
  const std::string hash = Sha256("fleetctl fence");
  int64_t key;
  std::memcpy(&key, hash.data(), sizeof(key));
  return key;
}

struct PgCancelFreer {
  void operator()(PGcancel* cancel) const { PQfreeCancel(cancel); }
};

class PostgresSession : public Session {
 public:
  PostgresSession(PgConnection connection, const SessionOptions& options)
      : connection_(std::move(connection)),
        cancel_(PQgetCancel(connection_.get())),
        read_only_(options.read_only),
        keep_plans_(options.keep_plans) {
    info_.engine = v1::POSTGRES;
    info_.flavour = "postgresql";
    info_.server_version = PQserverVersion(connection_.get());
  }

  // Sets what is pinned and checks what the server made of it.
  absl::Status Pin();

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
  absl::Status Begin() override;
  absl::Status Commit() override;
  absl::Status Rollback() override;
  absl::Status TakeFence(absl::Duration wait) override;
  void ReleaseFence() override;
  absl::Status SetTimeouts(int64_t lock_timeout_ms,
                           int64_t statement_timeout_ms) override;
  void Cancel() override;
  bool IsBroken() const override {
    return is_broken_ || PQstatus(connection_.get()) != CONNECTION_OK;
  }

 private:
  bool IsIdle() const {
    return PQtransactionStatus(connection_.get()) == PQTRANS_IDLE;
  }
  // One statement by the extended protocol, which takes no second one.
  absl::StatusOr<PgResult> Run(absl::string_view sql);
  absl::Status Check(const PGresult* result);
  // The server parses and plans `queries` once for this session.
  absl::Status KeepPlans(absl::Span<const std::string> queries);
  // A pipeline: what is sent between its start and SendSync goes in one round
  // trip. False when the connection takes no more.
  absl::Status StartPipeline();
  bool Send(const std::string& statement);
  // By its kept plan, where there is one.
  bool SendQuery(const std::string& query);
  absl::Status SendSync(bool sent);
  // Appends `count` answers and stops at nothing but a lost connection. Unless
  // there was a failure before, notes the first in `status` and its index.
  void ReadAnswers(size_t count, std::vector<std::unique_ptr<RowSet>>& answers,
                   absl::Status& status, int* failed);
  absl::Status ReadSync();
  // SendSync, and reads the answers to all.
  absl::Status EndPipeline(size_t count, bool sent, int* failed);
  absl::Status PinSettings(bool with_optional);
  absl::Status RunStatements(absl::string_view script,
                             absl::string_view file_name);
  absl::StatusOr<bool> TryFence();

  const PgConnection connection_;
  const std::unique_ptr<PGcancel, PgCancelFreer> cancel_;
  const bool read_only_;
  const bool keep_plans_;
  SchemaInfo info_;
  bool is_broken_ = false;
  bool has_fence_ = false;
  // As the server has them; -1: not known.
  int64_t lock_timeout_ms_ = -1;
  int64_t statement_timeout_ms_ = -1;
  // Query → the name it is prepared under.
  absl::flat_hash_map<std::string, std::string> plans_;
  int last_plan_ = 0;
};

absl::Status PostgresSession::Check(const PGresult* result) {
  absl::Status status = CheckPgResult(connection_.get(), result);
  if (!status.ok() && ErrorClassOf(status) == ErrorClass::kUnknown) {
    is_broken_ = true;
  }
  return status;
}

absl::StatusOr<PgResult> PostgresSession::Run(absl::string_view sql) {
  if (IsBroken()) {
    return PostgresError("08003", "the connection was lost; open another");
  }
  const std::string text(sql);
  PgResult result(PQexecParams(connection_.get(), text.c_str(), 0, nullptr,
                               nullptr, nullptr, nullptr, 0));
  const ExecStatusType state = PQresultStatus(result.get());
  if (state == PGRES_COPY_IN || state == PGRES_COPY_OUT ||
      state == PGRES_COPY_BOTH) {
    // There is nobody to talk to on this end, and no way out but closing.
    is_broken_ = true;
    return absl::InvalidArgumentError(
        "COPY from stdin or to stdout cannot run here; use a file or INSERT");
  }
  RETURN_IF_ERROR(Check(result.get()));
  return result;
}

absl::Status PostgresSession::Execute(absl::string_view sql) {
  return Run(sql).status();
}

absl::StatusOr<std::unique_ptr<RowSet>> PostgresSession::Query(
    absl::string_view sql) {
  ASSIGN_OR_RETURN(PgResult result, Run(sql));
  return MakePgRowSet(std::move(result));
}

absl::Status PostgresSession::StartPipeline() {
  if (IsBroken()) {
    return PostgresError("08003", "the connection was lost; open another");
  }
  if (PQenterPipelineMode(connection_.get()) == 1) return absl::OkStatus();
  is_broken_ = true;
  return PostgresError("08006", "cannot send to the server");
}

bool PostgresSession::Send(const std::string& statement) {
  return PQsendQueryParams(connection_.get(), statement.c_str(), 0, nullptr,
                           nullptr, nullptr, nullptr, 0) == 1;
}

bool PostgresSession::SendQuery(const std::string& query) {
  const auto plan = plans_.find(query);
  if (plan == plans_.end()) return Send(query);
  return PQsendQueryPrepared(connection_.get(), plan->second.c_str(), 0,
                             nullptr, nullptr, nullptr, 0) == 1;
}

absl::Status PostgresSession::SendSync(bool sent) {
  if (sent && PQpipelineSync(connection_.get()) == 1) return absl::OkStatus();
  is_broken_ = true;
  return PostgresError(
      "08006", Printable(absl::StrCat("cannot send to the server: ",
                                      PQerrorMessage(connection_.get()))));
}

// The server skips what follows a failure; those answers are read all the same.
void PostgresSession::ReadAnswers(size_t count,
                                  std::vector<std::unique_ptr<RowSet>>& answers,
                                  absl::Status& status, int* failed) {
  PGconn* connection = connection_.get();
  for (size_t i = 0; i < count && !is_broken_; ++i) {
    PgResult result(PQgetResult(connection));
    if (status.ok()) {
      status = Check(result.get());
      if (!status.ok() && failed != nullptr) *failed = static_cast<int>(i);
    }
    answers.push_back(MakeCompactRowSet(std::move(result)));
    // The null that ends each statement's results.
    while (!is_broken_ && PgResult(PQgetResult(connection)) != nullptr) {
    }
  }
}

absl::Status PostgresSession::ReadSync() {
  if (!is_broken_) {
    const PgResult sync(PQgetResult(connection_.get()));
    if (PQresultStatus(sync.get()) != PGRES_PIPELINE_SYNC) is_broken_ = true;
  }
  if (PQexitPipelineMode(connection_.get()) != 1) is_broken_ = true;
  if (!is_broken_) return absl::OkStatus();
  return PostgresError("08006", "the server did not answer to the end");
}

absl::Status PostgresSession::EndPipeline(size_t count, bool sent,
                                          int* failed) {
  RETURN_IF_ERROR(SendSync(sent));
  std::vector<std::unique_ptr<RowSet>> answers;
  absl::Status status;
  ReadAnswers(count, answers, status, failed);
  status.Update(ReadSync());
  return status;
}

absl::Status PostgresSession::KeepPlans(absl::Span<const std::string> queries) {
  std::vector<std::pair<std::string, std::string>> fresh;
  for (const std::string& query : queries) {
    if (plans_.contains(query)) continue;
    if (plans_.size() + fresh.size() >= kKeptPlansMax) break;
    fresh.emplace_back(query, absl::StrCat("fleetctl_", ++last_plan_));
  }
  if (fresh.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(StartPipeline());
  bool sent = true;
  for (const auto& [query, name] : fresh) {
    sent = sent && PQsendPrepare(connection_.get(), name.c_str(), query.c_str(),
                                 0, nullptr) == 1;
  }
  RETURN_IF_ERROR(EndPipeline(fresh.size(), sent, nullptr));
  plans_.insert(fresh.begin(), fresh.end());
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::unique_ptr<RowSet>>>
PostgresSession::QuerySnapshot(absl::Span<const std::string> queries,
                               const FollowUp& follow_up) {
  if (keep_plans_) RETURN_IF_ERROR(KeepPlans(queries));
  const bool own_transaction = IsIdle();
  const size_t first = own_transaction ? 1 : 0;
  RETURN_IF_ERROR(StartPipeline());
  bool sent = !own_transaction || Send(kBeginSnapshot);
  for (size_t i = 0; i < queries.size(); ++i) {
    sent = sent && SendQuery(queries[i]);
    // The first answer comes while the server works on those behind it.
    if (i == 0 && follow_up) {
      sent = sent && PQsendFlushRequest(connection_.get()) == 1;
    }
  }
  std::vector<std::unique_ptr<RowSet>> answers;
  absl::Status status;
  size_t count = first + queries.size();
  if (sent && follow_up) {
    ReadAnswers(first + 1, answers, status, nullptr);
    if (status.ok()) {
      for (const std::string& query : follow_up(*answers[first])) {
        sent = sent && SendQuery(query);
        ++count;
      }
    }
  }
  if (own_transaction) sent = sent && Send("COMMIT");
  if (!is_broken_) status.Update(SendSync(sent));
  ReadAnswers(count + first - answers.size(), answers, status, nullptr);
  status.Update(ReadSync());
  if (!status.ok()) {
    if (own_transaction && !is_broken_) Rollback().IgnoreError();
    return status;
  }
  if (own_transaction) {  // without BEGIN and COMMIT
    answers.erase(answers.begin());
    answers.pop_back();
  }
  return answers;
}

absl::Status PostgresSession::ExecuteAll(
    absl::Span<const std::string> statements, int* failed) {
  if (failed != nullptr) *failed = -1;
  if (statements.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(StartPipeline());
  bool sent = true;
  for (const std::string& statement : statements) {
    sent = sent && Send(statement);
  }
  return EndPipeline(statements.size(), sent, failed);
}

absl::Status PostgresSession::Begin() {
  return Execute(read_only_ ? "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY"
                            : "BEGIN ISOLATION LEVEL READ COMMITTED");
}

absl::Status PostgresSession::Commit() {
  ASSIGN_OR_RETURN(const PgResult result, Run("COMMIT"));
  // The answer to COMMIT of a failed transaction is a polite ROLLBACK.
  if (absl::string_view(PQcmdStatus(result.get())) != "COMMIT") {
    return PostgresError("25P02",
                         "the transaction had failed and was rolled back");
  }
  return absl::OkStatus();
}

absl::Status PostgresSession::Rollback() {
  if (!IsBroken() && IsIdle()) return absl::OkStatus();
  return Execute("ROLLBACK");
}

absl::StatusOr<bool> PostgresSession::TryFence() {
  ASSIGN_OR_RETURN(
      const std::unique_ptr<RowSet> rows,
      Query(absl::StrCat("SELECT pg_catalog.pg_try_advisory_lock(", FenceKey(),
                         "), pg_catalog.pg_backend_pid()")));
  const bool taken = rows->at(0, 0) == "t";
  // A pooler answers with a process of its own, and may give the next statement
  // to another backend, which does not hold the lock.
  int pid = 0;
  if (!absl::SimpleAtoi(rows->at(0, 1), &pid) ||
      pid != PQbackendPID(connection_.get())) {
    if (taken) ReleaseFence();
    return ServerError(
        absl::StatusCode::kFailedPrecondition, ErrorClass::kEnvironmental, "",
        "the URL leads to a connection pooler, which cannot hold a session "
        "lock; give the server's own address");
  }
  return taken;
}

absl::Status PostgresSession::TakeFence(absl::Duration wait) {
  if (has_fence_) return absl::OkStatus();
  const absl::Time deadline = absl::Now() + wait;
  absl::BitGen random;
  for (;;) {
    ASSIGN_OR_RETURN(has_fence_, TryFence());
    if (has_fence_) return absl::OkStatus();
    const absl::Duration left = deadline - absl::Now();
    if (left <= absl::ZeroDuration()) {
      return ServerError(
          absl::StatusCode::kAborted, ErrorClass::kRetryable, "",
          absl::StrCat("another fleetctl session holds the database's lock (",
                       "waited ", absl::FormatDuration(wait), ")"));
    }
    const absl::Duration pause = absl::Milliseconds(
        absl::Uniform<int64_t>(random, absl::ToInt64Milliseconds(kFencePollMin),
                               absl::ToInt64Milliseconds(kFencePollMax)));
    absl::SleepFor(std::min(pause, left));
  }
}

void PostgresSession::ReleaseFence() {
  has_fence_ = false;
  if (IsBroken()) return;
  Execute(
      absl::StrCat("SELECT pg_catalog.pg_advisory_unlock(", FenceKey(), ")"))
      .IgnoreError();
}

absl::Status PostgresSession::SetTimeouts(int64_t lock_timeout_ms,
                                          int64_t statement_timeout_ms) {
  if (lock_timeout_ms == lock_timeout_ms_ &&
      statement_timeout_ms == statement_timeout_ms_) {
    return absl::OkStatus();
  }
  const bool was_idle = IsIdle();
  RETURN_IF_ERROR(Execute(absl::StrCat(
      "SELECT pg_catalog.set_config('lock_timeout', '", lock_timeout_ms,
      "', false), pg_catalog.set_config('statement_timeout', '",
      statement_timeout_ms, "', false)")));
  // A rollback would take the settings of its transaction back.
  lock_timeout_ms_ = was_idle ? lock_timeout_ms : -1;
  statement_timeout_ms_ = was_idle ? statement_timeout_ms : -1;
  return absl::OkStatus();
}

void PostgresSession::Cancel() {
  char error[256];
  PQcancel(cancel_.get(), error, sizeof(error));
}

absl::Status PostgresSession::PinSettings(bool with_optional) {
  const std::vector<PinnedSetting> settings =
      PinnedSettings(info_.server_version, read_only_, with_optional);
  ASSIGN_OR_RETURN(const std::unique_ptr<RowSet> rows,
                   Query(PinQuery(settings)));
  for (size_t i = 0; i < settings.size(); ++i) {
    const absl::string_view have = rows->at(0, static_cast<int>(i));
    if (have == settings[i].value) continue;
    return absl::FailedPreconditionError(absl::StrCat(
        "the server does not take the setting ", settings[i].name, " (have \"",
        Printable(have), "\", want \"", settings[i].value, "\")"));
  }
  lock_timeout_ms_ = 0;
  statement_timeout_ms_ = 0;
  return absl::OkStatus();
}

absl::Status PostgresSession::Pin() {
  absl::Status status = PinSettings(/*with_optional=*/true);
  if (status.ok() || IsBroken()) return status;
  return PinSettings(/*with_optional=*/false);
}

absl::Status PostgresSession::RunStatements(absl::string_view script,
                                            absl::string_view file_name) {
  for (const ScriptStatement& statement : SplitPostgresScript(script)) {
    const std::string text(statement.text);
    const PgResult result(PQexecParams(connection_.get(), text.c_str(), 0,
                                       nullptr, nullptr, nullptr, nullptr, 0));
    const absl::Status status = Check(result.get());
    if (status.ok()) continue;
    const int character = PgErrorPosition(result.get());
    const size_t offset =
        statement.offset + (character > 0 ? ByteOffset(text, character) : 0);
    const ScriptPosition at = PositionAt(script, offset);
    return ServerError(
        is_broken_ ? status.code() : absl::StatusCode::kInvalidArgument,
        ErrorClassOf(status), "",
        absl::StrCat(Printable(file_name), ":", at.line, ":", at.column, ": ",
                     status.message()));
  }
  return absl::OkStatus();
}

// The script gets what psql would give it, and leaves nothing behind but what
// it did to the database.
absl::Status PostgresSession::RunScript(absl::string_view sql,
                                        absl::string_view file_name) {
  const bool own_transaction = IsIdle();
  if (sql.find('\0') != sql.npos) {
    return absl::InvalidArgumentError(absl::StrCat(
        Printable(file_name), ": has a NUL byte; is it SQL text?"));
  }
  RETURN_IF_ERROR(Execute(
      "SELECT pg_catalog.set_config('search_path', '\"$user\", public', "
      "false)"));
  absl::Status status = RunStatements(sql, file_name);
  if (is_broken_ || !own_transaction) return status;
  if (!IsIdle()) {
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

}  // namespace

absl::StatusOr<std::unique_ptr<Session>> OpenPostgresSession(
    const std::string& url, const SessionOptions& options) {
  ASSIGN_OR_RETURN(PgConnection connection, ConnectPostgres(url, options));
  auto session =
      std::make_unique<PostgresSession>(std::move(connection), options);
  absl::Status status = session->Pin();
  if (!status.ok()) {
    return Annotate(status, absl::StrCat("connecting to ", RedactUrl(url)));
  }
  return session;
}

}  // namespace fleet
