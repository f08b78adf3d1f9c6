#include "lib/engine/sqlite/dialect.h"

#include <array>
#include <set>
#include <string>

#include "absl/strings/match.h"
#include "lib/base/status.h"
#include "lib/engine/sqlite/catalog.h"
#include "lib/engine/sqlite/kinds.h"
#include "lib/engine/sqlite/quoting.h"
#include "lib/engine/sqlite/schema_reader.h"

namespace fleet::sqlite {
namespace {

constexpr size_t kKindCount = v1::ObjectKind_MAX + 1;

constexpr KindHandler (*kHandlers[])() = {
    TableHandler,     ColumnHandler, PrimaryKeyHandler,
    UniqueKeyHandler, CheckHandler,  ForeignKeyHandler,
    IndexHandler,     ViewHandler,   TriggerHandler,
};

MarkerSql MakeMarker() {
  MarkerSql marker;
  marker.create = {
      "CREATE TABLE IF NOT EXISTS fleetctl_meta_state ("
      "id INTEGER PRIMARY KEY CHECK (id = 1), epoch INTEGER NOT NULL)",
      "INSERT OR IGNORE INTO fleetctl_meta_state (id, epoch) VALUES (1, 0)",
      "CREATE TABLE IF NOT EXISTS fleetctl_meta_applied ("
      "rollout TEXT NOT NULL, attempt INTEGER NOT NULL, plan TEXT NOT NULL, "
      "plan_group INTEGER NOT NULL, epoch INTEGER NOT NULL, "
      "fingerprint_before TEXT NOT NULL, fingerprint_after TEXT NOT NULL, "
      "applied_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP, "
      "PRIMARY KEY (rollout, attempt, plan, plan_group))",
  };
  marker.claim_epoch =
      "UPDATE fleetctl_meta_state SET epoch = {epoch} "
      "WHERE id = 1 AND epoch <= {epoch} RETURNING epoch";
  marker.read_epoch = "SELECT epoch FROM fleetctl_meta_state WHERE id = 1";
  marker.insert_applied =
      "INSERT INTO fleetctl_meta_applied (rollout, attempt, plan, plan_group, "
      "epoch, fingerprint_before, fingerprint_after) VALUES ({rollout}, "
      "{attempt}, {plan}, {group}, {epoch}, {before}, {after})";
  marker.read_applied =
      "SELECT fingerprint_after FROM fleetctl_meta_applied "
      "WHERE rollout = {rollout} AND attempt = {attempt} AND plan = {plan} "
      "AND plan_group = {group}";
  return marker;
}

// What happens to tables in a plan, as far as settings are concerned.
struct Needs {
  bool foreign_keys_off = false;
  bool legacy_alter_table = false;
  bool trusted_schema = false;
  std::set<std::string> check;  // tables whose references have to hold
};

void AddNeeds(const v1::Statement& statement, Needs& needs) {
  if (absl::StrContains(FoldName(statement.sql()), "json")) {
    needs.trusted_schema = true;
  }
  const bool is_column = statement.kind() == v1::COLUMN;
  if (!is_column && statement.kind() != v1::TABLE) return;
  const bool is_rebuild = statement.op() == v1::REBUILD;
  const bool is_drop = statement.op() == v1::DROP;
  if (is_rebuild || is_drop || is_column) needs.foreign_keys_off = true;
  if (is_rebuild) needs.legacy_alter_table = true;
  const bool adds_reference =
      is_column && absl::StrContains(statement.sql(), "REFERENCES");
  if ((is_rebuild || adds_reference) && statement.path_size() > 0) {
    needs.check.insert(statement.path(0));
  }
}

// Of both directions: the same settings serve a plan and its reverse.
Needs NeedsOf(const v1::Plan& plan) {
  Needs needs;
  for (const v1::Statement& statement : plan.statements()) {
    AddNeeds(statement, needs);
  }
  for (const v1::Statement& statement : plan.reverse()) {
    AddNeeds(statement, needs);
  }
  return needs;
}

class Sqlite : public Dialect {
 public:
  Sqlite() : marker_(MakeMarker()) {
    for (const auto make : kHandlers) {
      const KindHandler handler = make();
      handlers_[handler.spec.kind] = handler;
      specs_[handler.spec.kind] = handler.spec;
    }
  }

