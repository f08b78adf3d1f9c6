#include "tests/coordinator/coordinator_fixture.h"

#include <cstdlib>
#include <filesystem>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "coordinator/rollout.h"
#include "lib/base/channel.h"
#include "lib/base/grpc_status.h"
#include "lib/base/log.h"
#include "lib/base/status.h"
#include "tests/testing/matchers.h"

namespace fleet::testing {
namespace {

constexpr char kAllAtOnce[] =
    "version: 1\n"
    "waves:\n"
    "  - name: all\n"
    "    max_parallel: 100%\n"
    "    bake: 0s\n";

}  // namespace

CoordinatorTest::CoordinatorTest() {
  EXPECT_OK(ConfigureLog("error", "text"));
  std::string pattern = ::testing::TempDir() + "coordinator_XXXXXX";
  CHECK(mkdtemp(pattern.data()) != nullptr);
  options_.state_dir = pattern;
  options_.listen = "127.0.0.1:0";
  StartCoordinator();
}

CoordinatorTest::~CoordinatorTest() {
  StopCoordinator();
  std::filesystem::remove_all(options_.state_dir);
}

void CoordinatorTest::StartCoordinator() {
  StopCoordinator();
  absl::StatusOr<std::unique_ptr<Coordinator>> started =
      Coordinator::Start(options_, SystemClock());
  ASSERT_OK(started);
  coordinator_ = *std::move(started);
  absl::StatusOr<std::shared_ptr<grpc::Channel>> channel =
      OpenChannel(coordinator_->address(), {});
  ASSERT_OK(channel);
  stub_ = v1::Fleet::NewStub(*channel);
}

void CoordinatorTest::StopCoordinator() {
  stub_.reset();
  coordinator_.reset();
}

std::unique_ptr<FakeAgent> CoordinatorTest::NewAgent(const std::string& name) {
  auto agent = std::make_unique<FakeAgent>(coordinator_->address(), name);
  for (int variant = 0; variant < 4; ++variant) agent->Learn(Shop(variant));
  return agent;
}

bool CoordinatorTest::Eventually(const std::function<bool()>& condition) {
  const absl::Time deadline = absl::Now() + absl::Seconds(30);
  while (absl::Now() < deadline) {
    if (condition()) return true;
    absl::SleepFor(absl::Milliseconds(5));
  }
  return condition();
}

bool CoordinatorTest::WaitForVersions(const std::vector<std::string>& targets,
                                      size_t versions) {
  return Eventually([&] {
    for (const std::string& target : targets) {
      if (coordinator_->view().Versions(target).size() < versions) return false;
    }
    return true;
  });
}

v1::MakePlanRequest CoordinatorTest::Request(const std::string& source) {
  v1::MakePlanRequest request;
  request.set_source(source);
  request.add_selectors("all");
  request.set_policy_yaml(kAllAtOnce);
  request.set_policy_file_name("policy.yaml");
  request.set_allow_all_hazards(true);
  request.set_requested_by("lena");
  return request;
}

absl::StatusOr<v1::FleetPlan> CoordinatorTest::MakePlan(
    const v1::MakePlanRequest& request) {
  grpc::ClientContext context;
  auto reader = stub_->MakePlan(&context, request);
  v1::MakePlanReply reply;
  v1::FleetPlan plan;
  while (reader->Read(&reply)) {
    if (reply.has_fleet_plan()) plan = reply.fleet_plan();
  }
  RETURN_IF_ERROR(FromGrpc(reader->Finish()));
  return plan;
}

absl::StatusOr<v1::Rollout> CoordinatorTest::StartRollout(
    const std::string& plan_id, const std::string& request_id) {
  grpc::ClientContext context;
  v1::StartRolloutRequest request;
  request.set_fleet_plan_id(plan_id);
  request.set_requested_by("lena");
  request.set_message("orders search");
  request.set_request_id(request_id);
  v1::Rollout rollout;
  RETURN_IF_ERROR(FromGrpc(stub_->StartRollout(&context, request, &rollout)));
  return rollout;
}

absl::StatusOr<v1::Rollout> CoordinatorTest::GetRollout(const std::string& id) {
  grpc::ClientContext context;
  v1::GetRolloutRequest request;
  request.set_id(id);
  v1::Rollout rollout;
  RETURN_IF_ERROR(FromGrpc(stub_->GetRollout(&context, request, &rollout)));
  return rollout;
}

absl::StatusOr<v1::Rollout> CoordinatorTest::Steer(
    const std::string& id, v1::SteerRolloutRequest::Action action) {
  grpc::ClientContext context;
  v1::SteerRolloutRequest request;
  request.set_id(id);
  request.set_action(action);
  request.set_by("lena");
  v1::Rollout rollout;
  RETURN_IF_ERROR(FromGrpc(stub_->SteerRollout(&context, request, &rollout)));
  return rollout;
}

v1::Rollout CoordinatorTest::WaitUntilOver(const std::string& id) {
  v1::Rollout last;
  Eventually([&] {
    const absl::StatusOr<v1::Rollout> rollout = GetRollout(id);
    if (rollout.ok()) last = *rollout;
    return IsOver(last.state());
  });
  return last;
}

bool CoordinatorTest::WaitForTarget(const std::string& id,
                                    const std::string& target,
                                    v1::TargetState state) {
  return Eventually([&] {
    const absl::StatusOr<v1::Rollout> rollout = GetRollout(id);
    return rollout.ok() && ProgressOf(*rollout, target).state() == state;
  });
}

v1::TargetStatus CoordinatorTest::StatusOf(const std::string& target) {
  grpc::ClientContext context;
  v1::ListTargetsRequest request;
  request.add_selectors("name:" + target);
  v1::ListTargetsReply reply;
  EXPECT_OK(FromGrpc(stub_->ListTargets(&context, request, &reply)));
  return reply.targets_size() == 1 ? reply.targets(0) : v1::TargetStatus();
}

v1::TargetProgress ProgressOf(const v1::Rollout& rollout,
                              const std::string& target) {
  for (const v1::TargetProgress& progress : rollout.targets()) {
    if (progress.target() == target) return progress;
  }
  ADD_FAILURE() << target << " is not in " << rollout.id();
  return v1::TargetProgress();
}

}  // namespace fleet::testing
