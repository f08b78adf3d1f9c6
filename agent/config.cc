#include "agent/config.h"

#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "lib/base/status.h"
#include "lib/base/suggest.h"
#include "lib/base/yaml.h"
#include "lib/engine/open_session.h"
#include "lib/engine/registry.h"

namespace fleet {
namespace {

constexpr int kParallelMax = 256;
constexpr int64_t kFingerprintEveryMsMin = 1'000;
constexpr size_t kPasswordBytesMax = 4'096;

using ScratchUrls = std::map<v1::Engine, std::string>;
// The options of each engine's tools, by the name of the tool.
using OnlineTools =
    std::map<v1::Engine, std::map<std::string, std::vector<std::string>>>;

// The part of `url` between "://" and the path; "" where it has none.
absl::string_view Authority(absl::string_view url) {
  const size_t start = url.find("://");
  if (start == absl::string_view::npos) return "";
  absl::string_view rest = url.substr(start + 3);
  return rest.substr(0, rest.find_first_of("/?#"));
}

bool HasPassword(absl::string_view url) {
  const absl::string_view authority = Authority(url);
  const size_t at = authority.rfind('@');
  if (at != absl::string_view::npos &&
      absl::StrContains(authority.substr(0, at), ":")) {
    return true;
  }
  const size_t question = url.find('?');
  if (question == absl::string_view::npos) return false;
  for (absl::string_view pair : absl::StrSplit(url.substr(question + 1), '&')) {
    const std::string key =
        absl::AsciiStrToLower(pair.substr(0, pair.find('=')));
    if (key == "password" || key == "sslpassword") return true;
  }
  return false;
}

// Reads the text of `key` as a database URL and finds its engine.
absl::StatusOr<std::string> ReadUrl(const YamlNode& node, v1::Engine* engine) {
  ASSIGN_OR_RETURN(std::string url, node.Text(""));
  if (HasPassword(url)) {
    return node.Error(
        "the URL has a password in it; use a service file, .pgpass or "
        "password_file");
  }
  const absl::StatusOr<v1::Engine> found = EngineOfUrl(url);
  if (!found.ok()) return node.Error(found.status().message());
  *engine = *found;
  return url;
}

// A target name is a word of selectors and of stream names.
bool IsName(absl::string_view name) {
  if (name.empty() || name.size() > 128) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_isalnum(c) || c == '-' || c == '_' || c == '.';
  });
}

absl::StatusOr<std::string> ReadName(const YamlNode& parent) {
  const YamlNode node = parent.Get("name");
  if (!node.IsPresent()) return parent.Error("key \"name\" is missing");
  ASSIGN_OR_RETURN(std::string name, node.RequiredText("name"));
  if (IsName(name)) return name;
  return node.Error(
      "a name has 1 to 128 of: letters, digits, \"-\", \"_\" and \".\"");
}

absl::StatusOr<std::string> ReadRequired(const YamlNode& parent,
                                         absl::string_view key) {
  const YamlNode node = parent.Get(key);
  if (!node.IsPresent()) {
    return parent.Error(absl::StrCat("key \"", key, "\" is missing"));
  }
  return node.RequiredText(key);
}

absl::StatusOr<std::vector<v1::Label>> ReadLabels(const YamlNode& node) {
  std::vector<v1::Label> labels;
  if (!node.IsPresent()) return labels;
  if (!node.IsMap()) return node.Error("expected \"key: value\" pairs here");
  for (const std::string& key : node.Keys()) {
    v1::Label label;
    label.set_key(key);
    ASSIGN_OR_RETURN(*label.mutable_value(), node.Get(key).Text(""));
    labels.push_back(std::move(label));
  }
  std::sort(
      labels.begin(), labels.end(),
      [](const v1::Label& a, const v1::Label& b) { return a.key() < b.key(); });
  return labels;
}

absl::StatusOr<ScratchUrls> ReadScratch(const YamlNode& node) {
  ScratchUrls urls;
  if (!node.IsPresent()) return urls;
  if (!node.IsMap()) return node.Error("expected \"engine: URL\" pairs here");
  for (const std::string& key : node.Keys()) {
    const YamlNode value = node.Get(key);
    const absl::StatusOr<const Dialect*> dialect = DialectNamed(key);
    if (!dialect.ok()) return value.Error(dialect.status().message());
    v1::Engine engine = v1::ENGINE_UNSPECIFIED;
    ASSIGN_OR_RETURN(std::string url, ReadUrl(value, &engine));
    if (engine != (*dialect)->engine()) {
      return value.Error(absl::StrCat("this is not a URL of engine ", key));
    }
    urls[engine] = std::move(url);
  }
  return urls;
}

