#include "absl/strings/str_cat.h"
#include "lib/engine/postgres/ddl.h"
#include "lib/engine/postgres/kinds.h"

// Foreign tables are seen whole and never written, like the servers that they
// need. What they are a part of stays, too: to drop it would drop them.

namespace fleet::postgres {

void ReadForeignTables(Catalog& catalog) {
  for (const Relation* relation : catalog.Relations()) {
    if (relation->kind != 'f') continue;
    const CatalogRow row = catalog.Row(kRelationRows, relation->row);
    const Path path = catalog.PathOf(*relation);
    Object options(v1::OPAQUE, path);
    SetServerOptions(row.Text(20), options);
    Object table(v1::OPAQUE, Path{"foreign table", QuotePath(path)});
    table.Set("definition",
              absl::StrCat("SERVER ", QuoteName(row.Text(19)), " OPTIONS (",
                           options.Get("server_options"), ")"));
    table.DependsOn(v1::SCHEMA, Path{path.first()});
    for (Oid parent : relation->parents) {
      catalog.Depend(table, CatalogKey(kRelationClass, parent, 0));
    }
    catalog.Depend(table, CatalogKey(kServerClass, row.Id(18), 0));
    catalog.Add(CatalogKey(kRelationClass, relation->oid, 0), std::move(table));
  }
}

}  // namespace fleet::postgres
