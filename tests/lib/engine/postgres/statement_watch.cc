#include "tests/lib/engine/postgres/statement_watch.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "lib/base/status.h"

namespace fleet::testing {
namespace {

// By strength; the ones below SHARE UPDATE EXCLUSIVE are those of any query.
struct Mode {
  absl::string_view in_catalog;
  absl::string_view words;
};
constexpr Mode kModes[] = {
    {"ShareUpdateExclusiveLock", "SHARE UPDATE EXCLUSIVE"},
    {"ShareLock", "SHARE"},
    {"ShareRowExclusiveLock", "SHARE ROW EXCLUSIVE"},
    {"ExclusiveLock", "EXCLUSIVE"},
    {"AccessExclusiveLock", "ACCESS EXCLUSIVE"},
};

// What the server names in quotes after `words`; "" where it says nothing of
// the kind.
std::string NamedAfter(const std::string& message, absl::string_view words) {
  const size_t at = message.find(std::string(words) + "\"");
  if (at == std::string::npos) return "";
  const size_t begin = at + words.size() + 1;
  return message.substr(begin, message.find('"', begin) - begin);
}

}  // namespace

absl::StatusOr<std::unique_ptr<StatementWatch>> StatementWatch::Open(
    const std::string& url) {
  std::unique_ptr<StatementWatch> watch(new StatementWatch);
  for (PGconn** connection :
       {&watch->runner_, &watch->holder_, &watch->watcher_}) {
    *connection = PQconnectdb(url.c_str());
    if (PQstatus(*connection) != CONNECTION_OK) {
      return absl::UnavailableError(PQerrorMessage(*connection));
    }
    // Quiet but for what Run asks to hear.
    RETURN_IF_ERROR(
        Ask(*connection, "SET client_min_messages = warning").status());
  }
  PQsetNoticeProcessor(watch->runner_, OnNotice, watch.get());
  return watch;
}

StatementWatch::~StatementWatch() {
  for (PGconn* connection : {runner_, holder_, watcher_}) PQfinish(connection);
}

void StatementWatch::OnNotice(void* self, const char* message) {
  static_cast<StatementWatch*>(self)->messages_.emplace_back(message);
}

absl::StatusOr<StatementWatch::Rows> StatementWatch::Ask(
    PGconn* connection, const std::string& sql) {
  std::unique_ptr<PGresult, decltype(&PQclear)> result(
      PQexec(connection, sql.c_str()), &PQclear);
  const ExecStatusType status = PQresultStatus(result.get());
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
    return absl::InternalError(
        absl::StrCat(sql, ": ", PQresultErrorMessage(result.get())));
  }
  Rows rows;
  for (int i = 0; i < PQntuples(result.get()); ++i) {
    std::vector<std::string>& row = rows.emplace_back();
    for (int j = 0; j < PQnfields(result.get()); ++j) {
      row.emplace_back(PQgetvalue(result.get(), i, j));
    }
  }
  return rows;
}

absl::StatusOr<StatementWatch::Relations> StatementWatch::ReadRelations(
    PGconn* connection) const {
  ASSIGN_OR_RETURN(
      const Rows rows,
      Ask(connection,
          "SELECT c.oid, c.relname, c.relkind, c.relfilenode FROM "
          "pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = "
          "c.relnamespace WHERE n.nspname !~ '^pg_' AND n.nspname <> "
          "'information_schema'"));
  Relations relations;
  for (const std::vector<std::string>& row : rows) {
    relations[row[0]] = {row[1], row[2][0], row[3]};
  }
  return relations;
}

absl::Status StatementWatch::Begin(const std::vector<std::string>& prologue) {
  for (const std::string& sql : prologue) {
    RETURN_IF_ERROR(Ask(runner_, sql).status());
  }
  ASSIGN_OR_RETURN(before_, ReadRelations(watcher_));
  return absl::OkStatus();
}

absl::StatusOr<std::string> StatementWatch::LocksOf(
    PGconn* connection, int pid, const Relations& there) const {
  ASSIGN_OR_RETURN(
      const Rows rows,
      Ask(connection,
          absl::StrCat("SELECT relation, mode FROM pg_catalog.pg_locks WHERE "
                       "locktype = 'relation' AND granted AND pid = ",
                       pid)));
  std::string strongest;
  for (const Mode& mode : kModes) {
    for (const std::vector<std::string>& row : rows) {
      if (row[1] == mode.in_catalog && there.count(row[0]) > 0) {
        strongest = std::string(mode.words);
      }
    }
  }
  return strongest;
}

