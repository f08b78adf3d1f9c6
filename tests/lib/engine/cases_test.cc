#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "lib/base/status.h"
#include "lib/engine/introspect.h"
#include "lib/engine/make_plan.h"
#include "lib/engine/registry.h"
#include "lib/engine/run_plan.h"
#include "lib/engine/scratch.h"
#include "lib/schema/diff.h"
#include "lib/schema/fingerprint.h"
#include "lib/schema/risk.h"
#include "lib/schema/scope.h"
#include "tests/testing/attribute_coverage.h"
#include "tests/testing/case_file.h"
#include "tests/testing/matchers.h"
#include "tests/testing/real_mysql.h"
#include "tests/testing/real_postgres.h"

// Every case under the laws, on real servers:
//   1. the plan, run on `from`, gives the fingerprint of `to`;
//   2. nothing differs afterwards;
//   3. the reverse plan gives the fingerprint of `from` back;
//   4. the same schemas in another order give the same bytes;
//   5. plan and hazards are those of the file (FLEET_UPDATE_CASES=1 rewrites);
//      On other versions than the file's, which may print otherwise, the rest;
//   6. the rehearsal, which builds `from` by a plan of its own, agrees;
//   7. what requires a version is refused by name on the one before.
// When all of an engine's have run: each attribute row is set by one of them,
// and changed by one.

namespace fleet {
namespace {

using testing::CaseFile;
using testing::ReverseLaw;

// Whose plans the files have: Debian 12's.
constexpr int kGoldenPostgres = 15;
constexpr int kGoldenMariadb = 1011;

const char kCases[] = FLEET_SOURCE_DIR "/tests/cases";

// One scratch database per engine for the whole program.
absl::StatusOr<Scratch*> ScratchOf(v1::Engine engine) {
  static auto& scratches = *new std::vector<std::unique_ptr<Scratch>>(16);
  std::unique_ptr<Scratch>& scratch = scratches[engine];
  if (scratch == nullptr) {
    std::string url;
    if (engine == v1::POSTGRES) {
      ASSIGN_OR_RETURN(url, testing::PostgresServerUrl());
    } else if (engine == v1::MYSQL) {
      ASSIGN_OR_RETURN(url, testing::MysqlServerUrl());
    }
    ASSIGN_OR_RETURN(scratch, Scratch::Open(engine, url));
  }
  return scratch.get();
}

struct Covered {
  testing::AttributeCoverage coverage;
  int cases = 0;
  int major = 0;
};
Covered& CoveredOf(v1::Engine engine) {
  static auto& covered = *new std::vector<Covered>(16);
  return covered[engine];
}

class CoverageEnvironment : public ::testing::Environment {
 public:
  void TearDown() override {
    const std::vector<std::string> all = testing::ListCases(kCases);
    for (v1::Engine engine : {v1::POSTGRES, v1::MYSQL, v1::SQLITE}) {
      Check(engine, all);
    }
  }

