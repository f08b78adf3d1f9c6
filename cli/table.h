#ifndef CLI_TABLE_H_
#define CLI_TABLE_H_

#include <string>
#include <vector>

#include "cli/style.h"

namespace fleet {

// Aligned columns with a heading, two spaces apart, no lines. Cells may be
// painted; the last column is not padded.
class Table {
 public:
  explicit Table(std::vector<std::string> heading)
      : rows_{std::move(heading)} {}
  // REQUIRES: as many cells as the heading has.
  void AddRow(std::vector<std::string> cells);
  std::string Text(const Style& style) const;
  bool empty() const { return rows_.size() == 1; }

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace fleet

#endif  // CLI_TABLE_H_