absl::StatusOr<Seen> StatementWatch::Run(const v1::Statement& statement) {
  ASSIGN_OR_RETURN(const Relations files, ReadRelations(watcher_));
  messages_.clear();
  Seen seen;
  if (statement.transactional()) {
    RETURN_IF_ERROR(Ask(runner_, "BEGIN").status());
    RETURN_IF_ERROR(
        Ask(runner_, "SET LOCAL client_min_messages = debug1").status());
    absl::Status status = Ask(runner_, statement.sql()).status();
    if (!status.ok()) {
      Ask(runner_, "ROLLBACK").status().IgnoreError();
      return status;
    }
    const std::vector<std::string> said = messages_;
    ASSIGN_OR_RETURN(seen.lock, LocksOf(runner_, PQbackendPID(runner_), files));
    messages_ = said;
    RETURN_IF_ERROR(Ask(runner_, "COMMIT").status());
  } else {
    ASSIGN_OR_RETURN(seen.lock, RunAlone(statement, files));
  }
  for (const std::string& message : messages_) Judge(message, seen);
  ASSIGN_OR_RETURN(const Relations after, ReadRelations(watcher_));
  for (const auto& [oid, relation] : after) {
    const auto old = files.find(oid);
    const bool holds_rows = relation.kind == 'r' || relation.kind == 'm';
    if (holds_rows && before_.count(oid) > 0 && old != files.end() &&
        old->second.file != relation.file) {
      seen.rewrites = true;
    }
  }
  seen.scans = seen.scans || seen.rewrites;
  return seen;
}

// Somebody reads the table, with a snapshot from before: a concurrent build or
// drop has to wait for it, with its locks held.
absl::StatusOr<std::string> StatementWatch::RunAlone(
    const v1::Statement& statement, const Relations& there) {
  const bool waits = absl::StrContains(statement.sql(), "CONCURRENTLY");
  RETURN_IF_ERROR(
      Ask(holder_, "BEGIN ISOLATION LEVEL REPEATABLE READ").status());
  if (waits) {
    RETURN_IF_ERROR(
        Ask(holder_, absl::StrCat("SELECT FROM \"", statement.path(0), "\".\"",
                                  statement.path(1), "\" LIMIT 0"))
            .status());
  }
  RETURN_IF_ERROR(Ask(runner_, "SET client_min_messages = debug1").status());
  messages_.clear();
  if (PQsendQuery(runner_, statement.sql().c_str()) != 1) {
    return absl::UnavailableError(PQerrorMessage(runner_));
  }
  std::string lock;
  absl::Status status;
  if (waits) {
    status = AwaitWaiting();
    if (status.ok()) {
      ASSIGN_OR_RETURN(lock, LocksOf(watcher_, PQbackendPID(runner_), there));
    }
  }
  RETURN_IF_ERROR(Ask(holder_, "ROLLBACK").status());
  while (PGresult* result = PQgetResult(runner_)) {
    if (PQresultStatus(result) != PGRES_COMMAND_OK) {
      status.Update(absl::InternalError(PQresultErrorMessage(result)));
    }
    PQclear(result);
  }
  const std::vector<std::string> said = messages_;
  RETURN_IF_ERROR(Ask(runner_, "SET client_min_messages = warning").status());
  messages_ = said;
  RETURN_IF_ERROR(status);
  return lock;
}

absl::Status StatementWatch::AwaitWaiting() {
  for (int i = 0; i < 2'000; ++i) {
    ASSIGN_OR_RETURN(
        const Rows rows,
        Ask(watcher_,
            absl::StrCat("SELECT 1 FROM pg_catalog.pg_locks WHERE NOT granted "
                         "AND pid = ",
                         PQbackendPID(runner_))));
    if (!rows.empty()) return absl::OkStatus();
    absl::SleepFor(absl::Milliseconds(2));
  }
  return absl::DeadlineExceededError("the statement does not wait");
}

bool StatementWatch::WasThere(const std::string& name) const {
  return std::any_of(before_.begin(), before_.end(), [&](const auto& entry) {
    const char kind = entry.second.kind;
    return entry.second.name == name &&
           (kind == 'r' || kind == 'm' || kind == 'p');
  });
}

void StatementWatch::Judge(const std::string& message, Seen& seen) const {
  for (absl::string_view words :
       {"verifying table ", "rewriting table ", "\" on table "}) {
    const std::string name = NamedAfter(message, words);
    if (!name.empty() && WasThere(name)) seen.scans = true;
  }
  if (absl::StrContains(message, "validating foreign key constraint")) {
    seen.scans = true;
  }
}

}  // namespace fleet::testing