// The engine that `name` is a tool of.
absl::StatusOr<v1::Engine> EngineOfTool(const YamlNode& node,
                                        const std::string& name) {
  std::vector<std::string> known;
  for (const auto& [tool, engine] : OnlineToolNames()) {
    if (tool == name) return engine;
    known.push_back(tool);
  }
  return node.Error(absl::StrCat("unknown tool \"", name,
                                 "\"; known: ", absl::StrJoin(known, ", "),
                                 DidYouMean(name, known)));
}

absl::StatusOr<OnlineTools> ReadOnlineTools(const YamlNode& node) {
  OnlineTools tools;
  if (!node.IsPresent()) return tools;
  if (!node.IsMap()) return node.Error("expected \"tool: [options]\" here");
  for (const std::string& name : node.Keys()) {
    ASSIGN_OR_RETURN(const v1::Engine engine,
                     EngineOfTool(node.Get(name), name));
    ASSIGN_OR_RETURN(tools[engine][name], node.Get(name).TextList());
  }
  return tools;
}

absl::StatusOr<TargetConfig> ReadTarget(const YamlNode& node,
                                        const AgentConfig& config,
                                        const ScratchUrls& scratch,
                                        const OnlineTools& tools) {
  RETURN_IF_ERROR(node.ExpectKeys({"name", "url", "region", "tags", "labels",
                                   "scratch", "read_only", "password_file"}));
  TargetConfig target;
  ASSIGN_OR_RETURN(target.name, ReadName(node));
  if (!node.Get("url").IsPresent()) return node.Error("key \"url\" is missing");
  ASSIGN_OR_RETURN(target.url, ReadUrl(node.Get("url"), &target.engine));
  ASSIGN_OR_RETURN(target.region, node.Get("region").Text(config.region));
  ASSIGN_OR_RETURN(target.tags, node.Get("tags").TextList());
  std::sort(target.tags.begin(), target.tags.end());
  target.tags.erase(std::unique(target.tags.begin(), target.tags.end()),
                    target.tags.end());
  ASSIGN_OR_RETURN(target.labels, ReadLabels(node.Get("labels")));
  ASSIGN_OR_RETURN(target.read_only, node.Get("read_only").Boolean(false));
  ASSIGN_OR_RETURN(target.password_file, node.Get("password_file").Text(""));
  if (!target.password_file.empty() && Authority(target.url).empty()) {
    return node.Get("password_file")
        .Error("password_file needs a URL with a server in it");
  }
  if (const auto found = tools.find(target.engine); found != tools.end()) {
    target.online_tools = found->second;
  }
  if (const auto found = scratch.find(target.engine); found != scratch.end()) {
    target.scratch = found->second;
  }
  if (node.Get("scratch").IsPresent()) {
    v1::Engine engine = v1::ENGINE_UNSPECIFIED;
    ASSIGN_OR_RETURN(target.scratch, ReadUrl(node.Get("scratch"), &engine));
    if (engine != target.engine) {
      return node.Get("scratch").Error(
          "the scratch database must be of the target's own engine");
    }
  }
  return target;
}

absl::Status ReadTargets(const YamlNode& node, const ScratchUrls& scratch,
                         const OnlineTools& tools, AgentConfig* config) {
  ASSIGN_OR_RETURN(const std::vector<YamlNode> elements, node.List());
  if (elements.empty()) return node.Error("key \"targets\" names no target");
  std::set<std::string> names;
  for (const YamlNode& element : elements) {
    ASSIGN_OR_RETURN(TargetConfig target,
                     ReadTarget(element, *config, scratch, tools));
    if (!names.insert(target.name).second) {
      return element.Get("name").Error(
          absl::StrCat("two targets are called \"", target.name, "\""));
    }
    config->targets.push_back(std::move(target));
  }
  return absl::OkStatus();
}

absl::Status ReadCoordinator(const YamlNode& node, AgentConfig* config) {
  RETURN_IF_ERROR(
      node.ExpectKeys({"address", "ca_file", "cert_file", "key_file"}));
  ASSIGN_OR_RETURN(config->coordinator_address, ReadRequired(node, "address"));
  ASSIGN_OR_RETURN(config->tls.ca_file, node.Get("ca_file").Text(""));
  ASSIGN_OR_RETURN(config->tls.cert_file, node.Get("cert_file").Text(""));
  ASSIGN_OR_RETURN(config->tls.key_file, node.Get("key_file").Text(""));
  const TlsFiles& tls = config->tls;
  const bool plaintext =
      tls.ca_file.empty() && tls.cert_file.empty() && tls.key_file.empty();
  if (plaintext && !IsLoopback(config->coordinator_address)) {
    return node.Get("address").Error(
        "the coordinator is not on this machine; set ca_file, cert_file and "
        "key_file");
  }
  return absl::OkStatus();
}

