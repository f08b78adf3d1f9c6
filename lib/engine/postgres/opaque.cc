#include "lib/engine/postgres/kinds.h"

// What is seen but not understood: no handler, so it is never written. Tables
// and aggregates that are opaque are read where their like is read.

namespace fleet::postgres {

void ReadOpaque(Catalog& catalog) {
  for (int i = 0; i < catalog.RowCount(kRareRows); ++i) {
    const CatalogRow row = catalog.Row(kRareRows, i);
    if (row.Text(0) == "range") continue;
    const Oid class_id = row.Id(1);
    const Oid oid = row.Id(2);
    if (catalog.IsExtensionMember(class_id, oid)) continue;
    Object object(v1::OPAQUE, Path{row.Text(0), row.Text(3)});
    object.Set("definition", row.IsNull(4) ? row.Text(3) : row.Text(4));
    catalog.Add(CatalogKey(class_id, oid, 0), std::move(object));
  }
}

}  // namespace fleet::postgres
