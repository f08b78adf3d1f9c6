// Reading and comparing MariaDB schemas: ours, and mariadb-dump --no-data.
//
//   FLEET_BENCH_TABLES=1000 build/release/bin/mysql_bench
//       --benchmark_repetitions=9 --benchmark_enable_random_interleaving=true
//       --benchmark_min_time=0.05 --benchmark_report_aggregates_only=true
//
// BM_Introspect and BM_MariadbDump connect anew each time; compare the medians
// of one run. BM_DiffLive reads two databases that differ in ten tables and
// writes the plan.

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "lib/base/status.h"
#include "lib/engine/introspect.h"
#include "lib/engine/make_plan.h"
#include "lib/engine/mysql/url.h"
#include "lib/engine/open_session.h"
#include "lib/engine/registry.h"
#include "tests/testing/real_mysql.h"

namespace fleet {
namespace {

constexpr int kChangedTables = 10;

int TableCount() {
  const char* text = std::getenv("FLEET_BENCH_TABLES");
  int count = 1000;
  if (text != nullptr) CHECK(absl::SimpleAtoi(text, &count));
  return count;
}

// As wide and as linked as an application's.
std::string Table(int n, bool changed) {
  std::string sql = absl::StrCat(
      "CREATE TABLE t", n,
      " (id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT, parent BIGINT UNSIGNED, "
      "name VARCHAR(",
      changed ? 120 : 100,
      ") NOT NULL DEFAULT '', "
      "status ENUM('new','open','closed') NOT NULL DEFAULT 'new', "
      "amount DECIMAL(12,2) NOT NULL DEFAULT 0.00, note TEXT, "
      "created TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, updated DATETIME, "
      "flags INT NOT NULL DEFAULT 0, total DECIMAL(14,2) AS (amount * 2), "
      "PRIMARY KEY (id), KEY parent (parent), UNIQUE KEY name (name, status), "
      "KEY created (created, flags)");
  if (changed) sql += ", KEY updated (updated)";
  if (n > 0) {
    absl::StrAppend(&sql, ", CONSTRAINT f", n,
                    " FOREIGN KEY (parent) REFERENCES t", n - 1, " (id)");
  }
  return sql + ") COMMENT='a table';\n";
}

std::string Script(bool changed) {
  std::string sql;
  for (int n = 0; n < TableCount(); ++n) {
    sql += Table(n, changed && n < kChangedTables);
    if (n % 10 != 0) continue;
    absl::StrAppend(&sql, "CREATE VIEW v", n, " AS SELECT id, name FROM t", n,
                    " WHERE flags > 0;\nCREATE TRIGGER g", n,
                    " BEFORE INSERT ON t", n,
                    " FOR EACH ROW SET NEW.flags = NEW.flags + 1;\n");
  }
  return sql;
}

// One database each, made with the first call.
const std::string& Database(bool changed) {
  static std::string urls[2];
  std::string& url = urls[changed ? 1 : 0];
  if (!url.empty()) return url;
  absl::StatusOr<std::string> created = testing::CreateMysqlDatabase();
  CHECK(created.ok());
  url = *created;
  auto session = OpenSession(url, {});
  CHECK(session.ok());
  CHECK((*session)->RunScript(Script(changed), "generated.sql").ok());
  return url;
}

const Dialect& Mysql() { return **DialectOf(v1::MYSQL); }

Schema ReadAnew(const std::string& url) {
  auto session = OpenSession(url, {});
  CHECK(session.ok());
  absl::StatusOr<Schema> schema = Introspect(**session, Mysql());
  CHECK(schema.ok());
  return *std::move(schema);
}

void BM_Introspect(benchmark::State& state) {
  const std::string& url = Database(false);
  for (auto _ : state) {
    benchmark::DoNotOptimize(ReadAnew(url).objects().size());
  }
}
BENCHMARK(BM_Introspect)->Unit(benchmark::kMillisecond)->UseRealTime();

void BM_MariadbDump(benchmark::State& state) {
  const absl::StatusOr<mysql::Address> address =
      mysql::ParseAddress(Database(false));
  CHECK(address.ok());
  const std::string command = absl::StrCat(
      "mariadb-dump --no-defaults --no-data --routines --events --triggers -S ",
      address->socket, " -uroot ", address->database, " >/dev/null");
  for (auto _ : state) CHECK(std::system(command.c_str()) == 0);
}
BENCHMARK(BM_MariadbDump)->Unit(benchmark::kMillisecond)->UseRealTime();

void BM_DiffLive(benchmark::State& state) {
  const std::string& from_url = Database(false);
  const std::string& to_url = Database(true);
  for (auto _ : state) {
    const Schema from = ReadAnew(from_url);
    const Schema to = ReadAnew(to_url);
    const absl::StatusOr<v1::Plan> plan =
        MakePlan(from, to, Mysql(), from.info(), PlanOptions());
    CHECK(plan.ok() && plan->statements_size() >= kChangedTables);
  }
}
BENCHMARK(BM_DiffLive)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace fleet

BENCHMARK_MAIN();
