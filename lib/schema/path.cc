#include "lib/schema/path.h"

#include "lib/base/status.h"

namespace fleet {

Path::Path(std::initializer_list<absl::string_view> components) {
  for (absl::string_view component : components) Append(component);
}

Path::Path(const std::vector<std::string>& components) {
  for (const std::string& component : components) Append(component);
}

void Path::Append(absl::string_view component) {
  for (size_t nul = component.find('\0'); nul != absl::string_view::npos;
       nul = component.find('\0')) {
    joined_.append(component.data(), nul);
    joined_ += "\xef\xbf\xbd";  // U+FFFD
    component.remove_prefix(nul + 1);
  }
  joined_.append(component.data(), component.size());
  joined_ += '\0';
}

int Path::size() const {
  int count = 0;
  for (char c : joined_) count += c == '\0';
  return count;
}

absl::string_view Path::component(int index) const {
  absl::string_view rest = joined_;
  for (; index > 0; --index) rest.remove_prefix(rest.find('\0') + 1);
  const size_t end = rest.find('\0');
  CHECK(end != absl::string_view::npos);
  return rest.substr(0, end);
}

absl::string_view Path::last() const {
  CHECK(!empty());
  absl::string_view rest(joined_.data(), joined_.size() - 1);
  const size_t before = rest.rfind('\0');
  return before == absl::string_view::npos ? rest : rest.substr(before + 1);
}

std::vector<std::string> Path::components() const {
  std::vector<std::string> all;
  absl::string_view rest = joined_;
  while (!rest.empty()) {
    const size_t end = rest.find('\0');
    all.emplace_back(rest.substr(0, end));
    rest.remove_prefix(end + 1);
  }
  return all;
}

Path Path::Child(absl::string_view component) const {
  Path child = *this;
  child.Append(component);
  return child;
}

absl::string_view Path::parent_bytes() const {
  if (joined_.size() < 2) return "";
  const size_t before = joined_.rfind('\0', joined_.size() - 2);
  if (before == std::string::npos) return "";
  return absl::string_view(joined_).substr(0, before + 1);
}

Path Path::Parent() const {
  Path parent;
  parent.joined_ = std::string(parent_bytes());
  return parent;
}

bool Path::IsWithin(const Path& ancestor) const {
  return joined_.compare(0, ancestor.joined_.size(), ancestor.joined_) == 0;
}

std::string Path::Dotted() const {
  std::string text = joined_;
  if (!text.empty()) text.pop_back();
  for (char& c : text) {
    if (c == '\0') c = '.';
  }
  return text;
}

}  // namespace fleet
