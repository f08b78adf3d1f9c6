#ifndef LIB_ENGINE_POSTGRES_QUERIES_H_
#define LIB_ENGINE_POSTGRES_QUERIES_H_

#include <string>
#include <vector>

// What is asked of a PostgreSQL server to read its schema: raw catalog rows,
// filtered by schema, with as few calls of the server's text printers as
// possible (they are the cost, not the rows). Columns are read by position: the
// comment above each query in queries.cc is the contract with its reader.

namespace fleet::postgres {

enum CatalogQuery : int {
  kSchemaRows,
  kNameRows,
  kTypeRows,
  kEnumLabelRows,
  kDomainConstraintRows,
  kRelationRows,
  kColumnRows,
  kDefaultRows,
  kSequenceRows,
  kIndexRows,
  kConstraintRows,
  kFunctionRows,
  kTriggerRows,
  kExtensionRows,
  kDependencyRows,
  kCommentRows,
  kOpaqueRows,
  kCatalogQueryCount,
};

// One text per CatalogQuery, in order. `server_version` is server_version_num.
std::vector<std::string> CatalogQueries(int server_version);

// One value that changes with every committed change of the schema.
std::string CatalogChangeToken(int server_version);

// OIDs of the system catalogs, the same in every server.
enum CatalogClass : unsigned {
  kTypeClass = 1247,
  kFunctionClass = 1255,
  kRelationClass = 1259,
  kDefaultClass = 2604,
  kConstraintClass = 2606,
  kSchemaClass = 2615,
  kOpclassClass = 2616,
  kRuleClass = 2618,
  kTriggerClass = 2620,
  kExtensionClass = 3079,
  kStatisticsClass = 3381,
  kCollationClass = 3456,
};

}  // namespace fleet::postgres

#endif  // LIB_ENGINE_POSTGRES_QUERIES_H_
