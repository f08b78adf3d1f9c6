#ifndef TESTS_TESTING_ATTRIBUTE_COVERAGE_H_
#define TESTS_TESTING_ATTRIBUTE_COVERAGE_H_

#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/string_view.h"
#include "lib/engine/dialect.h"
#include "lib/schema/schema.h"

// Which attribute rows of an engine's kinds the cases have set, and which they
// have changed. A row that no case changes is a clause that nobody has run.

namespace fleet::testing {

class AttributeCoverage {
 public:
  // One case: its two sides.
  void Note(const Schema& from, const Schema& to);

  // "column.virtual is changed by no case", sorted. Rows that are never
  // compared, and those that need a later server than `major`, are left out.
  std::vector<std::string> Missing(const Dialect& dialect, int major) const;

 private:
  using Row = std::pair<v1::ObjectKind, std::string>;

  void NoteSet(const Object& object);

  std::set<Row> set_;
  std::set<Row> changed_;
};

}  // namespace fleet::testing

#endif  // TESTS_TESTING_ATTRIBUTE_COVERAGE_H_
