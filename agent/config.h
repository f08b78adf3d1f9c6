#ifndef AGENT_CONFIG_H_
#define AGENT_CONFIG_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "lib/base/channel.h"
#include "proto/rollout.pb.h"
#include "proto/schema.pb.h"

// The agent's YAML file. Strict: an unknown or doubled key, a wrong type or a
// bad value is InvalidArgument "file:line:column: …".
//
//   version: 1
//   name: eu-agent
//   region: eu-west            # of its targets, unless they say otherwise
//   coordinator: {address: 127.0.0.1:7443, ca_file: …, cert_file: …, key_file:
//   …} state_dir: /var/lib/fleet-agent scratch: {postgres:
//   "postgres://…/postgres"} max_parallel: 8 fingerprint_every: 60s targets:
//     - {name: saas-eu-01, url: "sqlite:/data/eu01.db", tags: [saas],
//        labels: {tier: gold}, read_only: false, password_file: …}
//   online_tools:              # what large tables may be changed by
//     pt-online-schema-change: [--max-load, "Threads_running=50"]
//
// A URL with a password in it is refused: files of this kind end in backups and
// repositories. Value types.

namespace fleet {

struct TargetConfig {
  std::string name;
  std::string url;
  v1::Engine engine = v1::ENGINE_UNSPECIFIED;
  std::string region;
  std::vector<std::string> tags;  // sorted
  std::vector<v1::Label> labels;  // sorted by key
  std::string scratch;            // URL; "" where the engine needs none
  bool read_only = false;         // may be a source, never a destination
  std::string password_file;      // read at every connect; "" for none
  // Tools that rollouts may have large tables changed by, with the options they
  // get; see lib/engine/online_change.h.
  std::map<std::string, std::vector<std::string>> online_tools;
};

struct AgentConfig {
  std::string name;
  std::string region;
  std::string coordinator_address;
  TlsFiles tls;
  std::string state_dir;
  int max_parallel = 8;  // databases worked on at once
  int64_t fingerprint_every_ms = 60'000;
  std::vector<TargetConfig> targets;  // in file order, names unique
};

absl::StatusOr<AgentConfig> ParseAgentConfig(const std::string& text,
                                             const std::string& file_name);
absl::StatusOr<AgentConfig> ReadAgentConfig(const std::string& path);

// What the coordinator is told about a target before it was reached.
v1::Target DescribeTarget(const TargetConfig& target,
                          absl::string_view agent_name);

// The URL to connect with: `target.url`, with the password of password_file in
// it. FailedPrecondition when others can read that file. Never log the result.
absl::StatusOr<std::string> UrlWithPassword(const TargetConfig& target);

}  // namespace fleet

#endif  // AGENT_CONFIG_H_