 private:
  static void Check(v1::Engine engine, const std::vector<std::string>& all) {
    ASSERT_OK_AND_ASSIGN(const Dialect* dialect, DialectOf(engine));
    const Covered& covered = CoveredOf(engine);
    const std::string prefix = absl::StrCat(dialect->name(), "/");
    const auto count =
        std::count_if(all.begin(), all.end(), [&](const std::string& path) {
          return absl::StartsWith(path, prefix);
        });
    if (covered.cases != count) return;  // filtered
    // Older ones take too few of them.
    if (engine == v1::POSTGRES && covered.major < kGoldenPostgres) return;
    if (engine == v1::MYSQL && covered.major != kGoldenMariadb) return;
    for (const std::string& missing :
         covered.coverage.Missing(*dialect, covered.major)) {
      ADD_FAILURE() << dialect->name() << ": " << missing;
    }
  }
};
const auto* const kCoverage =
    ::testing::AddGlobalTestEnvironment(new CoverageEnvironment);

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string((std::istreambuf_iterator<char>(file)),
                     std::istreambuf_iterator<char>());
}

std::string PlanText(const v1::Plan& plan) {
  std::string text;
  int group = 0;
  for (const v1::Statement& statement : plan.statements()) {
    if (!statement.transactional()) {
      text += "-- alone\n";
    } else if (statement.group() != group) {
      text += "-- transaction\n";
    }
    group = statement.group();
    for (const std::string& setting : statement.settings()) {
      absl::StrAppend(&text, "-- under ", setting, "\n");
    }
    absl::StrAppend(&text, statement.sql(), ";\n");
  }
  return text;
}

std::string HazardText(const v1::Plan& plan) {
  std::set<std::string> names;
  for (const v1::Statement& statement : plan.statements()) {
    for (const v1::Hazard& hazard : statement.hazards()) {
      names.insert(std::string(HazardName(hazard.type())));
    }
  }
  std::string text;
  for (const std::string& name : names) absl::StrAppend(&text, name, "\n");
  return text;
}

Schema Shuffled(const Schema& schema) {
  std::vector<Object> objects(schema.objects().begin(), schema.objects().end());
  std::mt19937 random(42);
  std::shuffle(objects.begin(), objects.end(), random);
  for (Object& object : objects) {
    std::shuffle(object.depends_on.begin(), object.depends_on.end(), random);
  }
  absl::StatusOr<Schema> made = Schema::Make(schema.info(), std::move(objects));
  EXPECT_OK(made);
  return made.ok() ? *std::move(made) : Schema();
}

class CasesTest : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    const std::string engine = GetParam().substr(0, GetParam().find('/'));
    ASSERT_OK_AND_ASSIGN(dialect_, DialectNamed(engine));
    ASSERT_OK_AND_ASSIGN(scratch_, ScratchOf(dialect_->engine()));
    ASSERT_OK_AND_ASSIGN(file_, testing::ParseCase(ReadFile(Path())));
    ++CoveredOf(dialect_->engine()).cases;
  }

  std::string Path() const { return absl::StrCat(kCases, "/", GetParam()); }
  // What differences are counted from.
  const Schema& Start() const { return renamed_ ? renamed_->schema : from_; }
  PlanOptions Options() const {
    PlanOptions options;
    options.renamed = renamed_ ? &*renamed_ : nullptr;
    options.render.online = !file_.offline;
    return options;
  }
  static bool IsUpdating() { return getenv("FLEET_UPDATE_CASES") != nullptr; }

  int ServerMajor() const {
    return dialect_->Major(from_.info().server_version);
  }
  bool IsGolden() const {
    // What the server prints of stored programs names its mode.
    if (getenv("FLEET_MYSQL_SQL_MODE") != nullptr) return false;
    if (dialect_->engine() == v1::MYSQL) {
      const bool is_mariadb = from_.info().flavour == "mariadb";
      return file_.flavour == "mysql"
                 ? !is_mariadb
                 : is_mariadb && ServerMajor() == kGoldenMariadb;
    }
    return dialect_->engine() != v1::POSTGRES ||
           ServerMajor() == std::max(kGoldenPostgres, file_.requires_major);
  }

  // Loads both sides and plans; the scratch then holds `from`.
  absl::Status Prepare() {
    ASSIGN_OR_RETURN(Schema to,
                     SchemaOfSql(*scratch_, *dialect_, file_.to, "to"));
    ASSIGN_OR_RETURN(to, ApplySourceScope(to, file_.scope));
    ASSIGN_OR_RETURN(from_,
                     SchemaOfSql(*scratch_, *dialect_, file_.from, "from"));
    ASSIGN_OR_RETURN(from_, ApplyScope(from_, file_.scope));
    if (!file_.renames.empty()) {
      ASSIGN_OR_RETURN(
          renamed_, RenameOnScratch(*scratch_, *dialect_, file_.renames, from_,
                                    to, {}, Options().render));
      RETURN_IF_ERROR(
          SchemaOfSql(*scratch_, *dialect_, file_.from, "from").status());
    }
    KeepOptions keep;
    keep.drop_tables = true;
    ASSIGN_OR_RETURN(Expected expected, ExpectedSchema(to, Start(), keep));
    to_ = std::move(expected.schema);
    Covered& covered = CoveredOf(dialect_->engine());
    covered.coverage.Note(from_, to_);
    covered.major = ServerMajor();
    ASSIGN_OR_RETURN(
        plan_, MakePlan(Start(), to_, *dialect_, from_.info(), Options()));
    return absl::OkStatus();
  }

  // An older server, or one of another flavour, does not take it or has no way,
  // or the case does not require what it says.
  bool IsForAnother() {
    if (file_.requires_major == 0 && file_.flavour.empty()) return false;
    const absl::StatusOr<Schema> none =
        SchemaOfSql(*scratch_, *dialect_, "", "nothing");
    EXPECT_OK(none);
    if (!none.ok()) return false;
    const SchemaInfo& info = none->info();
    if (dialect_->Major(info.server_version) >= file_.requires_major &&
        (file_.flavour.empty() || file_.flavour == info.flavour)) {
      return false;
    }
    const bool loads =
        SchemaOfSql(*scratch_, *dialect_, file_.from, "from").ok() &&
        SchemaOfSql(*scratch_, *dialect_, file_.to, "to").ok();
    EXPECT_FALSE(loads && Prepare().ok())
        << "it can be done, though the server is not "
        << (file_.flavour.empty() ? absl::StrCat(file_.requires_major, " yet")
                                  : file_.flavour);
    return true;
  }

  void CheckRefusal(const absl::Status& status) {
    ASSERT_FALSE(status.ok()) << "the plan is not refused:\n"
                              << PlanText(plan_);
    if (IsUpdating()) {
      file_.refused = absl::StrCat(status.message(), "\n");
      Rewrite();
    }
    const absl::string_view want = absl::StripSuffix(file_.refused, "\n");
    EXPECT_TRUE(absl::StrContains(status.message(), want)) << status;
    EXPECT_FALSE(want.empty()) << status;
  }

  void CheckGolden() {
    const std::string plan = PlanText(plan_);
    const std::string hazards = HazardText(plan_);
    if (IsUpdating()) {
      file_.plan = plan;
      file_.hazards = hazards;
      Rewrite();
    }
    EXPECT_EQ(plan, file_.plan);
    EXPECT_EQ(hazards, file_.hazards);
  }

  void Rewrite() {
    std::ofstream(Path(), std::ios::binary) << testing::FormatCase(file_);
  }

  void CheckOrderDoesNotMatter() {
    const Schema from = Shuffled(Start());
    const Schema to = Shuffled(to_);
    ASSERT_OK_AND_ASSIGN(const v1::Plan again,
                         MakePlan(from, to, *dialect_, from.info(), Options()));
    EXPECT_EQ(again.SerializeAsString(), plan_.SerializeAsString());
  }

  v1::Plan InScope() const {
    v1::Plan plan = plan_;
    *plan.mutable_scope() = file_.scope;
    return plan;
  }

  void CheckEarlierServer() {
    if (file_.requires_major == 0) return;
    SchemaInfo earlier = from_.info();
    earlier.server_version = (file_.requires_major - 1) * 10'000;
    const auto refusal = [&](const Schema& from, const Schema& to) {
      const absl::StatusOr<v1::Plan> plan =
          MakePlan(from, to, *dialect_, earlier, Options());
      return std::string(plan.status().message());
    };
    EXPECT_THAT(absl::StrCat(refusal(Schema(), to_), refusal(from_, to_),
                             refusal(to_, from_)),
                ::testing::HasSubstr(
                    absl::StrCat("needs PostgreSQL ", file_.requires_major)));
  }

  void CheckForward() {
    Session& session = scratch_->session();
    ASSERT_OK(RunPlan(session, *dialect_, plan_, PlanDirection::kForward, {}));
    ASSERT_OK_AND_ASSIGN(const Schema all, Introspect(session, *dialect_));
    ASSERT_OK_AND_ASSIGN(const Schema live, ApplyScope(all, file_.scope));
    ASSERT_OK_AND_ASSIGN(const std::vector<Difference> differences,
                         Diff(live, to_, dialect_->specs()));
    for (const Difference& difference : differences) {
      ADD_FAILURE() << "still differs: " << Describe(difference.key());
    }
    EXPECT_EQ(Fingerprint(live, dialect_->specs()), plan_.to_fingerprint());
  }

  void CheckReverse() {
    if (file_.reverse == ReverseLaw::kNone) {
      EXPECT_EQ(plan_.reverse_size(), 0);
      return;
    }
    Session& session = scratch_->session();
    ASSERT_OK(RunPlan(session, *dialect_, plan_, PlanDirection::kReverse, {}));
    if (file_.reverse == ReverseLaw::kLossy) return;
    ASSERT_OK_AND_ASSIGN(const Schema all, Introspect(session, *dialect_));
    ASSERT_OK_AND_ASSIGN(const Schema live, ApplyScope(all, file_.scope));
    ASSERT_OK_AND_ASSIGN(const std::vector<Difference> differences,
                         Diff(live, from_, dialect_->specs()));
    for (const Difference& difference : differences) {
      ADD_FAILURE() << "did not come back: " << Describe(difference.key());
    }
    EXPECT_EQ(Fingerprint(live, dialect_->specs()), plan_.from_fingerprint());
  }

  const Dialect* dialect_ = nullptr;
  Scratch* scratch_ = nullptr;
  CaseFile file_;
  Schema from_;
  std::optional<Renamed> renamed_;
  Schema to_;
  v1::Plan plan_;
};

TEST_P(CasesTest, ObeysTheLaws) {
  if (IsForAnother()) return;
  const absl::Status status = Prepare();
  if (file_.is_refused) {
    CheckRefusal(status);
    return;
  }
  ASSERT_OK(status);
  if (IsGolden()) CheckGolden();
  CheckOrderDoesNotMatter();
  CheckEarlierServer();
  CheckForward();
  if (HasFatalFailure()) return;
  CheckReverse();
  if (HasFatalFailure()) return;
  EXPECT_OK(Rehearse(*scratch_, *dialect_, from_, InScope(), &to_));
}

std::string NameOf(const ::testing::TestParamInfo<std::string>& info) {
  std::string name(absl::StripSuffix(info.param, ".case"));
  for (char& c : name) {
    if (!isalnum(static_cast<unsigned char>(c))) c = '_';
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(All, CasesTest,
                         ::testing::ValuesIn(testing::ListCases(kCases)),
                         NameOf);

}  // namespace
}  // namespace fleet