  v1::Engine engine() const override { return v1::SQLITE; }
  absl::string_view name() const override { return "sqlite"; }
  const Quoting& quoting() const override { return kSqliteQuoting; }
  absl::Span<const KindHandler> handlers() const override { return handlers_; }
  KindSpecs specs() const override { return specs_; }

  int Major(int server_version) const override {
    return server_version / 1'000'000;
  }

  std::vector<std::string> IntrospectionQueries(int) const override {
    return CatalogQueries();
  }

  absl::StatusOr<Schema> ReadSchema(
      const SchemaInfo& info,
      std::vector<std::unique_ptr<RowSet>> results) const override {
    ASSIGN_OR_RETURN(const Catalog catalog, ReadCatalog(results));
    return ReadSqliteSchema(info, catalog);
  }

  std::string ChangeTokenQuery(int server_version) const override {
    return "PRAGMA main.schema_version";
  }

  // Both settings are no-ops or too late inside a transaction. With foreign
  // keys on, DROP TABLE deletes the rows that refer to the table.
  // legacy_alter_table keeps RENAME from refusing because of a view that did
  // not work before either. SQLite 3.40 counts the JSON
  // functions among those that a definition may not call unless it is trusted;
  // no application's functions are loaded here that it could misuse.
  std::vector<std::string> PlanPrologue(const v1::Plan& plan) const override {
    const Needs needs = NeedsOf(plan);
    std::vector<std::string> prologue;
    if (needs.foreign_keys_off) {
      prologue.push_back("PRAGMA foreign_keys = OFF");
    }
    if (needs.legacy_alter_table) {
      prologue.push_back("PRAGMA legacy_alter_table = ON");
    }
    if (needs.trusted_schema) {
      prologue.push_back("PRAGMA trusted_schema = ON");
    }
    return prologue;
  }

  // Back to what sessions pin. Foreign keys stay off: that is pinned too, and
  // SQLite's own default.
  std::vector<std::string> PlanEpilogue(const v1::Plan& plan) const override {
    const Needs needs = NeedsOf(plan);
    std::vector<std::string> epilogue;
    if (needs.legacy_alter_table) {
      epilogue.push_back("PRAGMA legacy_alter_table = OFF");
    }
    if (needs.trusted_schema) {
      epilogue.push_back("PRAGMA trusted_schema = OFF");
    }
    return epilogue;
  }

  std::vector<std::string> CommitChecks(const v1::Plan& plan) const override {
    std::vector<std::string> checks;
    for (const std::string& table : NeedsOf(plan).check) {
      Sql sql(kSqliteQuoting);
      // Joined, because the table may be there in one direction only.
      sql << "SELECT 'a row of ' || c.\"table\" || ' refers to a row of ' || "
             "c.parent || ' that is not there; repair the data first' "
             "FROM main.sqlite_schema AS t "
             "JOIN pragma_foreign_key_check(t.name) AS c "
             "WHERE t.type = 'table' AND lower(t.name) = "
          << Literal{table} << " LIMIT 1";
      // A name that cannot be quoted has failed its statement already.
      const absl::StatusOr<std::string> text = sql.Text();
      if (text.ok()) checks.push_back(*text);
    }
    return checks;
  }

  const MarkerSql& marker() const override { return marker_; }

 private:
  std::array<KindHandler, kKindCount> handlers_;
  std::array<KindSpec, kKindCount> specs_;
  const MarkerSql marker_;
};

}  // namespace
}  // namespace fleet::sqlite

namespace fleet {

const Dialect& SqliteDialect() {
  static const sqlite::Sqlite* dialect = new sqlite::Sqlite;
  return *dialect;
}

}  // namespace fleet
