#include "lib/engine/marker.h"

#include <memory>

#include "lib/engine/introspect.h"
#include "lib/engine/open_session.h"
#include "lib/engine/registry.h"
#include "lib/schema/fingerprint.h"
#include "tests/testing/matchers.h"
#include "tests/testing/real_postgres.h"

namespace fleet {
namespace {

using ::testing::HasSubstr;
using testing::IsOkAndHolds;
using testing::StatusIs;

class MarkerTest : public ::testing::TestWithParam<v1::Engine> {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(dialect_, DialectOf(GetParam()));
    std::string url = "sqlite::memory:";
    if (GetParam() == v1::POSTGRES) {
      ASSERT_OK_AND_ASSIGN(url, testing::CreatePostgresDatabase());
    }
    ASSERT_OK_AND_ASSIGN(session_, OpenSession(url, SessionOptions()));
    marker_.plan_id = "plan";
    marker_.rollout = "r-1";
    marker_.group = 1;
    marker_.attempt = 2;
  }

  // Whether a claim of `epoch` in a transaction of its own is won.
  absl::Status Claim(uint64_t epoch) {
    absl::Status status = session_->Begin();
    status.Update(ClaimEpoch(*session_, *dialect_, epoch));
    status.Update(status.ok() ? session_->Commit() : session_->Rollback());
    return status;
  }

  const Dialect* dialect_ = nullptr;
  std::unique_ptr<Session> session_;
  AppliedMarker marker_;
};

TEST_P(MarkerTest, IsNoPartOfTheSchema) {
  ASSERT_OK_AND_ASSIGN(const Schema before, Introspect(*session_, *dialect_));
  ASSERT_OK(EnsureMarkers(*session_, *dialect_));
  ASSERT_OK(EnsureMarkers(*session_, *dialect_));
  ASSERT_OK_AND_ASSIGN(const Schema after, Introspect(*session_, *dialect_));
  EXPECT_EQ(Fingerprint(before, dialect_->specs()),
            Fingerprint(after, dialect_->specs()));
}

TEST_P(MarkerTest, TheHighestEpochWins) {
  ASSERT_OK(EnsureMarkers(*session_, *dialect_));
  EXPECT_OK(Claim(5));
  EXPECT_OK(Claim(5));
  EXPECT_OK(Claim(7));
  EXPECT_THAT(Claim(6), StatusIs(absl::StatusCode::kFailedPrecondition,
                                 HasSubstr("have epoch 7")));
  EXPECT_OK(Claim(7));
}

TEST_P(MarkerTest, AnEpochIsZeroOnlyWhereNobodyHasActed) {
  EXPECT_THAT(ReadEpoch(*session_, *dialect_), IsOkAndHolds(0));
  ASSERT_OK(EnsureMarkers(*session_, *dialect_));
  EXPECT_OK(Claim(5));
  EXPECT_THAT(ReadEpoch(*session_, *dialect_), IsOkAndHolds(5));
  const bool is_postgres = GetParam() == v1::POSTGRES;
  ASSERT_OK(session_->Execute(is_postgres
                                  ? "DELETE FROM fleetctl_meta.state"
                                  : "DELETE FROM fleetctl_meta_state"));
  EXPECT_THAT(ReadEpoch(*session_, *dialect_),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("no epoch is stored")));
}

TEST_P(MarkerTest, StandsWithItsTransaction) {
  ASSERT_OK(EnsureMarkers(*session_, *dialect_));
  EXPECT_THAT(HasMarker(*session_, *dialect_, marker_), IsOkAndHolds(false));
  ASSERT_OK(session_->Begin());
  ASSERT_OK(WriteMarker(*session_, *dialect_, 5, marker_));
  ASSERT_OK(session_->Rollback());
  EXPECT_THAT(HasMarker(*session_, *dialect_, marker_), IsOkAndHolds(false));
  ASSERT_OK(session_->Begin());
  ASSERT_OK(WriteMarker(*session_, *dialect_, 5, marker_));
  ASSERT_OK(session_->Commit());
  EXPECT_THAT(HasMarker(*session_, *dialect_, marker_), IsOkAndHolds(true));
  // The same again stops whoever would apply it twice.
  EXPECT_EQ(ErrorClassOf(WriteMarker(*session_, *dialect_, 5, marker_)),
            ErrorClass::kData);
  AppliedMarker other = marker_;
  other.group = 2;
  EXPECT_THAT(HasMarker(*session_, *dialect_, other), IsOkAndHolds(false));
  other = marker_;
  other.attempt = 3;
  EXPECT_THAT(HasMarker(*session_, *dialect_, other), IsOkAndHolds(false));
}

INSTANTIATE_TEST_SUITE_P(Engines, MarkerTest,
                         ::testing::Values(v1::POSTGRES, v1::SQLITE),
                         [](const auto& info) {
                           return v1::Engine_Name(info.param);
                         });

}  // namespace
}  // namespace fleet
