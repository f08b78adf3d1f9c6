#include "lib/schema/path.h"

#include <list>

#include "absl/container/inlined_vector.h"
#include "absl/strings/match.h"
#include "absl/strings/str_replace.h"
#include "lib/base/status.h"

namespace fleet {

namespace {

constexpr absl::string_view kEnd("\0", 1);

// A component that no server gives: with NULs replaced by U+FFFD.
std::string WithoutNul(absl::string_view component) {
  return absl::StrReplaceAll(component, {{kEnd, "\xef\xbf\xbd"}});
}

// `components` below `parent`.
template <typename Components>
SharedText Join(absl::string_view parent, const Components& components) {
  absl::InlinedVector<absl::string_view, 8> pieces;
  std::list<std::string> replaced;
  pieces.push_back(parent);
  for (absl::string_view component : components) {
    if (component.find('\0') != component.npos) {
      component = replaced.emplace_back(WithoutNul(component));
    }
    pieces.push_back(component);
    pieces.push_back(kEnd);
  }
  return SharedText::Join(pieces);
}

}  // namespace

Path::Path(std::initializer_list<absl::string_view> components)
    : joined_(Join("", components)) {}

Path::Path(const std::vector<std::string>& components)
    : joined_(Join("", components)) {}

int Path::size() const {
  int count = 0;
  for (char c : bytes()) count += c == '\0';
  return count;
}

absl::string_view Path::component(int index) const {
  absl::string_view rest = bytes();
  for (; index > 0; --index) rest.remove_prefix(rest.find('\0') + 1);
  const size_t end = rest.find('\0');
  CHECK(end != absl::string_view::npos);
  return rest.substr(0, end);
}

absl::string_view Path::last() const {
  CHECK(!empty());
  absl::string_view rest = bytes();
  rest.remove_suffix(1);
  const size_t before = rest.rfind('\0');
  return before == absl::string_view::npos ? rest : rest.substr(before + 1);
}

std::vector<std::string> Path::components() const {
  std::vector<std::string> all;
  absl::string_view rest = bytes();
  while (!rest.empty()) {
    const size_t end = rest.find('\0');
    all.emplace_back(rest.substr(0, end));
    rest.remove_prefix(end + 1);
  }
  return all;
}

Path Path::Child(absl::string_view component) const {
  return Path(
      Join(bytes(), std::initializer_list<absl::string_view>{component}));
}

absl::string_view Path::parent_bytes() const {
  const absl::string_view all = bytes();
  if (all.size() < 2) return "";
  const size_t before = all.rfind('\0', all.size() - 2);
  return before == all.npos ? "" : all.substr(0, before + 1);
}

Path Path::Parent() const { return Path(SharedText(parent_bytes())); }

bool Path::IsWithin(const Path& ancestor) const {
  return absl::StartsWith(bytes(), ancestor.bytes());
}

std::string Path::Dotted() const {
  std::string text(bytes());
  if (!text.empty()) text.pop_back();
  for (char& c : text) {
    if (c == '\0') c = '.';
  }
  return text;
}

}  // namespace fleet
