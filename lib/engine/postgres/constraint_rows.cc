#include "lib/engine/postgres/constraint_rows.h"

namespace fleet::postgres {

absl::string_view DeferrableWords(const CatalogRow& row) {
  if (!row.Is(4)) return "";
  return row.Is(5) ? "DEFERRABLE INITIALLY DEFERRED" : "DEFERRABLE";
}

absl::string_view ActionWords(char action) {
  switch (action) {
    case 'r':
      return "RESTRICT";
    case 'c':
      return "CASCADE";
    case 'n':
      return "SET NULL";
    case 'd':
      return "SET DEFAULT";
    default:
      return "";
  }
}

}  // namespace fleet::postgres
