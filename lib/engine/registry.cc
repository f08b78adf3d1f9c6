#include "lib/engine/registry.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "lib/base/printable.h"
#include "lib/base/suggest.h"
#include "lib/engine/mysql/dialect.h"
#include "lib/engine/postgres/dialect.h"
#include "lib/engine/sqlite/dialect.h"

namespace fleet {
namespace {

struct Row {
  absl::string_view name;
  v1::Engine engine;
  const Dialect& (*dialect)();
};

// Every name that --dialect takes; the first of an engine is its own.
constexpr Row kRows[] = {
    {"mysql", v1::MYSQL, MysqlDialect},
    {"mariadb", v1::MYSQL, MysqlDialect},
    {"postgres", v1::POSTGRES, PostgresDialect},
    {"postgresql", v1::POSTGRES, PostgresDialect},
    {"sqlite", v1::SQLITE, SqliteDialect},
    {"sqlite3", v1::SQLITE, SqliteDialect},
};

}  // namespace

absl::StatusOr<const Dialect*> DialectOf(v1::Engine engine) {
  for (const Row& row : kRows) {
    if (row.engine == engine) return &row.dialect();
  }
  return absl::UnimplementedError(absl::StrCat(
      "engine ", v1::Engine_Name(engine),
      " is not part of this build; it has postgres, mysql and sqlite"));
}

std::vector<const Dialect*> Dialects() {
  std::vector<const Dialect*> dialects;
  for (const Row& row : kRows) {
    const Dialect& dialect = row.dialect();
    if (dialect.name() == row.name) dialects.push_back(&dialect);
  }
  return dialects;
}

std::vector<std::pair<std::string, v1::Engine>> OnlineToolNames() {
  std::vector<std::pair<std::string, v1::Engine>> names;
  for (const Dialect* dialect : Dialects()) {
    if (dialect->online_changes() == nullptr) continue;
    for (const std::string& tool : dialect->online_changes()->tools()) {
      names.emplace_back(tool, dialect->engine());
    }
  }
  return names;
}

absl::StatusOr<const Dialect*> DialectNamed(absl::string_view name) {
  std::vector<std::string> names;
  for (const Row& row : kRows) {
    if (row.name == name) return &row.dialect();
    names.emplace_back(row.name);
  }
  return absl::InvalidArgumentError(
      absl::StrCat("dialect \"", Printable(name),
                   "\" is not known; have postgres, mysql and sqlite",
                   DidYouMean(name, names)));
}

}  // namespace fleet
