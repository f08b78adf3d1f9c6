#include "lib/engine/postgres/connection.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "lib/base/printable.h"
#include "lib/base/status.h"
#include "lib/engine/postgres/sqlstate.h"

namespace fleet {
namespace {

class PgRowSet : public RowSet {
 public:
  explicit PgRowSet(PgResult result) : result_(std::move(result)) {}
  int rows() const override { return PQntuples(result_.get()); }
  int columns() const override { return PQnfields(result_.get()); }
  bool is_null(int row, int column) const override {
    return PQgetisnull(result_.get(), row, column) != 0;
  }
  absl::string_view at(int row, int column) const override {
    return absl::string_view(
        PQgetvalue(result_.get(), row, column),
        static_cast<size_t>(PQgetlength(result_.get(), row, column)));
  }

 private:
  PgResult result_;
};

// Values one behind the other, and where each ends: libpq spends 16 bytes and a
// pointer's row on each. NULL has the high bit of its end set.
class CompactRowSet : public RowSet {
 public:
  static constexpr uint32_t kNull = uint32_t{1} << 31;

  explicit CompactRowSet(const PGresult* result)
      : rows_(PQntuples(result)), columns_(PQnfields(result)) {
    ends_.reserve(static_cast<size_t>(rows_) * static_cast<size_t>(columns_));
    size_t size = 0;
    ForEachValue(result, [&](int row, int column) {
      size += static_cast<size_t>(PQgetlength(result, row, column));
    });
    fits_ = size < kNull;
    if (!fits_) return;
    text_.reserve(size);
    ForEachValue(result, [&](int row, int column) {
      text_.append(PQgetvalue(result, row, column),
                   static_cast<size_t>(PQgetlength(result, row, column)));
      const bool is_null = PQgetisnull(result, row, column) != 0;
      ends_.push_back(static_cast<uint32_t>(text_.size()) |
                      (is_null ? kNull : 0));
    });
  }

  // False: there is too much text for this.
  bool fits() const { return fits_; }
  int rows() const override { return rows_; }
  int columns() const override { return columns_; }
  bool is_null(int row, int column) const override {
    return (ends_[IndexOf(row, column)] & kNull) != 0;
  }
  absl::string_view at(int row, int column) const override {
    const size_t index = IndexOf(row, column);
    const size_t begin = index == 0 ? 0 : ends_[index - 1] & ~kNull;
    return absl::string_view(text_).substr(begin,
                                           (ends_[index] & ~kNull) - begin);
  }

 private:
  template <typename Visit>
  static void ForEachValue(const PGresult* result, Visit visit) {
    const int rows = PQntuples(result);
    const int columns = PQnfields(result);
    for (int row = 0; row < rows; ++row) {
      for (int column = 0; column < columns; ++column) visit(row, column);
    }
  }
  size_t IndexOf(int row, int column) const {
    return static_cast<size_t>(row) * static_cast<size_t>(columns_) +
           static_cast<size_t>(column);
  }

