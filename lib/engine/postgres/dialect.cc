#include "lib/engine/postgres/dialect.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "lib/base/status.h"
#include "lib/engine/postgres/access.h"
#include "lib/engine/postgres/checks.h"
#include "lib/engine/postgres/dependencies.h"
#include "lib/engine/postgres/features.h"
#include "lib/engine/postgres/kinds.h"
#include "lib/engine/postgres/lint_rules.h"
#include "lib/engine/postgres/quoting.h"

namespace fleet {
namespace postgres {
namespace {

// One row of state says which coordinator epoch has acted; one row of applied
// is written in the transaction of each group.
constexpr char kCreateState[] =
    "CREATE TABLE IF NOT EXISTS fleetctl_meta.state ("
    "one boolean PRIMARY KEY DEFAULT true CHECK (one), "
    "epoch bigint NOT NULL)";
constexpr char kCreateApplied[] =
    "CREATE TABLE IF NOT EXISTS fleetctl_meta.applied ("
    "rollout text NOT NULL, attempt integer NOT NULL, plan text NOT NULL, "
    "plan_group integer NOT NULL, epoch bigint NOT NULL, "
    "fingerprint_before text NOT NULL, fingerprint_after text NOT NULL, "
    "applied_at timestamptz NOT NULL DEFAULT clock_timestamp(), "
    "PRIMARY KEY (rollout, attempt, plan, plan_group))";

MarkerSql Markers() {
  MarkerSql marker;
  marker.create = {
      "CREATE SCHEMA IF NOT EXISTS fleetctl_meta",
      kCreateState,
      kCreateApplied,
      "INSERT INTO fleetctl_meta.state (one, epoch) VALUES (true, 0) "
      "ON CONFLICT DO NOTHING",
  };
  marker.claim_epoch =
      "UPDATE fleetctl_meta.state SET epoch = {epoch} WHERE epoch <= {epoch} "
      "RETURNING epoch";
  marker.read_epoch = "SELECT epoch FROM fleetctl_meta.state";
  marker.insert_applied =
      "INSERT INTO fleetctl_meta.applied (rollout, attempt, plan, plan_group, "
      "epoch, fingerprint_before, fingerprint_after) VALUES ({rollout}, "
      "{attempt}, {plan}, {group}, {epoch}, {before}, {after})";
  marker.read_applied =
      "SELECT 1 FROM fleetctl_meta.applied WHERE rollout = {rollout} "
      "AND attempt = {attempt} AND plan = {plan} AND plan_group = {group}";
  return marker;
}

std::vector<Object> ReadObjects(
    absl::Span<const std::unique_ptr<RowSet>> results) {
  Catalog catalog(results);
  for (KindReader read : kKindReaders) read(catalog);
  ReadDependencies(catalog);
  ReadComments(catalog);
  ReadAccess(catalog);
  return catalog.TakeObjects();
}

class PostgresDialectImpl : public Dialect {
 public:
  PostgresDialectImpl()
      : handlers_(v1::ObjectKind_MAX + 1),
        specs_(v1::ObjectKind_MAX + 1),
        marker_(Markers()) {
    for (HandlerMaker make : kHandlerMakers) Add(make());
    for (HandlerMaker make : kRareHandlerMakers) Add(make());
  }

  v1::Engine engine() const override { return v1::POSTGRES; }
  absl::string_view name() const override { return "postgres"; }
  const Quoting& quoting() const override { return kPostgresQuoting; }
  absl::Span<const KindHandler> handlers() const override { return handlers_; }
  KindSpecs specs() const override { return specs_; }
  int Major(int server_version) const override {
    return server_version / 10000;
  }

  std::vector<std::string> IntrospectionQueries(
      int server_version) const override {
    return CatalogQueries(server_version);
  }
  std::vector<std::string> FollowUpQueries(int server_version,
                                           const RowSet& first) const override {
    return CatalogFollowUps(server_version, first);
  }

  absl::StatusOr<Schema> ReadSchema(
      const SchemaInfo& info,
      std::vector<std::unique_ptr<RowSet>> results) const override {
    if (results.size() != kRareRows && results.size() != kCatalogQueryCount) {
      return absl::InternalError(absl::StrCat("reading a schema takes ",
                                              kRareRows, " answers, have ",
                                              results.size()));
    }
    std::vector<Object> objects = ReadObjects(results);
    results.clear();  // half of the memory, before the objects are sorted
    return Schema::Make(info, std::move(objects));
  }

  std::string ChangeTokenQuery(int server_version) const override {
    return CatalogChangeToken(server_version);
  }

  absl::Status CheckSupport(const Object& object, const Schema& schema,
                            const SchemaInfo& server) const override {
    return CheckFeatures(object, schema, server.server_version);
  }

  // Names are qualified, but types and functions inside definitions were
  // printed for this search path.
  std::vector<std::string> PlanPrologue(const v1::Plan& plan) const override {
    return {"SET search_path = pg_catalog",
            "SET check_function_bodies = off",
            "SET standard_conforming_strings = on",
            "SET TimeZone = 'UTC'",
            "SET DateStyle = 'ISO, MDY'",
            "SET IntervalStyle = 'postgres'",
            "SET default_tablespace = ''",
            "SET default_table_access_method = heap"};
  }
  std::vector<std::string> PlanEpilogue(const v1::Plan& plan) const override {
    return {};
  }
  std::vector<std::string> CommitChecks(const v1::Plan& plan) const override {
    return {};
  }

  void Review(const Schema& from, const Schema& to,
              std::vector<v1::Statement>& statements) const override {
    AddChecks(from, to, statements);
    LintTransactions(statements);
  }
  absl::Span<const LintRule> lint_rules() const override { return LintRules(); }

  std::vector<std::string> Timeouts(const v1::Statement& first) const override {
    return {
        absl::StrCat("SET lock_timeout = ", first.lock_timeout_ms()),
        absl::StrCat("SET statement_timeout = ", first.statement_timeout_ms())};
  }

  const MarkerSql& marker() const override { return marker_; }

 private:
  void Add(KindHandler handler) {
    if (FindAccessClass(handler.spec.kind) != nullptr) {
      AddAccessRows(handler.spec);
      handler.keep = KeepAccess;
      handler.give_back = GiveBackAccess;
    }
    const auto index = static_cast<size_t>(handler.spec.kind);
    specs_[index] = handler.spec;
    handlers_[index] = handler;
  }

  std::vector<KindHandler> handlers_;
  std::vector<KindSpec> specs_;
  const MarkerSql marker_;
};

}  // namespace
}  // namespace postgres

const Dialect& PostgresDialect() {
  static const auto* const dialect = new postgres::PostgresDialectImpl;
  return *dialect;
}

}  // namespace fleet
