#ifndef LIB_ENGINE_MYSQL_CATALOG_H_
#define LIB_ENGINE_MYSQL_CATALOG_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "lib/engine/row_set.h"
#include "lib/schema/schema.h"

// What is asked of a server: first what there is, by queries over all of it,
// then the server's own print of each table, view, sequence, routine and event
// (a SHOW CREATE takes 60 µs; information_schema joined takes longer, and does
// not say all). Pure.

namespace fleet::mysql {

using Results = absl::Span<const std::unique_ptr<RowSet>>;

std::vector<std::string> CatalogQueries(int server_version);

// One SHOW CREATE per object that the answers name, in their order.
std::vector<std::string> ShowQueries(Results results);

// `results` answer both. PermissionDenied where the server does not show a
// definition to this user; what is not understood to the last token becomes an
// opaque object with its text.
absl::StatusOr<Schema> ReadCatalog(const SchemaInfo& info, Results results);

}  // namespace fleet::mysql

#endif  // LIB_ENGINE_MYSQL_CATALOG_H_
