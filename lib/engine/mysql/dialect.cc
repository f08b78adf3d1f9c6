#include "lib/engine/mysql/dialect.h"

#include <array>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lib/base/status.h"
#include "lib/engine/mysql/catalog.h"
#include "lib/engine/mysql/definer.h"
#include "lib/engine/mysql/features.h"
#include "lib/engine/mysql/kinds.h"
#include "lib/engine/mysql/lint_rules.h"
#include "lib/engine/mysql/online_alter.h"
#include "lib/engine/mysql/online_change.h"
#include "lib/engine/mysql/quoting.h"
#include "lib/engine/mysql/server_checks.h"

namespace fleet::mysql {
namespace {

constexpr size_t kKindCount = v1::ObjectKind_MAX + 1;

constexpr KindHandler (*kHandlers[])() = {
    DatabaseHandler,     TableHandler, ColumnHandler,     PrimaryKeyHandler,
    UniqueKeyHandler,    IndexHandler, ForeignKeyHandler, CheckHandler,
    PartitioningHandler, ViewHandler,  TriggerHandler,    FunctionHandler,
    ProcedureHandler,    EventHandler, SequenceHandler,
};

// In the target's own database: an agent needs no rights on another one.
MarkerSql MakeMarker() {
  MarkerSql marker;
  marker.create = {
      "CREATE TABLE IF NOT EXISTS fleetctl_meta_state ("
      "id INT PRIMARY KEY, epoch BIGINT UNSIGNED NOT NULL) ENGINE=InnoDB",
      "INSERT IGNORE INTO fleetctl_meta_state (id, epoch) VALUES (1, 0)",
      "CREATE TABLE IF NOT EXISTS fleetctl_meta_applied ("
      "rollout VARCHAR(200) NOT NULL, attempt INT NOT NULL, "
      "plan CHAR(64) NOT NULL, plan_group INT NOT NULL, "
      "epoch BIGINT UNSIGNED NOT NULL, fingerprint_before CHAR(64) NOT NULL, "
      "fingerprint_after CHAR(64) NOT NULL, "
      "applied_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, "
      "PRIMARY KEY (rollout, attempt, plan, plan_group)) ENGINE=InnoDB "
      "DEFAULT CHARSET=ascii COLLATE=ascii_bin",
  };
  // There is no RETURNING; who claims reads the epoch afterwards.
  marker.claim_epoch =
      "UPDATE fleetctl_meta_state SET epoch = {epoch} "
      "WHERE id = 1 AND epoch <= {epoch}";
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

class Mysql : public Dialect {
 public:
  Mysql() : marker_(MakeMarker()) {
    for (const auto make : kHandlers) {
      const KindHandler handler = make();
      handlers_[handler.spec.kind] = handler;
      specs_[handler.spec.kind] = handler.spec;
    }
  }

  v1::Engine engine() const override { return v1::MYSQL; }
  absl::string_view name() const override { return "mysql"; }
  const Quoting& quoting() const override { return kMysqlQuoting; }
  absl::Span<const KindHandler> handlers() const override { return handlers_; }
  KindSpecs specs() const override { return specs_; }

  // 101119 → 1011, 80036 → 800.
  int Major(int server_version) const override { return server_version / 100; }

  std::vector<std::string> IntrospectionQueries(int version) const override {
    return CatalogQueries(version);
  }
  std::vector<std::string> DetailQueries(
      absl::Span<const std::unique_ptr<RowSet>> results) const override {
    return ShowQueries(results);
  }
  absl::StatusOr<Schema> ReadSchema(
      const SchemaInfo& info,
      std::vector<std::unique_ptr<RowSet>> results) const override {
    return ReadCatalog(info, results);
  }

  absl::Status CheckSupport(const Object& object, const Schema&,
                            const SchemaInfo& server) const override {
    return CheckFeatures(object, FlavourOf(server));
  }

  // The server keeps no counter of its definitions, and times of creation are
  // seconds: no two answers are equal.
  std::string ChangeTokenQuery(int) const override { return "SELECT UUID()"; }

  // What sessions pin, for who runs the plan as a script.
  std::vector<std::string> PlanPrologue(const v1::Plan& plan) const override {
    SchemaInfo server;
    server.flavour = plan.flavour();
    const bool is_mariadb = FlavourOf(server).is_mariadb;
    return {absl::StrCat(
                "SET SESSION sql_mode = '", kPinnedSqlMode,
                "', time_zone = '+00:00', foreign_key_checks = 1, "
                "unique_checks = 1",
                is_mariadb ? ", system_versioning_alter_history = KEEP" : ""),
            "SET NAMES utf8mb4 COLLATE utf8mb4_general_ci"};
  }
  std::vector<std::string> PlanEpilogue(const v1::Plan&) const override {
    return {};
  }
  std::vector<std::string> CommitChecks(const v1::Plan&) const override {
    return {};
  }

  // The client sees a statement's end in every semicolon that is not quoted.
  std::string ScriptText(absl::string_view statement) const override {
    if (!absl::StrContains(statement, ";")) {
      return Dialect::ScriptText(statement);
    }
    std::string delimiter = ";;";
    while (absl::StrContains(statement, delimiter)) delimiter += ";";
    return absl::StrCat("DELIMITER ", delimiter, "\n", statement, "\n",
                        delimiter, "\nDELIMITER ;\n");
  }

  absl::Span<const LintRule> lint_rules() const override { return LintRules(); }

  void Review(const Schema& from, const Schema& to,
              std::vector<v1::Statement>& statements) const override {
    ReviewOnline(from, to, statements);
    AddServerChecks(from, FlavourOf(from.info()), statements);
  }

  const MarkerSql& marker() const override { return marker_; }

  const OnlineChanges* online_changes() const override {
    return &MysqlOnlineChanges();
  }

 private:
  std::array<KindHandler, kKindCount> handlers_;
  std::array<KindSpec, kKindCount> specs_;
  const MarkerSql marker_;
};

}  // namespace
}  // namespace fleet::mysql

namespace fleet {

const Dialect& MysqlDialect() {
  static const mysql::Mysql* dialect = new mysql::Mysql;
  return *dialect;
}

}  // namespace fleet
