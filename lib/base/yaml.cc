#include "lib/base/yaml.h"

#include <yaml-cpp/yaml.h>

#include <fstream>
#include <limits>
#include <sstream>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "lib/base/status.h"
#include "lib/base/suggest.h"

namespace fleet {
namespace {

absl::Status ErrorAt(const std::string& file, const YAML::Mark& mark,
                     absl::string_view message) {
  if (mark.is_null()) {
    return absl::InvalidArgumentError(absl::StrCat(file, ": ", message));
  }
  return absl::InvalidArgumentError(absl::StrCat(
      file, ":", mark.line + 1, ":", mark.column + 1, ": ", message));
}

// yaml-cpp keeps the last of two equal keys and says nothing.
absl::Status RefuseDuplicates(const YAML::Node& node, const std::string& file) {
  if (node.IsMap()) {
    std::vector<std::string> seen;
    for (const auto& entry : node) {
      if (!entry.first.IsScalar()) {
        return ErrorAt(file, entry.first.Mark(), "a key must be plain text");
      }
      const std::string& key = entry.first.Scalar();
      for (const std::string& earlier : seen) {
        if (earlier == key) {
          return ErrorAt(file, entry.first.Mark(),
                         absl::StrCat("duplicate key \"", key, "\""));
        }
      }
      seen.push_back(key);
      RETURN_IF_ERROR(RefuseDuplicates(entry.second, file));
    }
  } else if (node.IsSequence()) {
    for (const auto& element : node) {
      RETURN_IF_ERROR(RefuseDuplicates(element, file));
    }
  }
  return absl::OkStatus();
}

}  // namespace

YamlNode::YamlNode() = default;
YamlNode::YamlNode(const YAML::Node& node,
                   std::shared_ptr<const std::string> file)
    : node_(std::make_unique<YAML::Node>(node)), file_(std::move(file)) {}
YamlNode::~YamlNode() = default;
YamlNode::YamlNode(const YamlNode& other) { *this = other; }
YamlNode& YamlNode::operator=(const YamlNode& other) {
  // yaml-cpp assigns through its handles; a new handle leaves the tree alone.
  node_ = other.node_ ? std::make_unique<YAML::Node>(*other.node_) : nullptr;
  file_ = other.file_;
  return *this;
}

bool YamlNode::IsPresent() const {
  return node_ != nullptr && node_->IsDefined() && !node_->IsNull();
}
bool YamlNode::IsMap() const { return IsPresent() && node_->IsMap(); }
bool YamlNode::IsList() const { return IsPresent() && node_->IsSequence(); }
bool YamlNode::IsScalar() const { return IsPresent() && node_->IsScalar(); }

absl::Status YamlNode::Error(absl::string_view message) const {
  if (node_ == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat(file_ ? *file_ : "", file_ ? ": " : "", message));
  }
  return ErrorAt(*file_, node_->Mark(), message);
}

absl::Status YamlNode::ExpectKeys(
    const std::vector<absl::string_view>& known) const {
  if (!IsMap()) return Error("expected \"key: value\" lines here");
  const std::vector<std::string> names(known.begin(), known.end());
  for (const auto& entry : *node_) {
    const std::string& key = entry.first.Scalar();
    bool found = false;
    for (const std::string& name : names) found = found || name == key;
    if (found) continue;
    std::string hint = DidYouMean(key, names);
    if (hint.empty()) {
      hint = absl::StrCat("; known: ", absl::StrJoin(names, ", "));
    }
    return ErrorAt(*file_, entry.first.Mark(),
                   absl::StrCat("unknown key \"", key, "\"", hint));
  }
  return absl::OkStatus();
}

YamlNode YamlNode::Get(absl::string_view key) const {
  YamlNode absent;
  absent.file_ = file_;
  if (!IsMap()) return absent;
  for (const auto& entry : *node_) {
    if (key == entry.first.Scalar()) return YamlNode(entry.second, file_);
  }
  return absent;
}

