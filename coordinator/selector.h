#ifndef COORDINATOR_SELECTOR_H_
#define COORDINATOR_SELECTOR_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "proto/fleet.pb.h"
#include "proto/rollout.pb.h"

// `tag:saas,region:eu-*,!name:prod-eu-7`: comma is and, a space or a repeated
// flag is or, `!` is not, `a|b` are values; methods tag, name, region, engine,
// agent, label (label:tier=gold); a bare word is a name glob; `all`. And of how
// targets stand at the moment: state:drifted, version:<17. Immutable;
// thread-safe.

namespace fleet {

// How a target stands: its state and newest version.
using Standings = std::function<v1::TargetStatus(const v1::Target&)>;

class Selector {
 public:
  // InvalidArgument with the column and, for an unknown method, the nearest
  // one.
  static absl::StatusOr<Selector> Parse(absl::string_view text);
  // Any of them; an empty list selects every target.
  static absl::StatusOr<Selector> ParseAny(
      const std::vector<std::string>& texts);

  // It asks how targets stand, so it selects others tomorrow.
  bool IsOfTheMoment() const;

  // Without `standing` no state and no version matches.
  bool Matches(const v1::Target& target,
               const Standings& standing = nullptr) const;

 private:
  struct Atom {
    bool negated = false;
    std::string method;
    std::vector<std::string> values;  // globs
  };
  std::vector<std::vector<Atom>> terms_;  // or of ands
};

// The targets selected and not excluded, sorted by name; no selector selects
// every target. NotFound when none is left, naming the tags there are and the
// nearest one.
absl::StatusOr<std::vector<v1::Target>> Select(
    const std::vector<v1::Target>& targets,
    const std::vector<std::string>& selectors,
    const std::vector<std::string>& exclude,
    const Standings& standing = nullptr);

}  // namespace fleet

#endif  // COORDINATOR_SELECTOR_H_