absl::Status ReadLimits(const YamlNode& root, AgentConfig* config) {
  const YamlNode parallel = root.Get("max_parallel");
  ASSIGN_OR_RETURN(const int64_t count, parallel.Integer(config->max_parallel));
  if (count < 1 || count > kParallelMax) {
    return parallel.Error(
        absl::StrCat("max_parallel is ", count, "; want 1 to ", kParallelMax));
  }
  config->max_parallel = static_cast<int>(count);
  const YamlNode every = root.Get("fingerprint_every");
  ASSIGN_OR_RETURN(config->fingerprint_every_ms,
                   every.DurationMs(config->fingerprint_every_ms));
  if (config->fingerprint_every_ms < kFingerprintEveryMsMin) {
    return every.Error("fingerprint_every must be at least 1s");
  }
  return absl::OkStatus();
}

std::string PercentEncoded(absl::string_view text) {
  std::string out;
  for (char c : text) {
    if (absl::ascii_isalnum(c)) {
      out += c;
    } else {
      absl::StrAppendFormat(&out, "%%%02X", static_cast<unsigned char>(c));
    }
  }
  return out;
}

}  // namespace

absl::StatusOr<AgentConfig> ParseAgentConfig(const std::string& text,
                                             const std::string& file_name) {
  ASSIGN_OR_RETURN(const YamlNode root, ParseYaml(text, file_name));
  RETURN_IF_ERROR(root.ExpectKeys(
      {"version", "name", "region", "coordinator", "state_dir", "scratch",
       "max_parallel", "fingerprint_every", "online_tools", "targets"}));
  ASSIGN_OR_RETURN(const std::string version, ReadRequired(root, "version"));
  if (version != "1") {
    return root.Get("version").Error(
        absl::StrCat("version is ", version, "; this agent reads version 1"));
  }
  AgentConfig config;
  ASSIGN_OR_RETURN(config.name, ReadName(root));
  ASSIGN_OR_RETURN(config.region, root.Get("region").Text(""));
  if (!root.Get("coordinator").IsPresent()) {
    return root.Error("key \"coordinator\" is missing");
  }
  RETURN_IF_ERROR(ReadCoordinator(root.Get("coordinator"), &config));
  ASSIGN_OR_RETURN(config.state_dir, ReadRequired(root, "state_dir"));
  RETURN_IF_ERROR(ReadLimits(root, &config));
  ASSIGN_OR_RETURN(const ScratchUrls scratch, ReadScratch(root.Get("scratch")));
  if (!root.Get("targets").IsPresent()) {
    return root.Error("key \"targets\" is missing");
  }
  ASSIGN_OR_RETURN(const OnlineTools tools,
                   ReadOnlineTools(root.Get("online_tools")));
  RETURN_IF_ERROR(ReadTargets(root.Get("targets"), scratch, tools, &config));
  return config;
}

absl::StatusOr<AgentConfig> ReadAgentConfig(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot read configuration file ", path));
  }
  return ParseAgentConfig(text.str(), path);
}

v1::Target DescribeTarget(const TargetConfig& target,
                          absl::string_view agent_name) {
  v1::Target description;
  description.set_name(target.name);
  description.set_engine(target.engine);
  description.set_region(target.region);
  description.mutable_tags()->Assign(target.tags.begin(), target.tags.end());
  description.mutable_labels()->Assign(target.labels.begin(),
                                       target.labels.end());
  description.set_agent(std::string(agent_name));
  description.set_read_only(target.read_only);
  return description;
}

absl::StatusOr<std::string> UrlWithPassword(const TargetConfig& target) {
  if (target.password_file.empty()) return target.url;
  struct stat info {};
  std::ifstream in(target.password_file, std::ios::binary);
  if (!in || stat(target.password_file.c_str(), &info) != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("cannot read password_file ", target.password_file,
                     " of target ", target.name));
  }
  if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return absl::FailedPreconditionError(absl::StrCat(
        "password_file ", target.password_file,
        " can be read by others; run chmod 600 ", target.password_file));
  }
  std::string password(kPasswordBytesMax, '\0');
  in.read(password.data(), static_cast<std::streamsize>(password.size()));
  password.resize(static_cast<size_t>(in.gcount()));
  const std::string encoded = PercentEncoded(
      absl::StripSuffix(absl::StripSuffix(password, "\n"), "\r"));
  const absl::string_view authority = Authority(target.url);
  const size_t at = authority.rfind('@');
  if (at == absl::string_view::npos) {
    return absl::StrCat(target.url,
                        absl::StrContains(target.url, "?") ? "&" : "?",
                        "password=", encoded);
  }
  const size_t split = (authority.data() - target.url.data()) + at;
  return absl::StrCat(target.url.substr(0, split), ":", encoded,
                      target.url.substr(split));
}

}  // namespace fleet
