#include "tests/testing/saas_fleet.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "lib/base/status.h"
#include "lib/engine/open_session.h"
#include "tests/testing/real_postgres.h"

namespace fleet::testing {
namespace {

constexpr char kSource[] = "prod-eu";

// fleetctl_meta is fleetctl's own schema, which no introspection shows; the
// event trigger itself is an object that only the targets have and keep.
constexpr char kLedger[] = R"(
CREATE SCHEMA IF NOT EXISTS fleetctl_meta;
CREATE TABLE fleetctl_meta.test_ledger (
  at bigserial, tag text, object text);
CREATE TABLE fleetctl_meta.test_pace AS SELECT 0::float AS seconds;
CREATE FUNCTION fleetctl_meta.note() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO fleetctl_meta.test_ledger (tag, object)
  SELECT command_tag, object_identity FROM pg_event_trigger_ddl_commands()
  WHERE schema_name IS DISTINCT FROM 'fleetctl_meta';
  PERFORM pg_sleep(seconds) FROM fleetctl_meta.test_pace WHERE seconds > 0;
END $$;
CREATE EVENT TRIGGER test_ledger ON ddl_command_end
  EXECUTE FUNCTION fleetctl_meta.note();
)";

}  // namespace

SaasFleet::SaasFleet() {
  const absl::StatusOr<std::string> server = PostgresServerUrl();
  CHECK(server.ok());
  fleet_ = std::make_unique<MiniFleet>(*server);
  const auto add = [&](const std::string& name, const std::string& region,
                       const std::string& tag, bool read_only) {
    const absl::StatusOr<std::string> url = CreatePostgresDatabase();
    CHECK(url.ok());
    urls_[name] = *url;
    fleet_->AddTarget({name, *url, region, tag, read_only});
  };
  add(kSource, "eu", "source", true);
  for (const char* region : {"ap", "eu", "us"}) {
    for (int n = 1; n <= 4; ++n) {
      targets_.push_back(absl::StrCat("saas-", region, "-0", n));
      add(targets_.back(), region, "saas", false);
      Sql(targets_.back(), kLedger);
    }
  }
}

const std::string& SaasFleet::Url(const std::string& database) const {
  return urls_.at(database);
}

void SaasFleet::Sql(const std::string& database, const std::string& sql) {
  auto session = OpenSession(Url(database), {});
  ASSERT_TRUE(session.ok()) << session.status();
  const absl::Status status = (*session)->RunScript(sql, "test.sql");
  ASSERT_TRUE(status.ok()) << status;
}

std::string SaasFleet::Value(const std::string& database,
                             const std::string& sql) {
  auto session = OpenSession(Url(database), {});
  EXPECT_TRUE(session.ok()) << session.status();
  if (!session.ok()) return "";
  auto rows = (*session)->Query(sql);
  EXPECT_TRUE(rows.ok()) << rows.status();
  if (!rows.ok() || (*rows)->rows() == 0) return "";
  return std::string((*rows)->at(0, 0));
}

std::vector<std::string> SaasFleet::Different() {
  std::vector<std::string> different;
  for (const std::string& target : targets_) {
    // The ledger's event trigger is the one object that only targets have.
    Sql(target, "DROP EVENT TRIGGER test_ledger");
    const ProcessResult result =
        fleet_->Run({"diff", Url(target), Url(kSource), "--detailed-exitcode"});
    if (result.exit_code != 0) {
      different.push_back(absl::StrCat(target, ": ", result.out, result.err));
    }
    Sql(target,
        "CREATE EVENT TRIGGER test_ledger ON ddl_command_end "
        "EXECUTE FUNCTION fleetctl_meta.note()");
  }
  return different;
}

std::string SaasFleet::Ledger(const std::string& target) {
  return Value(target,
               "SELECT string_agg(tag || ' ' || coalesce(object, ''), E'\\n' "
               "ORDER BY tag, object) FROM fleetctl_meta.test_ledger WHERE "
               "tag <> 'CREATE EVENT TRIGGER'");
}

void SaasFleet::ClearLedgers() {
  for (const std::string& target : targets_) {
    Sql(target, "TRUNCATE fleetctl_meta.test_ledger");
  }
}

void SaasFleet::SlowDown(absl::Duration by) {
  for (const std::string& target : targets_) {
    Sql(target, absl::StrCat("UPDATE fleetctl_meta.test_pace SET seconds = ",
                             absl::ToDoubleSeconds(by)));
  }
}

bool SaasFleet::IsInTransaction(const std::string& region) {
  std::vector<std::string> databases;
  for (const FleetTarget& target : fleet_->targets()) {
    if (target.region != region || target.read_only) continue;
    std::string& name = database_names_[target.name];
    if (name.empty()) name = Value(target.name, "SELECT current_database()");
    databases.push_back(absl::StrCat("'", name, "'"));
  }
  return Value(kSource,
               absl::StrCat("SELECT count(*) FROM pg_stat_activity WHERE "
                            "backend_xid IS NOT NULL AND datname IN (",
                            absl::StrJoin(databases, ", "), ")")) != "0";
}

std::string SaasFleet::Policy(const std::string& yaml) {
  const std::string path =
      absl::StrCat(fleet_->folder(), "/policy", ++policies_, ".yaml");
  WriteWholeFile(path, yaml);
  return path;
}

}  // namespace fleet::testing
