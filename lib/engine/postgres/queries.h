#ifndef LIB_ENGINE_POSTGRES_QUERIES_H_
#define LIB_ENGINE_POSTGRES_QUERIES_H_

#include <string>
#include <vector>

#include "lib/engine/row_set.h"

// What is asked of a PostgreSQL server to read its schema: raw catalog rows,
// with as few calls of the server's text printers as possible (they are the
// cost, not the rows). Columns are read by position: the comment above each
// query in queries.cc is the contract with its reader.
//
// The limits are 20 statements with BEGIN and COMMIT, 2 round trips, and a
// quarter of pg_dump's time at 100 tables as at 10,000. On a
// new connection of a small database nothing costs as much as planning: every
// catalog that a query names costs 0.1 to 0.2 ms (its indexes are opened), and
// every sub-query and every function or operator not named before about as
// much. Hence:
//
// - What most databases have nothing of is a branch of the rare query. The
//   first query of the snapshot says which branches are needed; the others are
//   never sent, so a new branch costs nothing where it is not used. Owners and
//   rights are branches of it, too, one per class (access.h).
// - Join in C++ what is there anyway (names, types, schemas, members of
//   extensions) instead of in SQL; never a correlated sub-query over all rows.
// - A printer is called for the rows that need it, inside CASE WHEN. Printers
//   with a relation (pg_get_expr(x, relation), pg_get_indexdef …) open it: 50
//   to 100 us each the first time.

namespace fleet::postgres {

enum CatalogQuery : int {
  kPresentRows,  // first: the follow-ups depend on it
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
  kRareRows,  // last: a follow-up; rare_kinds.h has its branches
  kCatalogQueryCount,
};

// One text per CatalogQuery but kRareRows, in order. `server_version` is
// server_version_num.
std::vector<std::string> CatalogQueries(int server_version);

// The text for kRareRows, or nothing. `present` is the answer to kPresentRows.
std::vector<std::string> CatalogFollowUps(int server_version,
                                          const RowSet& present);

// One value that changes with every committed change of the schema.
std::string CatalogChangeToken(int server_version);

// OIDs of the system catalogs, the same in every server.
enum CatalogClass : unsigned {
  kDefaultPrivilegesClass = 826,
  kTypeClass = 1247,
  kFunctionClass = 1255,
  kRelationClass = 1259,
  kServerClass = 1417,
  kUserMappingClass = 1418,
  kWrapperClass = 2328,
  kAccessMethodClass = 2601,
  kDefaultClass = 2604,
  kCastClass = 2605,
  kConstraintClass = 2606,
  kConversionClass = 2607,
  kInheritsClass = 2611,
  kLanguageClass = 2612,
  kSchemaClass = 2615,
  kOpclassClass = 2616,
  kOperatorClass = 2617,
  kRuleClass = 2618,
  kTriggerClass = 2620,
  kOpfamilyClass = 2753,
  kExtensionClass = 3079,
  kPolicyClass = 3256,
  kStatisticsClass = 3381,
  kCollationClass = 3456,
  kEventTriggerClass = 3466,
  kTransformClass = 3576,
  kTextSearchDictionaryClass = 3600,
  kTextSearchParserClass = 3601,
  kTextSearchConfigurationClass = 3602,
  kTextSearchTemplateClass = 3764,
  kSubscriptionClass = 6100,
  kPublicationClass = 6104,
  kPublicationTableClass = 6106,
};

}  // namespace fleet::postgres

#endif  // LIB_ENGINE_POSTGRES_QUERIES_H_
