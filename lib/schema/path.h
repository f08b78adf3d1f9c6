#ifndef LIB_SCHEMA_PATH_H_
#define LIB_SCHEMA_PATH_H_

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "lib/schema/shared_text.h"

// Where an object stands: {"public", "users", "email"}. Names come from
// databases and may hold anything but NUL, so components are kept apart by NUL
// and never joined with dots for comparing. A NUL in a component, which no
// server lets through, becomes U+FFFD.
//
// Ordering is by components: a parent sorts before its children. A value type
// of one pointer, whose copies share their bytes; thread-compatible.

namespace fleet {

class Path {
 public:
  Path() = default;
  Path(std::initializer_list<absl::string_view> components);
  explicit Path(const std::vector<std::string>& components);

  bool empty() const { return joined_.empty(); }
  int size() const;

  // REQUIRES: 0 <= index < size().
  absl::string_view component(int index) const;
  absl::string_view last() const;
  absl::string_view first() const { return component(0); }
  std::vector<std::string> components() const;

  // This path and one component more.
  Path Child(absl::string_view component) const;
  // All but the last component; empty for a path of one.
  Path Parent() const;
  // True when `this` is `ancestor` or below it.
  bool IsWithin(const Path& ancestor) const;

  // "public.users.email", for people and for globs; not unique when names hold
  // dots. Made printable by whoever shows it.
  std::string Dotted() const;

  // Components, each followed by NUL: unique, and in the order of operator<.
  absl::string_view bytes() const { return joined_.view(); }
  // The bytes of Parent().
  absl::string_view parent_bytes() const;

  friend bool operator==(const Path& a, const Path& b) {
    return a.joined_ == b.joined_;
  }
  friend bool operator!=(const Path& a, const Path& b) { return !(a == b); }
  friend bool operator<(const Path& a, const Path& b) {
    return a.bytes() < b.bytes();
  }
  template <typename H>
  friend H AbslHashValue(H h, const Path& path) {
    return H::combine(std::move(h), path.bytes());
  }

 private:
  explicit Path(SharedText joined) : joined_(std::move(joined)) {}

  SharedText joined_;  // components, each followed by NUL
};

}  // namespace fleet

#endif  // LIB_SCHEMA_PATH_H_
