#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "cli/exit_code.h"
#include "cli/live_region.h"
#include "cli/print_changes.h"
#include "cli/print_plan.h"
#include "cli/print_rollout.h"
#include "cli/style.h"
#include "cli/table.h"

namespace fleet {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Le;
using ::testing::Not;
using ::testing::ResultOf;

template <typename Message>
Message Parse(const std::string& text) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message));
  return message;
}

v1::Plan UsersPlan() {
  return Parse<v1::Plan>(R"pb(
    engine: POSTGRES
    from_fingerprint: "aaaaaaaaaa"
    to_fingerprint: "bbbbbbbbbb"
    risk: 75
    rehearsed: true
    changes {
      op: CREATE
      kind: COLUMN
      path: [ "public", "users", "prefs" ]
      detail: "jsonb NOT NULL"
      risk: 12
    }
    changes {
      op: ALTER
      kind: COLUMN
      path: [ "public", "users", "email" ]
      risk: 8
      attributes { name: "type" from: "varchar(120)" to: "varchar(255)" }
    }
    changes {
      op: DROP
      kind: COLUMN
      path: [ "public", "users", "flags" ]
      risk: 75
    }
    changes {
      op: CREATE
      kind: TABLE
      path: [ "public", "hooks" ]
      risk: 5
    }
    changes {
      op: CREATE
      kind: COLUMN
      path: [ "public", "hooks", "id" ]
      risk: 5
    }
    changes {
      op: CREATE
      kind: COLUMN
      path: [ "public", "hooks", "url" ]
      risk: 5
    }
    changes {
      op: RECREATE
      kind: VIEW
      path: [ "public", "v" ]
      risk: 8
      because: "column public.users.email"
    }
    statements {
      sql: "ALTER TABLE public.users DROP COLUMN flags"
      lock: "ACCESS EXCLUSIVE"
      hazards { type: DELETES_DATA message: "the values of users.flags" }
    }
  )pb");
}

TEST(PrintChanges, GroupsByTableAndFoldsNewOnes) {
  const std::string text = PrintChanges(UsersPlan().changes(), Style::Plain());
  EXPECT_THAT(text, HasSubstr("~ table public.users\n    + column prefs"));
  EXPECT_THAT(text, HasSubstr("email  type varchar(120) → varchar(255)"));
  EXPECT_THAT(text, HasSubstr("+ table public.hooks (2 columns)"));
  EXPECT_THAT(text, Not(HasSubstr("column url")));
  EXPECT_THAT(text, HasSubstr("re-created for column public.users.email"));
  EXPECT_THAT(text, HasSubstr("risk 75 high"));
}

TEST(PrintStatements, SayWhatEachDoes) {
  const auto plan = Parse<v1::Plan>(R"pb(
    statements {
      sql: "CREATE INDEX i ON t (a)"
      lock: "SHARE"
      transactional: true
      scans_table: true
      rules: [ "PG-L24", "PG-L31" ]
      hazards { type: INDEX_BUILD message: "over table t" }
    }
    statements {
      sql: "CREATE INDEX CONCURRENTLY i ON t (a)"
      lock: "SHARE UPDATE EXCLUSIVE"
      scans_table: true
    }
    statements {
      sql: "ALTER TABLE t ALTER a TYPE bigint"
      transactional: true
      scans_table: true
      rewrites_table: true
    }
    statements { sql: "CREATE TABLE t ()" transactional: true }
  )pb");
  const std::string text =
      PrintStatements(plan.statements(), Style::Plain(), 0);
  EXPECT_EQ(text,
            "  1  CREATE INDEX i ON t (a);  SHARE, scans, PG-L24 PG-L31\n"
            "     ! INDEX_BUILD  over table t\n"
            "  2  CREATE INDEX CONCURRENTLY i ON t (a);  SHARE UPDATE "
            "EXCLUSIVE, scans, alone\n"
            "  3  ALTER TABLE t ALTER a TYPE bigint;  rewrites\n"
            "  4  CREATE TABLE t ();\n");
}

