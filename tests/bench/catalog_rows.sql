-- The rows that a PostgreSQL schema consists of, as they lie in the catalogs:
-- nothing printed, nothing joined, nothing compared. Nobody who reads a schema
-- can be faster than this.
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SELECT oid, nspname FROM pg_catalog.pg_namespace;
SELECT oid, typname, typnamespace, typtype, typelem, typrelid FROM pg_catalog.pg_type WHERE oid >= 16384;
SELECT enumtypid, enumlabel FROM pg_catalog.pg_enum ORDER BY enumtypid, enumsortorder;
SELECT oid, relname, relnamespace, relkind, relpersistence, relam, reloptions FROM pg_catalog.pg_class WHERE oid >= 16384 AND relkind <> 't';
SELECT a.attrelid, a.attnum, a.attname, a.atttypid, a.atttypmod, a.attnotnull, a.attidentity, a.attcollation FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid WHERE c.oid >= 16384 AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c') AND a.attnum > 0 AND NOT a.attisdropped;
SELECT adrelid, adnum, adbin FROM pg_catalog.pg_attrdef;
SELECT seqrelid, seqtypid, seqstart, seqincrement, seqmin, seqmax, seqcache, seqcycle FROM pg_catalog.pg_sequence;
SELECT indexrelid, indrelid, indisunique, indkey, indclass, indcollation, indoption, indpred, indexprs FROM pg_catalog.pg_index WHERE indexrelid >= 16384;
SELECT oid, conname, conrelid, contype, conindid, confrelid, conkey, confkey, conbin FROM pg_catalog.pg_constraint WHERE oid >= 16384;
SELECT oid, proname, pronamespace, proargtypes, prorettype, prosrc FROM pg_catalog.pg_proc WHERE oid >= 16384;
SELECT oid, tgrelid, tgname, tgtype, tgfoid FROM pg_catalog.pg_trigger WHERE NOT tgisinternal;
SELECT ev_class, rulename, ev_action FROM pg_catalog.pg_rewrite WHERE oid >= 16384;
SELECT classid, objid, objsubid, refclassid, refobjid, refobjsubid, deptype FROM pg_catalog.pg_depend WHERE refobjid >= 16384 AND deptype = 'n';
SELECT classoid, objoid, objsubid, description FROM pg_catalog.pg_description WHERE objoid >= 16384;
COMMIT;
