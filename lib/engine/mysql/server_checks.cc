#include "lib/engine/mysql/server_checks.h"

#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "lib/base/printable.h"
#include "lib/engine/mysql/quoting.h"
#include "lib/engine/sql.h"

namespace fleet::mysql {
namespace {

// From this size on people want to know before.
constexpr int64_t kBigBytes = int64_t{256} << 20;
constexpr int kLongSeconds = 60;

void Add(absl::string_view sql, absl::string_view message, bool warning,
         v1::Statement& statement) {
  v1::Check& check = *statement.add_checks();
  check.set_sql(std::string(sql));
  check.set_message(Printable(message));
  check.set_warning(warning);
}

void CheckWritable(v1::Statement& statement) {
  Add("SELECT 'read_only is on' FROM DUAL "
      "WHERE @@global.read_only NOT IN ('0', 'OFF')",
      "the server takes no writes; give the agent the address of the primary",
      false, statement);
}

// Of Galera. Its DDL holds up all nodes (wsrep_OSU_method=TOI).
void WarnOfCluster(v1::Statement& statement) {
  Add("SELECT CONCAT('of ', VARIABLE_VALUE, ' nodes') FROM "
      "information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = "
      "'WSREP_CLUSTER_SIZE' AND VARIABLE_VALUE + 0 > 0",
      "the server is a node of a cluster; DDL waits for all of it", true,
      statement);
}

// An ALTER waits for it, and everybody else waits for the ALTER.
void WarnOfLongQueries(v1::Statement& statement) {
  Add(absl::StrCat("SELECT CONCAT('connection ', ID, ' for ', TIME, ' s') FROM "
                   "information_schema.PROCESSLIST WHERE DB = DATABASE() AND "
                   "COMMAND IN ('Query', 'Execute') AND TIME >= ",
                   kLongSeconds,
                   " AND ID <> CONNECTION_ID() ORDER BY TIME DESC LIMIT 1"),
      "a query has been running for long; the change may have to wait for it",
      true, statement);
}

void WarnOfSize(const std::string& table, v1::Statement& statement) {
  Sql sql(kMysqlQuoting);
  sql << "SELECT CONCAT(ROUND((DATA_LENGTH + INDEX_LENGTH) / 1048576), ' MiB, "
         "about ', TABLE_ROWS, ' rows') FROM information_schema.TABLES WHERE "
         "TABLE_SCHEMA = DATABASE() AND TABLE_NAME = "
      << Literal{table}
      << " AND DATA_LENGTH + INDEX_LENGTH >= " << Number{kBigBytes};
  const absl::StatusOr<std::string> text = sql.Text();
  // A name that cannot be said has failed its statement already.
  if (!text.ok()) return;
  Add(*text,
      absl::StrCat("table ", table, " is big, and all of it is ",
                   statement.rewrites_table() ? "written anew" : "read"),
      true, statement);
}

}  // namespace

void AddServerChecks(const Schema& from, const Flavour& flavour,
                     std::vector<v1::Statement>& statements) {
  if (statements.empty()) return;
  CheckWritable(statements.front());
  if (flavour.is_mariadb) {
    WarnOfCluster(statements.front());
    WarnOfLongQueries(statements.front());
  }
  std::set<std::string> seen;
  for (v1::Statement& statement : statements) {
    if (statement.path_size() == 0 ||
        !(statement.rewrites_table() || statement.scans_table())) {
      continue;
    }
    const std::string& table = statement.path(0);
    if (from.Find(v1::TABLE, Path{table}) == nullptr) continue;
    if (seen.insert(table).second) WarnOfSize(table, statement);
  }
}

}  // namespace fleet::mysql