TEST(PrintFleetPlan, ShowsWhatStopsATarget) {
  v1::FleetPlan plan;
  plan.set_id("p-1");
  *plan.add_cohorts()->mutable_plan() = UsersPlan();
  plan.mutable_cohorts(0)->add_targets("saas-1");
  v1::TargetFinding* found = plan.add_findings();
  found->set_target("saas-1");
  found->mutable_finding()->set_message("check t.c finds rows (3)");
  found = plan.add_findings();
  found->set_target("saas-1");
  found->mutable_finding()->set_message("table t is big");
  found->mutable_finding()->set_warning(true);
  EXPECT_THAT(PrintFleetPlan(plan, Style::Plain(), PlanDetail()),
              AllOf(HasSubstr("BLOCKED      saas-1  check t.c finds rows (3)"),
                    HasSubstr("WARNING      saas-1  table t is big")));
}

TEST(PrintChanges, LongTextsShowWhereTheyDiffer) {
  v1::Plan plan;
  v1::Change* change = plan.add_changes();
  change->set_op(v1::ALTER);
  change->set_kind(v1::VIEW);
  change->add_path("v");
  v1::AttributeChange* attribute = change->add_attributes();
  attribute->set_name("definition");
  const std::string same(80, 'x');
  attribute->set_from(same + " OLD");
  attribute->set_to(same + " NEW");
  EXPECT_THAT(PrintChanges(plan.changes(), Style::Plain()),
              HasSubstr("definition …xxxxxxxxxxx OLD → …xxxxxxxxxxx NEW"));
}

TEST(PrintChanges, HostileNamesCannotMoveTheCursor) {
  v1::Plan plan = Parse<v1::Plan>(R"pb(changes {
                                         op: DROP
                                         kind: VIEW
                                         path: [ "public", "a\033[2Jb\nc" ]
                                       })pb");
  const std::string text = PrintChanges(plan.changes(), Style::Plain());
  EXPECT_THAT(text, HasSubstr("a\\x1b[2Jb\\nc"));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
}

TEST(PrintStatements, ShowsLockAndHazard) {
  const std::string text =
      PrintStatements(UsersPlan().statements(), Style::Plain(), 0);
  EXPECT_THAT(text, AllOf(HasSubstr("  1  ALTER TABLE public.users DROP"),
                          HasSubstr("ACCESS EXCLUSIVE"),
                          HasSubstr("! DELETES_DATA  the values")));
}

v1::FleetPlan TwoCohorts() {
  v1::FleetPlan plan = Parse<v1::FleetPlan>(R"pb(
    id: "p-7f3a910000"
    source: "prod-eu@17"
    source_fingerprint: "bbbbbbbbbb"
    selector: "tag:saas"
    in_sync: [ "saas-us-17" ]
    unreachable { target: "saas-eu-19" note: "last seen 2h ago" }
    cohorts {
      name: "A"
      targets: [ "saas-ap-01" ]
    }
    cohorts {
      name: "B"
      targets: [ "saas-eu-01", "saas-eu-02" ]
    }
    waves {
      name: "canary"
      targets: [ "saas-ap-01" ]
      max_parallel: 1
      bake_ms: 1800000
    }
    waves {
      name: "eu"
      targets: [ "saas-eu-01", "saas-eu-02" ]
      max_parallel: 2
      manual_promotion: true
    }
    policy { name: "careful" }
  )pb");
  *plan.mutable_cohorts(0)->mutable_plan() = UsersPlan();
  *plan.mutable_cohorts(1)->mutable_plan() = UsersPlan();
  return plan;
}

TEST(PrintFleetPlan, TotalsComeLast) {
  const std::string text =
      PrintFleetPlan(TwoCohorts(), Style::Plain(), PlanDetail{});
  EXPECT_THAT(
      text,
      AllOf(HasSubstr("GROUP A · 1 target"), HasSubstr("saas-eu-[01-02]"),
            HasSubstr("UNREACHABLE  saas-eu-19  last seen"),
            HasSubstr("then bake 30m"), HasSubstr("starts after approval")));
  EXPECT_LT(text.find("Waves (policy careful)"), text.find("Plan: "));
  EXPECT_THAT(text, HasSubstr("on 3 targets, 3 statements"));
}

