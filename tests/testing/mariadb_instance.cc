#include "tests/testing/mariadb_instance.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "lib/base/status.h"
#include "lib/engine/open_session.h"

namespace fleet::testing {
namespace {

// As the user that the server refuses to do without, where we are root. The
// process stays the one that is started.
std::vector<std::string> AsServerUser(std::vector<std::string> command) {
  if (getuid() != 0) return command;
  std::vector<std::string> words = {"/usr/bin/setpriv", "--reuid=mysql",
                                    "--regid=mysql", "--clear-groups"};
  words.insert(words.end(), command.begin(), command.end());
  return words;
}

std::unique_ptr<RowSet> Ask(const std::string& url, const std::string& sql) {
  auto session = OpenSession(url, {});
  EXPECT_TRUE(session.ok()) << session.status();
  if (!session.ok()) return nullptr;
  auto rows = (*session)->Query(sql);
  EXPECT_TRUE(rows.ok()) << rows.status() << sql;
  return rows.ok() ? *std::move(rows) : nullptr;
}

}  // namespace

MariadbInstance::MariadbInstance() {
  if (getuid() == 0) {
    const ProcessResult owned = RunProcess(
        {"/bin/chown", "mysql", folder_.path()}, {}, absl::Seconds(10));
    CHECK(owned.exit_code == 0);
    CHECK(chmod(folder_.path().c_str(), 0755) == 0);
  }
  const ProcessResult made =
      RunProcess(AsServerUser({"/usr/bin/mariadb-install-db", "--no-defaults",
                               "--datadir=" + folder_.path() + "/data",
                               "--auth-root-authentication-method=normal",
                               "--skip-test-db", "--skip-name-resolve"}),
                 {}, absl::Seconds(60));
  CHECK(made.exit_code == 0);
  Start();
  FlushLog();
}

MariadbInstance::~MariadbInstance() { Kill(); }

std::string MariadbInstance::Url(const std::string& database) const {
  return absl::StrCat("mariadb://root@localhost/", database,
                      "?socket=", folder_.path(), "/s");
}

void MariadbInstance::Kill() {
  server_->Signal(SIGKILL);
  server_->Wait(absl::Seconds(10));
}

void MariadbInstance::Start() {
  const std::string log = folder_.path() + "/server.log";
  server_ = Process::Start(
      AsServerUser({"/usr/sbin/mariadbd", "--no-defaults",
                    "--datadir=" + folder_.path() + "/data",
                    "--socket=" + folder_.path() + "/s",
                    "--pid-file=" + folder_.path() + "/pid",
                    "--skip-networking", "--log-bin=log", "--sync-binlog=1",
                    "--binlog-format=ROW", "--character-set-server=utf8mb4",
                    "--collation-server=utf8mb4_general_ci",
                    "--max-connections=300",
                    "--innodb-flush-log-at-trx-commit=1"}),
      log, log, {});
  const absl::Time end = absl::Now() + absl::Seconds(60);
  while (!OpenSession(Url("information_schema"), {}).ok()) {
    CHECK(absl::Now() < end);
    absl::SleepFor(absl::Milliseconds(50));
  }
}

void MariadbInstance::FlushLog() {
  const std::string url = Url("information_schema");
  Ask(url, "FLUSH BINARY LOGS");
  const auto status = Ask(url, "SHOW MASTER STATUS");
  if (status) first_log_ = std::string(status->at(0, 0));
}

std::string MariadbInstance::Committed(const std::string& database) {
  const std::string url = Url("information_schema");
  const std::string use = absl::StrCat("use `", database, "`; ");
  std::string text;
  const auto logs = Ask(url, "SHOW BINARY LOGS");
  for (int i = 0; logs && i < logs->rows(); ++i) {
    if (logs->at(i, 0) < first_log_) continue;
    const auto events =
        Ask(url, absl::StrCat("SHOW BINLOG EVENTS IN '", logs->at(i, 0), "'"));
    for (int row = 0; events && row < events->rows(); ++row) {
      absl::string_view statement = events->at(row, 5);
      if (events->at(row, 2) != "Query" ||
          !absl::ConsumePrefix(&statement, use)) {
        continue;
      }
      absl::StrAppend(&text, absl::StrReplaceAll(statement, {{"\n", " "}}),
                      "\n");
    }
  }
  return text;
}

}  // namespace fleet::testing
