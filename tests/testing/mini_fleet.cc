#include "tests/testing/mini_fleet.h"

#include <signal.h>

#include <filesystem>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "lib/base/status.h"

namespace fleet::testing {
namespace {

constexpr size_t kLogShown = 4'000;

size_t CountOf(const std::string& text, const std::string& word) {
  size_t count = 0;
  for (size_t at = text.find(word); at != std::string::npos;
       at = text.find(word, at + word.size())) {
    ++count;
  }
  return count;
}

}  // namespace

std::string Program(const std::string& name) {
  return absl::StrCat(FLEET_BIN_DIR, "/", name);
}

MiniFleet::MiniFleet(std::string scratch_url)
    : scratch_url_(std::move(scratch_url)),
      address_(absl::StrCat("127.0.0.1:", FreePort())) {}

MiniFleet::~MiniFleet() = default;

std::vector<std::string> MiniFleet::Regions() const {
  std::set<std::string> regions;
  for (const FleetTarget& target : targets_) regions.insert(target.region);
  return {regions.begin(), regions.end()};
}

std::string MiniFleet::AgentConfig(const std::string& region) const {
  std::string text =
      absl::StrCat("version: 1\nname: agent-", region, "\nregion: ", region,
                   "\ncoordinator: {address: \"", address_,
                   "\"}\nstate_dir: ", folder_.path(), "/agent-", region,
                   "\nfingerprint_every: 2s\n");
  if (!scratch_url_.empty()) {
    absl::StrAppend(&text, "scratch: {",
                    scratch_url_.substr(0, scratch_url_.find(':')), ": \"",
                    scratch_url_, "\"}\n");
  }
  absl::StrAppend(&text, agent_lines_, "targets:\n");
  for (const FleetTarget& target : targets_) {
    if (target.region != region) continue;
    absl::StrAppend(&text, "  - {name: ", target.name, ", url: \"", target.url,
                    "\", tags: [", target.tags,
                    "], read_only: ", target.read_only ? "true" : "false");
    if (!target.password_file.empty()) {
      absl::StrAppend(&text, ", password_file: \"", target.password_file,
                      "\"");
    }
    absl::StrAppend(&text, "}\n");
  }
  return text;
}

std::string MiniFleet::ConfigPath(const std::string& region) const {
  return absl::StrCat(folder_.path(), "/", region, ".yaml");
}

void MiniFleet::LoseCoordinatorDisk() {
  std::filesystem::remove_all(folder_.path() + "/coordinator");
}

void MiniFleet::LoseAgentDisk(const std::string& region) {
  std::filesystem::remove_all(absl::StrCat(folder_.path(), "/agent-", region));
}

ProcessResult MiniFleet::RunAgent(const std::string& region,
                                  std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), Program("fleet-agent"));
  arguments.insert(arguments.end(), {"--config", ConfigPath(region)});
  return RunProcess(arguments, {}, absl::Seconds(60));
}

void MiniFleet::StartCoordinator() {
  const std::string log = folder_.path() + "/coordinator.log";
  coordinator_ = Process::Start(
      {Program("fleet-coordinator"), "--listen", address_, "--state-dir",
       folder_.path() + "/coordinator", "--log-level", "debug"},
      log, log, {});
}

void MiniFleet::StartAgent(const std::string& region) {
  const std::string config = ConfigPath(region);
  const std::string log =
      absl::StrCat(folder_.path(), "/agent-", region, ".log");
  WriteWholeFile(config, AgentConfig(region));
  agents_[region] = Process::Start(
      {Program("fleet-agent"), "--config", config, "--log-level", "debug"}, log,
      log, {});
}

void MiniFleet::Start() {
  StartCoordinator();
  for (const std::string& region : Regions()) StartAgent(region);
  CHECK(WaitForTargets(targets_.size(), absl::Seconds(30)));
}

void MiniFleet::KillCoordinator() {
  coordinator_->Signal(SIGKILL);
  CHECK(coordinator_->Wait(absl::Seconds(10)) >= 0);
}

void MiniFleet::KillAgent(const std::string& region) {
  agents_[region]->Signal(SIGKILL);
  CHECK(agents_[region]->Wait(absl::Seconds(10)) >= 0);
}

bool MiniFleet::WaitForTargets(size_t count, absl::Duration limit) {
  const absl::Time end = absl::Now() + limit;
  while (absl::Now() < end) {
    const ProcessResult result = Run({"target", "list", "-o", "json"});
    if (result.exit_code == 0 &&
        CountOf(result.out, "\"connected\": true") >= count &&
        CountOf(result.out, "\"fingerprint\": ") >= count) {
      return true;
    }
    absl::SleepFor(absl::Milliseconds(100));
  }
  return false;
}

ProcessResult MiniFleet::Run(std::vector<std::string> arguments,
                             absl::Duration limit) {
  arguments.insert(arguments.begin(), Program("fleetctl"));
  return RunProcess(arguments, {"FLEETCTL_COORDINATOR=" + address_}, limit);
}

std::unique_ptr<Process> MiniFleet::RunInBackground(
    std::vector<std::string> arguments, const std::string& out_file) {
  arguments.insert(arguments.begin(), Program("fleetctl"));
  return Process::Start(arguments, out_file, out_file,
                        {"FLEETCTL_COORDINATOR=" + address_});
}

std::string MiniFleet::Logs() const {
  std::string text;
  std::vector<std::string> names = {"coordinator"};
  for (const std::string& region : Regions()) {
    names.push_back("agent-" + region);
  }
  for (const std::string& name : names) {
    const std::string log =
        ReadWholeFile(absl::StrCat(folder_.path(), "/", name, ".log"));
    absl::StrAppend(
        &text, "--- ", name, "\n",
        log.size() > kLogShown ? log.substr(log.size() - kLogShown) : log);
  }
  return text;
}

}  // namespace fleet::testing
