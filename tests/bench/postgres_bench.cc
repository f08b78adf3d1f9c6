// Reading and comparing PostgreSQL schemas: ours, pg_dump, and the floor.
//
//   FLEET_BENCH_TABLES=1000 build/release/bin/postgres_bench
//       --benchmark_repetitions=9 --benchmark_enable_random_interleaving=true
//       --benchmark_min_time=0.05 --benchmark_report_aggregates_only=true
//
// generate_postgres.py makes the schemas: tables as wide and as linked as an
// application's. The repetitions of all benchmarks are interleaved, so that a
// noisy machine is noisy for all of them: compare medians of one run. Anew
// connect BM_Introspect, BM_PgDump and BM_CatalogRows (the bare rows by bare
// libpq). BM_ChangeToken, which says whether anything changed, is to be
// compared with BM_PgDump, too. Of BM_DiffInMemory look at the CPU time.

#include <benchmark/benchmark.h>
#include <libpq-fe.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "lib/base/status.h"
#include "lib/engine/introspect.h"
#include "lib/engine/make_plan.h"
#include "lib/engine/open_session.h"
#include "lib/engine/registry.h"
#include "lib/schema/fingerprint.h"
#include "tests/testing/real_postgres.h"

namespace fleet {
namespace {

std::string Tables() {
  const char* tables = std::getenv("FLEET_BENCH_TABLES");
  return tables != nullptr ? tables : "1000";
}

std::string Output(const std::string& command) {
  FILE* pipe = popen(command.c_str(), "r");
  CHECK(pipe != nullptr);
  std::string text;
  char buffer[65536];
  for (size_t size; (size = fread(buffer, 1, sizeof(buffer), pipe)) > 0;) {
    text.append(buffer, size);
  }
  CHECK(pclose(pipe) == 0);
  return text;
}

// One database per variant ("" or "changed"), made with the first call.
const std::string& Database(const std::string& variant) {
  static std::string urls[2];
  std::string& url = urls[variant.empty() ? 0 : 1];
  if (!url.empty()) return url;
  const std::string sql = Output(absl::StrCat(
      "python3 ", FLEET_SOURCE_DIR, "/tests/bench/generate_postgres.py ",
      Tables(), " ", variant));
  absl::StatusOr<std::string> created = testing::CreatePostgresDatabase();
  CHECK(created.ok());
  url = *created;
  auto session = OpenSession(url, {});
  CHECK(session.ok());
  CHECK((*session)->RunScript(sql, "generated.sql").ok());
  CHECK((*session)->Execute("VACUUM ANALYZE").ok());
  return url;
}

const Dialect& Postgres() { return **DialectOf(v1::POSTGRES); }

Schema ReadAnew(const std::string& url) {
  auto session = OpenSession(url, {});
  CHECK(session.ok());
  absl::StatusOr<Schema> schema = Introspect(**session, Postgres());
  CHECK(schema.ok());
  return *std::move(schema);
}

void BM_Introspect(benchmark::State& state) {
  const std::string& url = Database("");
  for (auto _ : state) {
    const Schema schema = ReadAnew(url);
    benchmark::DoNotOptimize(Fingerprint(schema, Postgres().specs()));
  }
}
BENCHMARK(BM_Introspect)->Unit(benchmark::kMillisecond)->UseRealTime();

void BM_IntrospectWarm(benchmark::State& state) {
  auto session = OpenSession(Database(""), {});
  CHECK(session.ok());
  for (auto _ : state) {
    absl::StatusOr<Schema> schema = Introspect(**session, Postgres());
    CHECK(schema.ok());
    benchmark::DoNotOptimize(Fingerprint(*schema, Postgres().specs()));
  }
}
BENCHMARK(BM_IntrospectWarm)->Unit(benchmark::kMillisecond)->UseRealTime();

void BM_ChangeToken(benchmark::State& state) {
  auto session = OpenSession(Database(""), {});
  CHECK(session.ok());
  for (auto _ : state) {
    CHECK(ReadChangeToken(**session, Postgres()).ok());
  }
}
BENCHMARK(BM_ChangeToken)->Unit(benchmark::kMillisecond)->UseRealTime();

void BM_PgDump(benchmark::State& state) {
  const std::string command =
      absl::StrCat("exec $(ls -d /usr/lib/postgresql/*/bin | tail -1)/pg_dump ",
                   "-s '", Database(""), "' 2>/dev/null");
  for (auto _ : state) benchmark::DoNotOptimize(Output(command));
}
BENCHMARK(BM_PgDump)->Unit(benchmark::kMillisecond)->UseRealTime();

// What the server and the wire need for the rows alone.
void BM_CatalogRows(benchmark::State& state) {
  const std::string& url = Database("");
  const std::string file = Output(absl::StrCat(
      "sed 's/--.*//' ", FLEET_SOURCE_DIR, "/tests/bench/catalog_rows.sql"));
  const std::vector<std::string> statements =
      absl::StrSplit(file, ';', absl::SkipWhitespace());
  for (auto _ : state) {
    PGconn* connection = PQconnectdb(url.c_str());
    CHECK(PQstatus(connection) == CONNECTION_OK);
    for (const std::string& statement : statements) {
      PGresult* result = PQexec(connection, statement.c_str());
      CHECK(PQresultStatus(result) == PGRES_TUPLES_OK ||
            PQresultStatus(result) == PGRES_COMMAND_OK);
      PQclear(result);
    }
    PQfinish(connection);
  }
}
BENCHMARK(BM_CatalogRows)->Unit(benchmark::kMillisecond)->UseRealTime();

void BM_DiffInMemory(benchmark::State& state) {
  const Schema from = ReadAnew(Database(""));
  const Schema to = ReadAnew(Database("changed"));
  PlanOptions options;
  options.with_reverse = false;
  for (auto _ : state) {
    absl::StatusOr<v1::Plan> plan =
        MakePlan(from, to, Postgres(), from.info(), options);
    CHECK(plan.ok());
    state.counters["statements"] = plan->statements_size();
  }
  state.counters["objects"] = static_cast<double>(from.objects().size());
}
BENCHMARK(BM_DiffInMemory)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace fleet
