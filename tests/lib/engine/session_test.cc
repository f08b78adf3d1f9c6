#include "lib/engine/session.h"

#include "lib/base/status.h"
#include "lib/engine/open_session.h"
#include "lib/engine/postgres/settings.h"
#include "lib/engine/postgres/sqlstate.h"
#include "tests/testing/matchers.h"

namespace fleet {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::StatusIs;

TEST(ErrorClassTest, SurvivesAnnotation) {
  const absl::Status status =
      ServerError(absl::StatusCode::kAborted, ErrorClass::kRetryable, "55P03",
                  "canceling statement due to lock timeout");
  EXPECT_EQ(status.message(), "55P03: canceling statement due to lock timeout");
  EXPECT_EQ(ErrorClassOf(Annotate(status, "target a")), ErrorClass::kRetryable);
}

TEST(ErrorClassTest, IsPlanWithoutAServer) {
  EXPECT_EQ(ErrorClassOf(absl::InternalError("x")), ErrorClass::kPlan);
  EXPECT_EQ(ErrorClassOf(absl::OkStatus()), ErrorClass::kPlan);
}

struct SqlstateRow {
  absl::string_view sqlstate;
  ErrorClass error_class;
};

TEST(ErrorClassTest, KnowsSqlstates) {
  constexpr SqlstateRow kRows[] = {
      {"55P03", ErrorClass::kRetryable},
      {"40P01", ErrorClass::kRetryable},
      {"40001", ErrorClass::kRetryable},
      {"40002", ErrorClass::kPlan},
      {"53100", ErrorClass::kEnvironmental},
      {"53300", ErrorClass::kEnvironmental},
      {"42501", ErrorClass::kEnvironmental},
      {"57014", ErrorClass::kEnvironmental},
      {"25006", ErrorClass::kEnvironmental},
      {"23505", ErrorClass::kData},
      {"23502", ErrorClass::kData},
      {"22P02", ErrorClass::kData},
      {"42601", ErrorClass::kPlan},
      {"42P07", ErrorClass::kPlan},
      {"25001", ErrorClass::kPlan},
      {"08006", ErrorClass::kUnknown},
      {"57P01", ErrorClass::kUnknown},
      {"57P03", ErrorClass::kUnknown},
      {"", ErrorClass::kPlan},
  };
  for (const SqlstateRow& row : kRows) {
    EXPECT_EQ(ErrorClassOf(PostgresError(row.sqlstate, "x")), row.error_class)
        << row.sqlstate;
  }
}

TEST(PinnedSettingsTest, DependOnTheServer) {
  const auto has = [](int version, bool optional, absl::string_view name) {
    for (const PinnedSetting& row : PinnedSettings(version, false, optional)) {
      if (row.name == name) return true;
    }
    return false;
  };
  EXPECT_TRUE(has(150000, true, "client_connection_check_interval"));
  EXPECT_FALSE(has(150000, false, "client_connection_check_interval"));
  EXPECT_FALSE(has(130000, true, "client_connection_check_interval"));
  EXPECT_FALSE(has(160000, true, "transaction_timeout"));
  EXPECT_TRUE(has(120000, true, "search_path"));
}

TEST(OpenSessionTest, KnowsEnginesByUrl) {
  EXPECT_THAT(EngineOfUrl("postgres://h/d"),
              testing::IsOkAndHolds(v1::POSTGRES));
  EXPECT_THAT(EngineOfUrl("postgresql://h/d"),
              testing::IsOkAndHolds(v1::POSTGRES));
  EXPECT_THAT(EngineOfUrl("sqlite:/a b.db"), testing::IsOkAndHolds(v1::SQLITE));
  EXPECT_THAT(EngineOfUrl("oracle://u:secret@h/d"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       ::testing::AllOf(HasSubstr("oracle://u@h/d"),
                                        Not(HasSubstr("secret")))));
}

TEST(OpenSessionTest, RedactsPasswords) {
  EXPECT_EQ(RedactUrl("postgres://u:secret@h:5432/d"), "postgres://u@h:5432/d");
  EXPECT_EQ(RedactUrl("postgres://u:se@cr/et@h/d"), "postgres://u@h/d");
  EXPECT_EQ(RedactUrl("postgres://h/d?user=u&password=secret&sslmode=require"),
            "postgres://h/d?user=u&sslmode=require");
  EXPECT_EQ(RedactUrl("postgres://u@h/d"), "postgres://u@h/d");
  EXPECT_EQ(RedactUrl("sqlite:/a/b.db"), "sqlite:/a/b.db");
  EXPECT_EQ(RedactUrl("postgres://u\x1b[31m@h/d"), "postgres://u\\x1b[31m@h/d");
}

TEST(OpenSessionTest, NeverShowsThePasswordOfAUrlItCannotRead) {
  for (const char* url :
       {"postgres://u:secret@h/d?nosuch=1", "postgres://u:se@secret@h/d",
        "postgres://u:%zzsecret@h/d"}) {
    EXPECT_THAT(
        OpenSession(url, SessionOptions()),
        StatusIs(absl::StatusCode::kInvalidArgument, Not(HasSubstr("secret"))))
        << url;
  }
}

}  // namespace
}  // namespace fleet
