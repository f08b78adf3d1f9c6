#ifndef LIB_ENGINE_POSTGRES_CONSTRAINT_ROWS_H_
#define LIB_ENGINE_POSTGRES_CONSTRAINT_ROWS_H_

#include "lib/engine/postgres/catalog.h"

// What the readers of pg_constraint share.

namespace fleet::postgres {

// "", "DEFERRABLE" or "DEFERRABLE INITIALLY DEFERRED"
absl::string_view DeferrableWords(const CatalogRow& row);
// What a foreign key does on UPDATE or DELETE; "" for the default, NO ACTION.
absl::string_view ActionWords(char action);

// Calls visit(row, table) for each constraint of the sort that is ours to see.
template <typename Visit>
void ForEachConstraint(Catalog& catalog, char sort, Visit visit) {
  for (int i = 0; i < catalog.RowCount(kConstraintRows); ++i) {
    const CatalogRow row = catalog.Row(kConstraintRows, i);
    if (row.Letter(3) != sort) continue;
    const Relation* table = catalog.FindRelation(row.Id(2));
    if (table != nullptr) visit(row, *table);
  }
}

inline CatalogKey ConstraintKey(const CatalogRow& row) {
  return CatalogKey(kConstraintClass, row.Id(0), 0);
}

}  // namespace fleet::postgres

#endif  // LIB_ENGINE_POSTGRES_CONSTRAINT_ROWS_H_
