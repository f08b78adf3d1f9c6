// Reading and comparing PostgreSQL schemas, against pg_dump in the same run.
//
//   tests/bench/generate_postgres.py makes the schemas: tables as wide and as
//   linked as an application's. FLEET_BENCH_TABLES=10000 for the large one.
//   build/release/bin/postgres_bench --benchmark_repetitions=5
//
// Compare BM_Introspect with BM_PgDump (both connect anew), BM_ChangeToken with
// BM_PgDump, and look at the CPU time of BM_DiffInMemory.

#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
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
  CHECK((*session)->Execute("ANALYZE").ok());
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
      absl::StrCat("$(ls -d /usr/lib/postgresql/*/bin | tail -1)/pg_dump -s '",
                   Database(""), "' 2>/dev/null");
  for (auto _ : state) benchmark::DoNotOptimize(Output(command));
}
BENCHMARK(BM_PgDump)->Unit(benchmark::kMillisecond)->UseRealTime();

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