  const int rows_;
  const int columns_;
  bool fits_ = false;
  std::string text_;
  std::vector<uint32_t> ends_;
};

void IgnoreNotice(void* /*unused*/, const char* /*message*/) {}

// One parameter of PQconnectStartParams. Those before the URL are defaults that
// it may override, those after it are not to be overridden.
PGconn* StartConnection(const std::string& url, const SessionOptions& options) {
  const std::string timeout = absl::StrCat(options.connect_timeout_s);
  const std::pair<const char*, const char*> parameters[] = {
      {"connect_timeout", timeout.c_str()},
      {"keepalives", "1"},
      {"keepalives_idle", "30"},
      {"keepalives_interval", "10"},
      {"keepalives_count", "3"},
      {"tcp_user_timeout", "60000"},
      {"dbname", url.c_str()},
      {"application_name", options.application_name.c_str()},
      {"client_encoding", "UTF8"},
  };
  std::vector<const char*> keywords;
  std::vector<const char*> values;
  for (const auto& [keyword, value] : parameters) {
    keywords.push_back(keyword);
    values.push_back(value);
  }
  keywords.push_back(nullptr);
  values.push_back(nullptr);
  return PQconnectStartParams(keywords.data(), values.data(),
                              /*expand_dbname=*/1);
}

struct ConnectionFacts {
  absl::Duration timeout;
  std::string password;
};

ConnectionFacts FactsOf(PGconn* connection) {
  ConnectionFacts facts{absl::Seconds(10), ""};
  PQconninfoOption* all = PQconninfo(connection);
  if (all == nullptr) return facts;
  for (const PQconninfoOption* row = all; row->keyword != nullptr; ++row) {
    if (row->val == nullptr) continue;
    const absl::string_view keyword = row->keyword;
    int seconds = 0;
    if (keyword == "connect_timeout" && absl::SimpleAtoi(row->val, &seconds)) {
      // As in libpq: 0 waits for ever, and no wait is shorter than 2 s.
      facts.timeout = seconds <= 0 ? absl::InfiniteDuration()
                                   : absl::Seconds(std::max(seconds, 2));
    }
    if (keyword == "password") facts.password = row->val;
  }
  PQconninfoFree(all);
  return facts;
}

// True when the socket became ready in time.
bool WaitForSocket(PGconn* connection, short events, absl::Time deadline) {
  for (;;) {
    const absl::Duration left = deadline - absl::Now();
    if (left <= absl::ZeroDuration()) return false;
    pollfd descriptor{PQsocket(connection), events, 0};
    const int64_t wait_ms =
        std::min<int64_t>(absl::ToInt64Milliseconds(left) + 1, 60'000);
    const int ready = poll(&descriptor, 1, static_cast<int>(wait_ms));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

// libpq's text of a failed connect, with the verbosity that has "FATAL:
// 3D000: …" in it.
absl::Status ConnectError(PGconn* connection, const std::string& password) {
  std::string text = PQerrorMessage(connection);
  std::string message;
  std::string sqlstate;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    line = absl::StripAsciiWhitespace(line);
    if (line.empty() || absl::StartsWith(line, "LOCATION:")) continue;
    absl::StrAppend(&message, message.empty() ? "" : "; ", line);
    const size_t fatal = line.find("FATAL:  ");
    if (fatal == line.npos || line.size() < fatal + 14) continue;
    if (line[fatal + 13] == ':')
      sqlstate = std::string(line.substr(fatal + 8, 5));
  }
  if (!password.empty()) {
    message = absl::StrReplaceAll(message, {{password, "***"}});
  }
  message = Printable(message);
  if (sqlstate.empty()) {
    return ServerError(absl::StatusCode::kUnavailable, ErrorClass::kUnknown, "",
                       message);
  }
  const SqlstateMeaning& meaning = MeaningOf(sqlstate);
  return ServerError(meaning.status_code, meaning.error_class, "", message);
}

absl::Status FinishConnecting(PGconn* connection) {
  const ConnectionFacts facts = FactsOf(connection);
  const absl::Time deadline = absl::Now() + facts.timeout;
  PostgresPollingStatusType state = PGRES_POLLING_WRITING;
  while (state != PGRES_POLLING_OK) {
    if (state == PGRES_POLLING_FAILED) {
      return ConnectError(connection, facts.password);
    }
    const short events = state == PGRES_POLLING_READING ? POLLIN : POLLOUT;
    if (!WaitForSocket(connection, events, deadline)) {
      return ServerError(absl::StatusCode::kUnavailable, ErrorClass::kUnknown,
                         "",
                         absl::StrCat("no answer within ",
                                      absl::FormatDuration(facts.timeout)));
    }
    state = PQconnectPoll(connection);
  }
  return absl::OkStatus();
}

// libpq's own text about a bad URL would repeat parts of its password.
absl::Status CheckUrl(const std::string& url) {
  char* error = nullptr;
  PQconninfoOption* parsed = PQconninfoParse(url.c_str(), &error);
  PQfreemem(error);
  bool good = parsed != nullptr;
  for (const PQconninfoOption* row = parsed; good && row->keyword; ++row) {
    // A bare @ in the password makes the rest of it a part of the host.
    good = absl::string_view(row->keyword) != "host" || row->val == nullptr ||
           !absl::StrContains(row->val, "@");
  }
  PQconninfoFree(parsed);
  if (good) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "URL ", RedactUrl(url),
      " cannot be read; have postgres://user:password@host:port/database in "
      "mind, and write special characters as %40"));
}

}  // namespace

absl::StatusOr<PgConnection> ConnectPostgres(const std::string& url,
                                             const SessionOptions& options) {
  RETURN_IF_ERROR(CheckUrl(url));
  PgConnection connection(StartConnection(url, options));
  if (connection == nullptr) {
    return absl::ResourceExhaustedError("no memory for a connection");
  }
  PQsetNoticeProcessor(connection.get(), IgnoreNotice, nullptr);
  PQsetErrorVerbosity(connection.get(), PQERRORS_VERBOSE);
  absl::Status status =
      PQstatus(connection.get()) == CONNECTION_BAD
          ? ConnectError(connection.get(), FactsOf(connection.get()).password)
          : FinishConnecting(connection.get());
  if (!status.ok()) {
    return Annotate(status, absl::StrCat("connecting to ", RedactUrl(url)));
  }
  PQsetErrorVerbosity(connection.get(), PQERRORS_DEFAULT);
  return connection;
}

absl::Status CheckPgResult(PGconn* connection, const PGresult* result) {
  const ExecStatusType state = PQresultStatus(result);
  if (state == PGRES_COMMAND_OK || state == PGRES_TUPLES_OK) {
    return absl::OkStatus();
  }
  if (state == PGRES_EMPTY_QUERY) {
    return absl::InvalidArgumentError("the statement is empty");
  }
  const char* sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  if (sqlstate == nullptr) {
    // libpq's own words: the connection is gone, or was never understood.
    const absl::string_view text =
        absl::StripAsciiWhitespace(PQerrorMessage(connection));
    return ServerError(absl::StatusCode::kUnavailable, ErrorClass::kUnknown, "",
                       absl::StrCat("connection lost: ", Printable(text)));
  }
  std::string message;
  if (const char* text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY)) {
    message = text;
  }
  for (int field : {PG_DIAG_MESSAGE_DETAIL, PG_DIAG_MESSAGE_HINT}) {
    if (const char* text = PQresultErrorField(result, field)) {
      absl::StrAppend(&message, "; ", text);
    }
  }
  return PostgresError(sqlstate, Printable(message));
}

int PgErrorPosition(const PGresult* result) {
  int position = 0;
  const char* text = PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION);
  if (text == nullptr || !absl::SimpleAtoi(text, &position)) return 0;
  return position;
}

std::unique_ptr<RowSet> MakePgRowSet(PgResult result) {
  return std::make_unique<PgRowSet>(std::move(result));
}

std::unique_ptr<RowSet> MakeCompactRowSet(PgResult result) {
  auto rows = std::make_unique<CompactRowSet>(result.get());
  if (!rows->fits()) return MakePgRowSet(std::move(result));
  return rows;
}

}  // namespace fleet
