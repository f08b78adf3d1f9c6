#include "lib/engine/postgres/queries.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "lib/engine/postgres/access.h"
#include "lib/engine/postgres/rare_kinds.h"

namespace fleet::postgres {
namespace {

// Objects of users have oids from 16384 on (FirstNormalObjectId), those of
// initdb lower ones. Whose schema it is, and what is an extension's, the
// readers know.

// oid, name
constexpr char kSchemas[] = "SELECT oid, nspname FROM pg_namespace";

// sort (a access method, o operator class, c collation, s tablespace, i child
// of a table or index), oid, name, schema, method or parent, input type or
// place among the parents, is default
constexpr char kNames[] =
    "SELECT 'a', oid, amname, 0::oid, 0::oid, 0::oid, false FROM pg_am "
    "UNION ALL SELECT 'o', oid, opcname, opcnamespace, opcmethod, opcintype, "
    "opcdefault FROM pg_opclass "
    "UNION ALL SELECT 'c', oid, collname, collnamespace, 0, 0, false "
    // There are hundreds: those that anything uses, and the pinned ones.
    "FROM pg_collation WHERE oid < 12000 OR oid IN (SELECT refobjid FROM "
    "pg_depend WHERE refclassid = 3456) "
    "UNION ALL SELECT 's', oid, spcname, 0, 0, 0, false FROM pg_tablespace "
    "UNION ALL SELECT 'i', inhrelid, '', 0, inhparent, inhseqno, false "
    "FROM pg_inherits";

// oid, name, schema, typtype, element of true arrays, relation, collation,
// storage, not null; of domains the default, base type, its modifier, and both
// printed where only the server knows how
constexpr char kTypes[] =
    "SELECT oid, typname, typnamespace, typtype, "
    "CASE WHEN typelem <> 0 AND typlen = -1 AND typstorage <> 'p' "
    "THEN typelem ELSE 0 END, typrelid, typcollation, typstorage, typnotnull, "
    "CASE WHEN typtype = 'd' THEN pg_get_expr(typdefaultbin, 0) END, "
    "typbasetype, typtypmod, "
    "CASE WHEN typbasetype >= 16384 AND typtypmod >= 0 "
    "THEN format_type(typbasetype, typtypmod) END FROM pg_type";

// type, label; in order
constexpr char kEnumLabels[] =
    "SELECT enumtypid, enumlabel FROM pg_enum "
    "ORDER BY enumtypid, enumsortorder";

// oid, type, name, expression, is valid
constexpr char kDomainConstraints[] =
    "SELECT oid, contypid, conname, pg_get_expr(conbin, 0), convalidated "
    "FROM pg_constraint WHERE contypid >= 16384 AND contype = 'c' "
    "ORDER BY contypid, conname";

// oid, name, schema, kind, persistence, row type, type of a typed table, access
// method, tablespace, is partition, row security, forced, replica identity,
// options, options of the toast table, view's query, partition key, partition
// bound, server, its name, options of the foreign table,
// names of those that are secret
std::string RelationsQuery() {
  return absl::StrCat(
      "SELECT c.oid, c.relname, c.relnamespace, c.relkind, c.relpersistence, "
      "c.reltype, c.reloftype, c.relam, c.reltablespace, c.relispartition, "
      "c.relrowsecurity, c.relforcerowsecurity, c.relreplident, c.reloptions, "
      "t.reloptions, "
      "CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END, "
      "CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END, "
      "CASE WHEN c.relispartition THEN pg_get_expr(c.relpartbound, c.oid) END, "
      "f.ftserver, f.srvname, f.options, f.secrets "
      "FROM pg_class c LEFT JOIN (SELECT oid, reloptions FROM pg_class "
      "WHERE relkind = 't' AND reloptions IS NOT NULL) t "
      "ON t.oid = c.reltoastrelid "
      "LEFT JOIN (SELECT ftrelid, ftserver, srvname, ",
      OptionsWithoutSecrets("ftoptions"), " AS options, ",
      NamesOfSecrets("ftoptions"),
      " AS secrets "
      "FROM pg_foreign_table JOIN pg_foreign_server s ON s.oid = ftserver) f "
      "ON f.ftrelid = c.oid "
      // Not of pg_toast.
      "WHERE c.oid >= 16384 AND c.relnamespace <> 99");
}

// relation, number, name, type, modifier, not null, identity, generated,
// collation, storage, compression, statistics, options, printed type where only
// the server knows how, of inherited ones whether the table declares it as
// well, options of the foreign server
std::string ColumnsQuery(int version) {
  return absl::StrCat(
      "SELECT a.attrelid, a.attnum, a.attname, a.atttypid, a.atttypmod, "
      "a.attnotnull, a.attidentity, ",
      version >= 120000 ? "a.attgenerated, " : "'', ",
      "a.attcollation, a.attstorage, ",
      version >= 140000 ? "a.attcompression, " : "'', ",
      "nullif(a.attstattarget, -1), "
      "CASE WHEN cardinality(a.attoptions) > 1 OR "
      "a.attoptions[1] NOT LIKE 'pg_attver=%' THEN a.attoptions END, "
      "CASE WHEN a.atttypid >= 16384 AND a.atttypmod >= 0 "
      "THEN format_type(a.atttypid, a.atttypmod) END, "
      "CASE WHEN a.attinhcount > 0 THEN a.attislocal END, a.attfdwoptions "
      "FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid "
      "WHERE c.oid >= 16384 AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c') "
      "AND a.attnum > 0 AND NOT a.attisdropped");
}

// oid, relation, column number, expression. Only those of generated columns
// have variables; printing them opens the table.
constexpr char kDefaults[] =
    "SELECT oid, adrelid, adnum, pg_get_expr(adbin, "
    "CASE WHEN adbin::text LIKE '%{VAR %' THEN adrelid ELSE 0 END) "
    "FROM pg_attrdef WHERE adrelid >= 16384";

// relation, type, start, increment, minimum, maximum, cache, cycles
constexpr char kSequences[] =
    "SELECT seqrelid, seqtypid, seqstart, seqincrement, seqmin, seqmax, "
    "seqcache, seqcycle FROM pg_sequence";

// index, table, key columns, unique, clustered, valid, replica identity, nulls
// not distinct, columns, operator classes, collations, options, predicate,
// whole definition where it has expressions or options per column, statistics
std::string IndexesQuery(int version) {
  return absl::StrCat(
      "SELECT i.indexrelid, i.indrelid, i.indnkeyatts, i.indisunique, "
      "i.indisclustered, i.indisvalid AND i.indisready, i.indisreplident, ",
      version >= 150000 ? "i.indnullsnotdistinct, " : "false, ",
      "i.indkey, i.indclass, i.indcollation, i.indoption, "
      "CASE WHEN i.indpred IS NOT NULL "
      "THEN pg_get_expr(i.indpred, i.indrelid) END, "
      "CASE WHEN i.indexprs IS NOT NULL",
      // B-trees (403) have no options per column.
      version >= 130000
          ? " OR c.relam <> 403 AND EXISTS (SELECT FROM pg_attribute a WHERE "
            "a.attrelid = i.indexrelid AND (cardinality(a.attoptions) > 1 OR "
            "a.attoptions[1] NOT LIKE 'pg_attver=%'))"
          : "",
      " THEN pg_get_indexdef(i.indexrelid) END, "
      // Only expressions have statistics of the index's own.
      "CASE WHEN i.indexprs IS NOT NULL THEN (SELECT string_agg("
      "concat(attnum, ' SET STATISTICS ', attstattarget), ', ' "
      "ORDER BY attnum) FROM pg_attribute WHERE attrelid = i.indexrelid "
      "AND attstattarget >= 0) END "
      "FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
      "WHERE c.oid >= 16384 AND c.relnamespace <> 99");
}

// oid, name, table, sort, deferrable, deferred, valid, index, referenced table,
// on update, on delete, match, columns, referenced columns, columns that ON
// DELETE sets, no inherit, enforced, check expression, definition (exclusion
// constraints and those over periods), the parent table's constraint,
// inherited, declared here as well
std::string ConstraintsQuery(int version) {
  return absl::StrCat(
      "SELECT oid, conname, conrelid, contype, condeferrable, condeferred, "
      "convalidated, conindid, confrelid, confupdtype, confdeltype, "
      "confmatchtype, conkey, confkey, ",
      version >= 150000 ? "confdelsetcols, " : "NULL, ", "connoinherit, ",
      version >= 180000 ? "conenforced, " : "true, ",
      "CASE WHEN contype = 'c' THEN pg_get_expr(conbin, conrelid) END, "
      "CASE WHEN contype = 'x'",
      version >= 180000 ? " OR conperiod" : "",
      " THEN pg_get_constraintdef(oid) END, conparentid, coninhcount > 0, "
      "conislocal FROM pg_constraint WHERE conrelid <> 0 AND contype IN ('c', "
      "'f', 'p', 'u', 'x') AND oid >= 16384");
}

// oid, name, schema, sort, argument types, definition, result, arguments,
// arguments with default
constexpr char kFunctions[] =
    "SELECT p.oid, p.proname, p.pronamespace, p.prokind, p.proargtypes, "
    "pg_get_functiondef(p.oid), pg_get_function_result(p.oid), "
    "pg_get_function_identity_arguments(p.oid), p.pronargdefaults "
    "FROM pg_proc p WHERE p.oid >= 16384 AND p.prokind <> 'a' "
    "AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 1255 "
    "AND d.objid = p.oid AND d.deptype IN ('e', 'i'))";

// oid, relation, name, enabled, definition
std::string TriggersQuery(int version) {
  return absl::StrCat(
      "SELECT oid, tgrelid, tgname, tgenabled, pg_get_triggerdef(oid) "
      "FROM pg_trigger WHERE NOT tgisinternal",
      // Clones of a partitioned table's triggers.
      version >= 130000 ? " AND tgparentid = 0"
                        : " AND NOT EXISTS (SELECT FROM pg_depend d WHERE "
                          "d.classid = 2620 AND d.objid = pg_trigger.oid "
                          "AND d.deptype = 'P')");
}

// oid, name, schema, version, can change its schema
constexpr char kExtensions[] =
    "SELECT oid, extname, extnamespace, extversion, extrelocatable FROM "
    "pg_extension "
    "WHERE extname <> 'plpgsql'";

// class, object, column, referenced class, object, column, sort. Left out is
// what other columns of the catalogs say too: foreign keys, types of columns,
// members of operator classes.
constexpr char kDependencies[] =
    "SELECT classid, objid, objsubid, refclassid, refobjid, refobjsubid, "
    "deptype FROM pg_depend WHERE refobjid >= 16384 AND ("
    "deptype = 'n' AND classid IN (1247, 1255, 1259, 1417, 1418, 2328, 2601, "
    "2604, 2605, 2606, 2607, 2612, 2616, 2617, 2620, 2753, 3256, 3381, 3466, "
    "3576, 3600, 3601, 3602, 3764, 6106) "
    "AND refclassid IN (1247, 1255, 1259, 1417, 2328, 2601, 2606, 2612, 2616, "
    "2617, 2753, 3456, 3600, 3601, 3602, 3764) "
    "AND NOT (classid IN (1259, 2606) AND refclassid IN (1247, 1259)) "
    "OR deptype = 'a' AND classid IN (1259, 3381) AND refclassid = 1259 "
    "AND refobjsubid > 0 "
    "OR deptype = 'i' AND classid = 1259 AND refclassid = 1259 "
    "AND refobjsubid > 0 "
    "OR deptype = 'n' AND classid = 2606 AND refclassid = 1247) "
    "UNION ALL SELECT CASE WHEN r.rulename = '_RETURN' THEN 1259 ELSE 2618 "
    "END, "
    "CASE WHEN r.rulename = '_RETURN' THEN r.ev_class ELSE r.oid END, 0, "
    "d.refclassid, d.refobjid, d.refobjsubid, d.deptype "
    "FROM pg_rewrite r JOIN pg_depend d "
    "ON d.classid = 2618 AND d.objid = r.oid AND d.deptype = 'n' "
    "WHERE r.oid >= 16384 AND d.refobjid >= 16384 "
    "UNION ALL SELECT classid, objid, 0, refclassid, refobjid, 0, deptype "
    "FROM pg_depend WHERE refclassid = 3079 AND deptype = 'e'";

// class, object, column, text
constexpr char kComments[] =
    "SELECT classoid, objoid, objsubid, description FROM pg_description "
    "WHERE objoid >= 16384 OR classoid = 2615 AND objoid = 2200";

// What is asked for where it is, and the owners and rights of all.
std::vector<RareQuery> RareQueries(int version) {
  std::vector<RareQuery> queries;
  for (RareQueryMaker make : kRareQueries) queries.push_back(make(version));
  for (RareQuery& query : OpaqueRows(version)) {
    queries.push_back(std::move(query));
  }
  for (RareQuery& query : AccessRows()) queries.push_back(std::move(query));
  return queries;
}

// Our own tables, their toast tables and the indexes of these: no part of any
// schema, and made between two looks at one.
constexpr char kOwnRelations[] =
    "WITH meta AS (SELECT oid, reltoastrelid FROM pg_class "
    "WHERE relnamespace = (SELECT oid FROM pg_namespace "
    "WHERE nspname = 'fleetctl_meta')), own AS MATERIALIZED ("
    "SELECT oid FROM meta UNION ALL "
    "SELECT reltoastrelid FROM meta WHERE reltoastrelid <> 0 UNION ALL "
    "SELECT indexrelid FROM pg_index "
    "WHERE indrelid IN (SELECT reltoastrelid FROM meta)) ";

// xmin and ctid of a row change exactly when the row is written anew; VACUUM
// and ANALYZE write pg_class in place and so do not count. Rows that initdb
// made never change, but for the public schema's.
struct TokenCatalog {
  absl::string_view name;
  absl::string_view filter;
};
constexpr TokenCatalog kTokenCatalogs[] = {
    {"pg_class", "oid >= 16384 AND oid NOT IN (SELECT oid FROM own)"},
    {"pg_attribute",
     "attrelid >= 16384 AND attrelid NOT IN (SELECT oid FROM own)"},
    {"pg_attrdef", "adrelid NOT IN (SELECT oid FROM own)"},
    {"pg_constraint", "oid >= 16384 AND conrelid NOT IN (SELECT oid FROM own)"},
    {"pg_index",
     "indexrelid >= 16384 AND indrelid NOT IN (SELECT oid FROM own)"},
    {"pg_proc", "oid >= 16384"},
    {"pg_trigger", "true"},
    {"pg_type",
     "oid >= 16384 AND typnamespace <> ALL (ARRAY(SELECT oid FROM pg_namespace "
     "WHERE nspname = 'fleetctl_meta'))"},
    {"pg_enum", "true"},
    {"pg_namespace", "nspname !~ '^pg_' AND nspname <> 'fleetctl_meta'"},
    {"pg_rewrite", "oid >= 16384"},
    {"pg_sequence", "true"},
    {"pg_description", "objoid >= 16384 OR objoid = 2200"},
    {"pg_inherits", "true"},
    {"pg_partitioned_table", "true"},
    {"pg_policy", "true"},
    {"pg_extension", "true"},
    {"pg_collation", "oid >= 16384"},
    {"pg_operator", "oid >= 16384"},
    {"pg_opclass", "oid >= 16384"},
    {"pg_cast", "oid >= 16384"},
    {"pg_aggregate", "aggfnoid >= 16384"},
    {"pg_range", "rngtypid >= 16384"},
    {"pg_statistic_ext", "true"},
    {"pg_ts_config", "oid >= 16384"},
    {"pg_ts_config_map", "mapcfg >= 16384"},
    {"pg_ts_dict", "oid >= 16384"},
    {"pg_event_trigger", "true"},
    {"pg_opfamily", "oid >= 16384"},
    {"pg_amop", "oid >= 16384"},
    {"pg_amproc", "oid >= 16384"},
    {"pg_conversion", "oid >= 16384"},
    {"pg_ts_parser", "oid >= 16384"},
    {"pg_ts_template", "oid >= 16384"},
    {"pg_default_acl", "true"},
    {"pg_publication", "true"},
    {"pg_publication_rel", "true"},
    {"pg_foreign_server", "true"},
    {"pg_foreign_table", "true"},
    {"pg_foreign_data_wrapper", "true"},
};

}  // namespace

std::vector<std::string> CatalogQueries(int server_version) {
  std::vector<std::string> queries(kRareRows);
  queries[kPresentRows] = PresentRowsQuery(RareQueries(server_version));
  queries[kSchemaRows] = kSchemas;
  queries[kNameRows] = kNames;
  queries[kTypeRows] = kTypes;
  queries[kEnumLabelRows] = kEnumLabels;
  queries[kDomainConstraintRows] = kDomainConstraints;
  queries[kRelationRows] = RelationsQuery();
  queries[kColumnRows] = ColumnsQuery(server_version);
  queries[kDefaultRows] = kDefaults;
  queries[kSequenceRows] = kSequences;
  queries[kIndexRows] = IndexesQuery(server_version);
  queries[kConstraintRows] = ConstraintsQuery(server_version);
  queries[kFunctionRows] = kFunctions;
  queries[kTriggerRows] = TriggersQuery(server_version);
  queries[kExtensionRows] = kExtensions;
  queries[kDependencyRows] = kDependencies;
  queries[kCommentRows] = kComments;
  return queries;
}

std::vector<std::string> CatalogFollowUps(int server_version,
                                          const RowSet& present) {
  std::string query = RareRowsQuery(RareQueries(server_version), present);
  if (query.empty()) return {};
  return {std::move(query)};
}

std::string CatalogChangeToken(int server_version) {
  const absl::string_view hash =
      server_version >= 140000
          ? "hash_record_extended(ROW(ctid, xmin), 0)"
          : "hashtextextended(ctid::text, xmin::text::bigint)";
  std::string query = absl::StrCat(kOwnRelations, "SELECT concat_ws('.'");
  for (const TokenCatalog& catalog : kTokenCatalogs) {
    absl::StrAppend(&query, ", (SELECT concat(count(*), '-', sum(", hash,
                    ")) FROM ", catalog.name, " WHERE ", catalog.filter, ")");
  }
  return query + ")";
}

}  // namespace fleet::postgres
