#ifndef TESTS_TESTING_MINI_FLEET_H_
#define TESTS_TESTING_MINI_FLEET_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "tests/testing/process.h"

// A coordinator, one agent per region and fleetctl, all as real processes over
// real databases:
//
//   MiniFleet fleet;
//   fleet.AddTarget({.name = "prod-eu", .url = url, .region = "eu", …});
//   fleet.Start();
//   ProcessResult result = fleet.Run({"sync", "--source", "prod-eu", …});
//
// Daemons log into files whose end Logs() gives. Thread-compatible.

namespace fleet::testing {

struct FleetTarget {
  std::string name;
  std::string url;
  std::string region;
  std::string tags;  // "saas" or "a, b"
  bool read_only = false;
  std::string password_file;  // "" for none
};

class MiniFleet {
 public:
  // `scratch_url`: server for rehearsals; "" where none is needed.
  explicit MiniFleet(std::string scratch_url);
  ~MiniFleet();

  void AddTarget(FleetTarget target) { targets_.push_back(std::move(target)); }

  // Lines of the agents' configurations besides what they need.
  void SetAgentLines(std::string lines) { agent_lines_ = std::move(lines); }

  // Starts everything and waits until every target has reported.
  void Start();
  void StartCoordinator();
  void StartAgent(const std::string& region);
  // SIGKILL; the process is gone when it returns.
  void KillCoordinator();
  void KillAgent(const std::string& region);
  // What the dead process had on disk is gone.
  void LoseCoordinatorDisk();
  void LoseAgentDisk(const std::string& region);
  // `fleet-agent` with the configuration of a region's agent.
  ProcessResult RunAgent(const std::string& region,
                         std::vector<std::string> arguments);
  // Waits until `fleetctl target list` shows `count` fingerprints.
  bool WaitForTargets(size_t count, absl::Duration limit);

  // fleetctl with --coordinator set.
  ProcessResult Run(std::vector<std::string> arguments,
                    absl::Duration limit = absl::Seconds(120));
  std::unique_ptr<Process> RunInBackground(std::vector<std::string> arguments,
                                           const std::string& out_file);

  std::vector<std::string> Regions() const;
  const std::string& address() const { return address_; }  // coordinator's
  const std::string& folder() const { return folder_.path(); }
  std::string Logs() const;
  const std::vector<FleetTarget>& targets() const { return targets_; }

 private:
  std::string AgentConfig(const std::string& region) const;
  std::string ConfigPath(const std::string& region) const;

  TemporaryFolder folder_;
  const std::string scratch_url_;
  const std::string address_;
  std::string agent_lines_;
  std::vector<FleetTarget> targets_;
  std::unique_ptr<Process> coordinator_;
  std::map<std::string, std::unique_ptr<Process>> agents_;
};

// Path of a built program.
std::string Program(const std::string& name);

}  // namespace fleet::testing

#endif  // TESTS_TESTING_MINI_FLEET_H_
