#include "lib/engine/sqlite/dialect.h"

#include <array>
#include <set>
#include <string>

#include "absl/strings/match.h"
#include "lib/base/status.h"
#include "lib/engine/sqlite/catalog.h"
#include "lib/engine/sqlite/kinds.h"
#include "lib/engine/sqlite/lint_rules.h"
#include "lib/engine/sqlite/quoting.h"
#include "lib/engine/sqlite/rebuild_steps.h"
#include "lib/engine/sqlite/schema_reader.h"

namespace fleet::sqlite {
namespace {

constexpr size_t kKindCount = v1::ObjectKind_MAX + 1;

constexpr KindHandler (*kHandlers[])() = {
    TableHandler,     VirtualTableHandler, ColumnHandler,     PrimaryKeyHandler,
    UniqueKeyHandler, CheckHandler,        ForeignKeyHandler, IndexHandler,
    ViewHandler,      TriggerHandler,
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

// What happens to tables in a plan, as far as settings and checks are
// concerned.
struct Needs {
  bool foreign_keys_off = false;
  bool legacy_alter_table = false;
  bool trusted_schema = false;
  std::set<std::string> references;    // tables whose references have to hold
  std::set<std::string> written_anew;  // tables whose pages have to be sound
  std::set<std::string> rewritten;     // under their indexes: these, too
};

void AddNeeds(const v1::Statement& statement, Needs& needs) {
  const bool is_question = absl::StartsWith(statement.sql(), "SELECT ");
  if (!is_question && absl::StrContains(FoldName(statement.sql()), "json")) {
    needs.trusted_schema = true;
  }
  const bool is_rebuild = statement.op() == v1::REBUILD;
  const bool is_drop = statement.op() == v1::DROP;
  const bool is_column = statement.kind() == v1::COLUMN;
  const bool is_rename = statement.op() == v1::RENAME;
  if (is_rebuild || is_rename) needs.legacy_alter_table = true;
  if (is_rebuild) needs.written_anew.insert(statement.path(0));
  if (is_column && is_drop) needs.rewritten.insert(statement.path(0));
  if (!is_column && statement.kind() != v1::TABLE) return;
  if (is_rebuild || is_drop || is_column) needs.foreign_keys_off = true;
  const bool adds_reference =
      is_column && absl::StrContains(statement.sql(), "REFERENCES");
  if (is_rebuild || adds_reference) {
    needs.references.insert(statement.path(0));
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

// The setting is a silent no-op inside a transaction, so it is read back.
std::string ForeignKeysAreOff() {
  Sql message(kSqliteQuoting);
  message << "'foreign keys are enforced (' || foreign_keys || '); end the "
             "open transaction first'";
  Sql from_where(kSqliteQuoting);
  from_where << "pragma_foreign_keys WHERE foreign_keys <> 0";
  return *FailWhere(message, from_where).Text();
}

std::vector<Sql> ChecksOf(const v1::Plan& plan) {
  const Needs needs = NeedsOf(plan);
  std::vector<Sql> checks;
  if (!needs.references.empty()) {
    checks.push_back(
        BrokenReferenceSql({needs.references.begin(), needs.references.end()}));
  }
  for (const std::string& table : needs.written_anew) {
    checks.push_back(DamageSql(table, /*indexes=*/false));
  }
  for (const std::string& table : needs.rewritten) {
    checks.push_back(DamageSql(table, /*indexes=*/true));
  }
  return checks;
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
  absl::string_view WrittenName(const Object& object) const override {
    return sqlite::WrittenName(object);
  }
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
    // A backup put in place of the file may have the same number.
    return "SELECT schema_version || ' ' || fleetctl_file_id() "
           "FROM pragma_schema_version";
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
    const auto add = [&prologue](absl::string_view sql) {
      prologue.emplace_back(sql);
    };
    if (needs.foreign_keys_off) {
      add("PRAGMA foreign_keys = OFF");
      add(ForeignKeysAreOff());
    }
    if (needs.legacy_alter_table) add("PRAGMA legacy_alter_table = ON");
    if (needs.trusted_schema) add("PRAGMA trusted_schema = ON");
    return prologue;
  }

  // Back to what sessions pin. Foreign keys stay off: that is pinned too, and
  // SQLite's own default.
  std::vector<std::string> PlanEpilogue(const v1::Plan& plan) const override {
    const Needs needs = NeedsOf(plan);
    std::vector<std::string> epilogue;
    const auto add = [&epilogue](absl::string_view sql) {
      epilogue.emplace_back(sql);
    };
    if (needs.legacy_alter_table) add("PRAGMA legacy_alter_table = OFF");
    if (needs.trusted_schema) add("PRAGMA trusted_schema = OFF");
    return epilogue;
  }

  std::vector<std::string> CommitChecks(const v1::Plan& plan) const override {
    std::vector<std::string> checks;
    for (const Sql& sql : ChecksOf(plan)) {
      // A name that cannot be quoted has failed its statement already.
      const absl::StatusOr<std::string> text = sql.Text();
      if (text.ok()) checks.push_back(*text);
    }
    return checks;
  }

  // After an error the shell would go on to DROP TABLE and COMMIT.
  absl::string_view ScriptHead() const override { return ".bail on\n"; }

  std::vector<std::string> ScriptChecks(const v1::Plan& plan) const override {
    std::vector<std::string> checks;
    for (const Sql& sql : ChecksOf(plan)) {
      const absl::StatusOr<std::string> text = FailIfAny(sql).Text();
      if (text.ok()) checks.push_back(*text);
    }
    return checks;
  }

  void Review(const Schema& from, const Schema& to,
              std::vector<v1::Statement>& statements) const override {
    LintPlan(to, statements);
  }
  absl::Span<const LintRule> lint_rules() const override { return LintRules(); }

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
