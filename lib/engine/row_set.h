#ifndef LIB_ENGINE_ROW_SET_H_
#define LIB_ENGINE_ROW_SET_H_

#include <optional>

#include "absl/strings/string_view.h"

namespace fleet {

// The result of one query, all values as the server's text. Thread-compatible;
// views live as long as the RowSet.
class RowSet {
 public:
  virtual ~RowSet() = default;
  virtual int rows() const = 0;
  virtual int columns() const = 0;
  virtual bool is_null(int row, int column) const = 0;
  // "" for NULL.
  virtual absl::string_view at(int row, int column) const = 0;
};

}  // namespace fleet

#endif  // LIB_ENGINE_ROW_SET_H_
