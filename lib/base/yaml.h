#ifndef LIB_BASE_YAML_H_
#define LIB_BASE_YAML_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace YAML {
class Node;
}

// Strict YAML for configuration files: duplicate and unknown keys, wrong types
// and bad values are InvalidArgument "file:line:column: …", with the nearest
// known key where one is close.
//
//   ASSIGN_OR_RETURN(YamlNode root, ParseYaml(text, "policy.yaml"));
//   RETURN_IF_ERROR(root.ExpectKeys({"version", "policies"}));
//   ASSIGN_OR_RETURN(int64_t bake, wave.Get("bake").DurationMs(/*default*/ 0));
//
// Thread-compatible; a node keeps its document alive.

namespace fleet {

class YamlNode {
 public:
  YamlNode();
  YamlNode(const YAML::Node& node, std::shared_ptr<const std::string> file);
  ~YamlNode();
  YamlNode(const YamlNode&);
  YamlNode& operator=(const YamlNode&);

  bool IsPresent() const;
  bool IsMap() const;
  bool IsList() const;
  bool IsScalar() const;

  // This must be a map with no key outside `known`.
  absl::Status ExpectKeys(const std::vector<absl::string_view>& known) const;

  // The child, which may be absent. REQUIRES: a map (ExpectKeys passed), or an
  // absent node (then the child is absent too).
  YamlNode Get(absl::string_view key) const;
  // The keys of a map, in file order.
  std::vector<std::string> Keys() const;

  // Elements of a list; an absent node has none. A scalar is an error.
  absl::StatusOr<std::vector<YamlNode>> List() const;

  // Typed values; an absent node gives `fallback`.
  absl::StatusOr<std::string> Text(absl::string_view fallback) const;
  absl::StatusOr<std::string> RequiredText(absl::string_view key_name) const;
  absl::StatusOr<int64_t> Integer(int64_t fallback) const;
  absl::StatusOr<bool> Boolean(bool fallback) const;
  // "500ms", "30s", "10m", "2h"; in milliseconds.
  absl::StatusOr<int64_t> DurationMs(int64_t fallback) const;
  // "500", "64KiB", "10MiB", "1GiB", "2TiB"; in bytes.
  absl::StatusOr<int64_t> Bytes(int64_t fallback) const;
  absl::StatusOr<std::vector<std::string>> TextList() const;

  // InvalidArgument "file:line:column: message".
  absl::Status Error(absl::string_view message) const;

 private:
  std::unique_ptr<YAML::Node> node_;
  std::shared_ptr<const std::string> file_;
};

absl::StatusOr<YamlNode> ParseYaml(const std::string& text,
                                   const std::string& file_name);
absl::StatusOr<YamlNode> ParseYamlFile(const std::string& path);

}  // namespace fleet

#endif  // LIB_BASE_YAML_H_
