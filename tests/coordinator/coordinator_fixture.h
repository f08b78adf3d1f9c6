#ifndef TESTS_COORDINATOR_COORDINATOR_FIXTURE_H_
#define TESTS_COORDINATOR_COORDINATOR_FIXTURE_H_

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "coordinator/coordinator.h"
#include "proto/fleet.grpc.pb.h"
#include "tests/testing/fake_agent.h"

namespace fleet::testing {

// A real coordinator in this process, on a free port of loopback, and its
// client. Each test has a state directory of its own.
class CoordinatorTest : public ::testing::Test {
 protected:
  CoordinatorTest();
  ~CoordinatorTest() override;

  // Starts, or starts again over the same state directory. The port changes.
  void StartCoordinator();
  void StopCoordinator();

  std::unique_ptr<FakeAgent> NewAgent(const std::string& name);

  // True when `condition` came true within 30 s.
  static bool Eventually(const std::function<bool()>& condition);
  // Waits until each of `targets` has `versions` recorded versions.
  bool WaitForVersions(const std::vector<std::string>& targets,
                       size_t versions);

  // Everything to `source`, all at once, without a bake time.
  static v1::MakePlanRequest Request(const std::string& source);
  absl::StatusOr<v1::FleetPlan> MakePlan(const v1::MakePlanRequest& request);
  absl::StatusOr<v1::Rollout> StartRollout(const std::string& plan_id,
                                           const std::string& request_id = "");
  absl::StatusOr<v1::Rollout> GetRollout(const std::string& id);
  absl::StatusOr<v1::Rollout> Steer(const std::string& id,
                                    v1::SteerRolloutRequest::Action action);
  // The rollout when it is over, or as it is after 60 s.
  v1::Rollout WaitUntilOver(const std::string& id);
  bool WaitForTarget(const std::string& id, const std::string& target,
                     v1::TargetState state);
  v1::TargetStatus StatusOf(const std::string& target);

  CoordinatorOptions options_;
  std::unique_ptr<Coordinator> coordinator_;
  std::unique_ptr<v1::Fleet::Stub> stub_;
};

// Of a rollout; fails the test when it is not there.
v1::TargetProgress ProgressOf(const v1::Rollout& rollout,
                              const std::string& target);

}  // namespace fleet::testing

#endif  // TESTS_COORDINATOR_COORDINATOR_FIXTURE_H_