std::vector<std::string> YamlNode::Keys() const {
  std::vector<std::string> keys;
  if (!IsMap()) return keys;
  for (const auto& entry : *node_) keys.push_back(entry.first.Scalar());
  return keys;
}

absl::StatusOr<std::vector<YamlNode>> YamlNode::List() const {
  std::vector<YamlNode> elements;
  if (!IsPresent()) return elements;
  if (!IsList()) return Error("expected a list here");
  for (const auto& element : *node_) elements.emplace_back(element, file_);
  return elements;
}

absl::StatusOr<std::string> YamlNode::Text(absl::string_view fallback) const {
  if (!IsPresent()) return std::string(fallback);
  if (!IsScalar()) return Error("expected plain text here");
  return node_->Scalar();
}

absl::StatusOr<std::string> YamlNode::RequiredText(
    absl::string_view key_name) const {
  if (!IsPresent()) {
    return Error(absl::StrCat("key \"", key_name, "\" is missing"));
  }
  ASSIGN_OR_RETURN(std::string text, Text(""));
  if (text.empty()) {
    return Error(absl::StrCat("key \"", key_name, "\" is empty"));
  }
  return text;
}

absl::StatusOr<int64_t> YamlNode::Integer(int64_t fallback) const {
  if (!IsPresent()) return fallback;
  int64_t value = 0;
  if (!IsScalar() || !absl::SimpleAtoi(node_->Scalar(), &value)) {
    return Error("expected a whole number here");
  }
  return value;
}

absl::StatusOr<bool> YamlNode::Boolean(bool fallback) const {
  if (!IsPresent()) return fallback;
  if (IsScalar() && node_->Scalar() == "true") return true;
  if (IsScalar() && node_->Scalar() == "false") return false;
  return Error("expected true or false here");
}

absl::StatusOr<int64_t> YamlNode::DurationMs(int64_t fallback) const {
  if (!IsPresent()) return fallback;
  absl::Duration duration;
  if (!IsScalar() || !absl::ParseDuration(node_->Scalar(), &duration) ||
      duration < absl::ZeroDuration() || duration == absl::InfiniteDuration()) {
    return Error("expected a duration such as 500ms, 30s, 10m or 2h here");
  }
  return absl::ToInt64Milliseconds(duration);
}

absl::StatusOr<int64_t> YamlNode::Bytes(int64_t fallback) const {
  if (!IsPresent()) return fallback;
  absl::string_view text;
  if (IsScalar()) text = node_->Scalar();
  int shift = 0;
  int shift_of_unit = 0;
  for (const absl::string_view unit : {"KiB", "MiB", "GiB", "TiB"}) {
    shift_of_unit += 10;
    if (absl::ConsumeSuffix(&text, unit)) shift = shift_of_unit;
  }
  int64_t count = 0;
  if (!absl::SimpleAtoi(text, &count) || count < 0 ||
      count > (std::numeric_limits<int64_t>::max() >> shift)) {
    return Error("expected a size such as 500, 64KiB, 10MiB or 1GiB here");
  }
  return count << shift;
}

absl::StatusOr<std::vector<std::string>> YamlNode::TextList() const {
  ASSIGN_OR_RETURN(std::vector<YamlNode> elements, List());
  std::vector<std::string> texts;
  for (const YamlNode& element : elements) {
    ASSIGN_OR_RETURN(std::string text, element.Text(""));
    texts.push_back(std::move(text));
  }
  return texts;
}

absl::StatusOr<YamlNode> ParseYaml(const std::string& text,
                                   const std::string& file_name) {
  // yaml-cpp reports syntax errors only by exception.
  try {
    const YAML::Node root = YAML::Load(text);
    RETURN_IF_ERROR(RefuseDuplicates(root, file_name));
    return YamlNode(root, std::make_shared<const std::string>(file_name));
  } catch (const YAML::Exception& error) {
    return ErrorAt(file_name, error.mark, error.msg);
  }
}

absl::StatusOr<YamlNode> ParseYamlFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in) {
    return absl::InvalidArgumentError(absl::StrCat("cannot read ", path));
  }
  return ParseYaml(text.str(), path);
}

}  // namespace fleet
