#ifndef LIB_ENGINE_SQLITE_CATALOG_H_
#define LIB_ENGINE_SQLITE_CATALOG_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "lib/engine/row_set.h"

// What is asked of a SQLite database, and the answers by name. The definitions
// are texts (sqlite_schema.sql); the PRAGMAs lose names, checks, collations and
// more, so they only confirm what was read from the texts. Pure.

namespace fleet::sqlite {

// Five queries, whatever the size of the database.
std::vector<std::string> CatalogQueries();

struct Catalog {
  struct Row {
    std::string type;   // "table", "index", "view", "trigger"
    std::string name;   // as written
    std::string table;  // folded: what an index or trigger belongs to
    std::string sql;
  };
  // As PRAGMA table_xinfo says.
  struct Column {
    std::string name;
    bool is_not_null = false;
    bool is_generated = false;
  };
  struct Table {
    Row row;
    bool is_virtual = false;
    bool is_shadow = false;  // the inside of a virtual table
    std::vector<Column> columns;
  };

  std::vector<Table> tables;
  std::vector<Row> indexes;
  std::vector<Row> views;
  std::vector<Row> triggers;
  // What the library has, folded.
  absl::flat_hash_set<std::string> modules;  // of virtual tables
  absl::flat_hash_set<std::string> functions;
};

// `results` answer CatalogQueries(), in order. Internal otherwise.
absl::StatusOr<Catalog> ReadCatalog(
    absl::Span<const std::unique_ptr<RowSet>> results);

}  // namespace fleet::sqlite

#endif  // LIB_ENGINE_SQLITE_CATALOG_H_
