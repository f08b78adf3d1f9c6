// Rebuilding a table of SQLite: fleetctl's plan against the sqlite3 shell doing
// the twelve steps of SQLite's manual on a copy of the same file, turn and turn
// about in one run. The counters are what to look at.
//
//   build/release/bin/sqlite_bench          # 1,000,000 rows, five turns
//   FLEET_BENCH_ROWS=100000 FLEET_BENCH_TURNS=3 build/release/bin/sqlite_bench
//
// BM_ReadSchema reads one schema of 1,000 tables as agents do.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "lib/base/status.h"
#include "lib/engine/introspect.h"
#include "lib/engine/make_plan.h"
#include "lib/engine/open_session.h"
#include "lib/engine/run_plan.h"
#include "lib/engine/scratch.h"
#include "lib/engine/sqlite/dialect.h"
#include "lib/schema/fingerprint.h"

namespace fleet {
namespace {

constexpr char kTable[] =
    "CREATE TABLE orders (id INTEGER PRIMARY KEY AUTOINCREMENT, customer INT "
    "REFERENCES customers, total NUMERIC, note TEXT, created TEXT);";
constexpr char kRest[] =
    "CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT);"
    "CREATE INDEX orders_customer ON orders (customer);"
    "CREATE INDEX orders_created ON orders (created);"
    "CREATE VIEW open_orders AS SELECT id, total FROM orders;"
    "CREATE TRIGGER orders_note AFTER UPDATE OF note ON orders BEGIN SELECT 1; "
    "END;";
constexpr char kWanted[] =
    "CREATE TABLE orders (id INTEGER PRIMARY KEY AUTOINCREMENT, customer INT "
    "NOT NULL REFERENCES customers, total NUMERIC NOT NULL CHECK (total >= 0), "
    "note TEXT, created TEXT);";

// lang_altertable.html#otheralter; with what its steps 3, 8 and 9 put back.
constexpr char kTwelveSteps[] = R"sql(
PRAGMA foreign_keys = OFF;
BEGIN;
SELECT type, sql FROM sqlite_schema WHERE tbl_name = 'orders';
CREATE TABLE new_orders (id INTEGER PRIMARY KEY AUTOINCREMENT, customer INT
NOT NULL REFERENCES customers, total NUMERIC NOT NULL CHECK (total >= 0),
note TEXT, created TEXT);
INSERT INTO new_orders SELECT id, customer, total, note, created FROM orders;
DROP VIEW open_orders;
DROP TABLE orders;
ALTER TABLE new_orders RENAME TO orders;
CREATE INDEX orders_customer ON orders (customer);
CREATE INDEX orders_created ON orders (created);
CREATE TRIGGER orders_note AFTER UPDATE OF note ON orders BEGIN SELECT 1; END;
CREATE VIEW open_orders AS SELECT id, total FROM orders;
PRAGMA foreign_key_check;
COMMIT;
PRAGMA foreign_keys = ON;
)sql";

int Number(const char* name, int otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::atoi(text);
}

class Folder {
 public:
  Folder() {
    const char* base = std::getenv("TMPDIR");
    path_ =
        absl::StrCat(base == nullptr ? "/tmp" : base, "/sqlite_bench_XXXXXX");
    CHECK(mkdtemp(path_.data()) != nullptr);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string File(absl::string_view name) const {
    return absl::StrCat(path_, "/", name);
  }

 private:
  std::string path_;
};

std::unique_ptr<Session> Open(const std::string& file) {
  SessionOptions options;
  options.create = true;
  auto session = OpenSession(absl::StrCat("sqlite:", file), options);
  CHECK(session.ok());
  return *std::move(session);
}

void Fill(const std::string& file, int rows) {
  const std::unique_ptr<Session> session = Open(file);
  CHECK(session->RunScript(absl::StrCat(kTable, kRest), "schema").ok());
  CHECK(session
            ->RunScript(
                absl::StrCat(
                    "BEGIN; WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT "
                    "i + 1 FROM n WHERE i < ",
                    rows,
                    ") INSERT INTO orders SELECT i, i % 5000 + 1, i * 0.5, "
                    "'a note of some length for order ' || i, date(i % 20000) "
                    "FROM n; INSERT INTO customers SELECT id, 'name' FROM "
                    "orders WHERE id <= 5000; COMMIT;"),
                "rows")
            .ok());
}

v1::Plan PlanFor(Session& session, Scratch& scratch) {
  const absl::StatusOr<Schema> from = Introspect(session, SqliteDialect());
  const absl::StatusOr<Schema> to = SchemaOfSql(
      scratch, SqliteDialect(), absl::StrCat(kWanted, kRest), "wanted");
  CHECK(from.ok() && to.ok());
  absl::StatusOr<v1::Plan> plan =
      MakePlan(*from, *to, SqliteDialect(), session.info(), PlanOptions());
  CHECK(plan.ok());
  return *std::move(plan);
}

double SecondsSince(absl::Time begun) {
  return absl::ToDoubleSeconds(absl::Now() - begun);
}

double RunShell(const std::string& file, const std::string& script) {
  const absl::Time begun = absl::Now();
  CHECK(std::system(
            absl::StrCat("sqlite3 -bail ", file, " < ", script, " > /dev/null")
                .c_str()) == 0);
  return SecondsSince(begun);
}

// As an agent does it: open, look, apply, look again.
double RunFleetctl(const std::string& file, const v1::Plan& planned) {
  const absl::Time begun = absl::Now();
  const std::unique_ptr<Session> session = Open(file);
  const auto fingerprint = [&session] {
    const absl::StatusOr<Schema> schema = Introspect(*session, SqliteDialect());
    CHECK(schema.ok());
    return Fingerprint(*schema, SqliteDialect().specs());
  };
  CHECK(fingerprint() == planned.from_fingerprint());
  v1::Plan plan = planned;
  CHECK(RunPlan(*session, SqliteDialect(), plan, PlanDirection::kForward, {})
            .ok());
  CHECK(fingerprint() == planned.to_fingerprint());
  return SecondsSince(begun);
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

double Least(const std::vector<double>& values) {
  return *std::min_element(values.begin(), values.end());
}

void BM_Rebuild(benchmark::State& state) {
  const Folder folder;
  Fill(folder.File("full.db"), Number("FLEET_BENCH_ROWS", 1'000'000));
  std::ofstream(folder.File("steps.sql")) << kTwelveSteps;
  const auto scratch = Scratch::Open(v1::SQLITE, "");
  CHECK(scratch.ok());
  const v1::Plan plan = PlanFor(*Open(folder.File("full.db")), **scratch);
  std::vector<double> shell;
  std::vector<double> fleetctl;
  const auto copy = [&folder] {
    const std::string file = folder.File("copy.db");
    std::filesystem::remove(file);
    std::filesystem::copy_file(folder.File("full.db"), file);
    CHECK(std::system(absl::StrCat("sync ", file).c_str()) == 0);
    return file;
  };
  for (auto _ : state) {
    for (int i = Number("FLEET_BENCH_TURNS", 5); i > 0; --i) {
      shell.push_back(RunShell(copy(), folder.File("steps.sql")));
      fleetctl.push_back(RunFleetctl(copy(), plan));
    }
  }
  state.counters["shell_s"] = Median(shell);
  state.counters["fleetctl_s"] = Median(fleetctl);
  state.counters["ratio_of_medians"] = Median(fleetctl) / Median(shell);
  state.counters["ratio_of_least"] = Least(fleetctl) / Least(shell);
}
BENCHMARK(BM_Rebuild)->Iterations(1)->Unit(benchmark::kSecond)->UseRealTime();

void BM_ReadSchema(benchmark::State& state) {
  const Folder folder;
  const std::string file = folder.File("wide.db");
  {
    const std::unique_ptr<Session> session = Open(file);
    std::string sql = "BEGIN;";
    for (int i = 0; i < state.range(0); ++i) {
      absl::StrAppend(&sql, "CREATE TABLE t", i,
                      " (id INTEGER PRIMARY KEY, a TEXT NOT NULL, b INT "
                      "DEFAULT 7, c NUMERIC CHECK (c > 0), d TEXT, e TEXT, f "
                      "REAL, g BLOB, h INT, i INT);CREATE INDEX i",
                      i, " ON t", i, " (a, b) WHERE b > 0;");
    }
    CHECK(session->RunScript(absl::StrCat(sql, "COMMIT;"), "wide").ok());
  }
  for (auto _ : state) {
    const std::unique_ptr<Session> session = Open(file);
    const absl::StatusOr<Schema> schema = Introspect(*session, SqliteDialect());
    CHECK(schema.ok());
    benchmark::DoNotOptimize(Fingerprint(*schema, SqliteDialect().specs()));
  }
}
BENCHMARK(BM_ReadSchema)
    ->Arg(1000)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

}  // namespace
}  // namespace fleet