TEST(PrintFleetPlan, NothingToDoIsOneSentence) {
  v1::FleetPlan plan = TwoCohorts();
  plan.clear_cohorts();
  EXPECT_THAT(PrintFleetPlan(plan, Style::Plain(), PlanDetail{}),
              HasSubstr("No changes. 1 target matches prod-eu@17."));
  EXPECT_TRUE(NeedsTypedId(TwoCohorts()));
  EXPECT_FALSE(NeedsTypedId(plan));
}

v1::Rollout HalfDone() {
  return Parse<v1::Rollout>(R"pb(
    id: "r-9"
    source: "prod-eu@17"
    state: ROLLOUT_FAILED
    reason: "halted"
    started_ms: 1000
    finished_ms: 61000
    waves {
      name: "canary"
      targets: [ "a-01" ]
      state: WAVE_PROMOTED
    }
    waves {
      name: "eu"
      targets: [ "a-02", "a-03" ]
      state: WAVE_FAILED
    }
    waves {
      name: "us"
      targets: [ "b-01", "b-02" ]
      state: WAVE_HALTED
    }
    targets {
      target: "a-01"
      state: TARGET_HEALTHY
      statements_total: 3
      statements_done: 3
      started_ms: 1000
      finished_ms: 3000
      fingerprint: "bbbbbbbbbb"
    }
    targets {
      target: "a-02"
      state: TARGET_FAILED
      message: "23505: duplicate key"
      failed_statement: 2
      statements_total: 3
    }
    targets { target: "a-03" state: TARGET_HEALTHY }
    targets { target: "b-01" state: TARGET_CANCELLED reason: "halted" }
    targets { target: "b-02" state: TARGET_CANCELLED reason: "halted" }
  )pb");
}

TEST(PrintRecap, SaysWhatFailedAndHowToGoOn) {
  const std::string text = PrintRecap(HalfDone(), Style::Plain());
  EXPECT_THAT(text, AllOf(HasSubstr("RECAP r-9 failed after 1m"),
                          HasSubstr("FAILED a-02, statement 2 of 3"),
                          HasSubstr("23505: duplicate key"),
                          HasSubstr("fleetctl rollout retry r-9 --target a-02"),
                          HasSubstr("NOT STARTED 2  b-[01-02]")));
}

TEST(RolloutFrame, FitsTheScreen) {
  v1::Rollout rollout = HalfDone();
  rollout.mutable_waves(1)->set_state(v1::WAVE_RUNNING);
  for (int i = 0; i < 40; ++i) {
    v1::TargetProgress* target = rollout.add_targets();
    target->set_target("x-" + std::to_string(i));
    target->set_state(v1::TARGET_APPLYING);
    target->set_message("long long long long long long long long long long");
    rollout.mutable_waves(1)->add_targets(target->target());
  }
  const Style narrow(false, true, 40, true);
  const std::vector<std::string> lines =
      RolloutFrame(rollout, 5000, narrow, 12);
  EXPECT_LE(lines.size(), 12u);
  EXPECT_THAT(lines, Each(ResultOf(DisplayWidth, Le(40))));
}

TEST(Table, AlignsWideCharacters) {
  Table table({"NAME", "X"});
  table.AddRow({"データ", "1"});
  table.AddRow({"a", "2"});
  EXPECT_EQ(table.Text(Style::Plain()), "NAME    X\nデータ  1\na       2\n");
}

TEST(Fit, CutsAndPads) {
  EXPECT_EQ(Fit("abc", 5), "abc  ");
  EXPECT_EQ(Fit("abcdef", 4), "abc…");
  EXPECT_EQ(DisplayWidth(Fit("データベース", 5)), 5);
}

TEST(ExitCode, FollowsTheStatus) {
  EXPECT_EQ(ExitCodeOf(absl::OkStatus()), kExitOk);
  EXPECT_EQ(ExitCodeOf(absl::UnavailableError("x")), kExitUnreachable);
  EXPECT_EQ(ExitCodeOf(absl::FailedPreconditionError(
                "stopped by policy: DELETES_DATA")),
            kExitPolicy);
  EXPECT_EQ(ExitCodeOf(absl::FailedPreconditionError("plan p-1 is stale")),
            kExitStale);
  EXPECT_EQ(ExitCodeOf(WithExitCode(absl::InternalError("x"), kExitConfig)),
            kExitConfig);
}

}  // namespace
}  // namespace fleet
