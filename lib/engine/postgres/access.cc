#include "lib/engine/postgres/access.h"

#include <map>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lib/engine/postgres/catalog.h"
#include "lib/engine/postgres/grants.h"
#include "lib/schema/kind.h"

namespace fleet::postgres {
namespace {

constexpr AccessClass kClasses[] = {
    {v1::SCHEMA, kSchemaClass, "pg_namespace", "nsp", "SCHEMA", "SCHEMA", 'n',
     "regnamespace"},
    {v1::ENUM, kTypeClass, "pg_type", "typ", "TYPE", "TYPE", 'T', "regtype"},
    {v1::DOMAIN, kTypeClass, "pg_type", "typ", "DOMAIN", "TYPE", 'T',
     "regtype"},
    {v1::COMPOSITE, kTypeClass, "pg_type", "typ", "TYPE", "TYPE", 'T',
     "regtype"},
    {v1::RANGE, kTypeClass, "pg_type", "typ", "TYPE", "TYPE", 'T', "regtype"},
    {v1::SEQUENCE, kRelationClass, "pg_class", "rel", "SEQUENCE", "SEQUENCE",
     's', "regclass"},
    {v1::TABLE, kRelationClass, "pg_class", "rel", "TABLE", "TABLE", 'r',
     "regclass"},
    {v1::FOREIGN_TABLE, kRelationClass, "pg_class", "rel", "FOREIGN TABLE",
     "TABLE", 'r', "regclass"},
    {v1::VIEW, kRelationClass, "pg_class", "rel", "VIEW", "TABLE", 'r',
     "regclass"},
    {v1::MATERIALIZED_VIEW, kRelationClass, "pg_class", "rel",
     "MATERIALIZED VIEW", "TABLE", 'r', "regclass"},
    {v1::FUNCTION, kFunctionClass, "pg_proc", "pro", "FUNCTION", "FUNCTION",
     'f', "regprocedure"},
    {v1::PROCEDURE, kFunctionClass, "pg_proc", "pro", "PROCEDURE", "PROCEDURE",
     'f', "regprocedure"},
    {v1::AGGREGATE, kFunctionClass, "pg_proc", "pro", "AGGREGATE", "FUNCTION",
     'f', "regprocedure"},
    {v1::FOREIGN_DATA_WRAPPER, kWrapperClass, "pg_foreign_data_wrapper", "fdw",
     "FOREIGN DATA WRAPPER", "FOREIGN DATA WRAPPER", 'F', ""},
    {v1::SERVER, kServerClass, "pg_foreign_server", "srv", "SERVER",
     "FOREIGN SERVER", 'S', ""},
    {v1::STATISTICS, kStatisticsClass, "pg_statistic_ext", "stx", "STATISTICS",
     "", 0, ""},
    {v1::EVENT_TRIGGER, kEventTriggerClass, "pg_event_trigger", "evt",
     "EVENT TRIGGER", "", 0, ""},
    {v1::OPERATOR, kOperatorClass, "pg_operator", "opr", "OPERATOR", "", 0,
     "regoperator"},
    {v1::OPERATOR_FAMILY, kOpfamilyClass, "pg_opfamily", "opf",
     "OPERATOR FAMILY", "", 0, ""},
    {v1::OPERATOR_CLASS, kOpclassClass, "pg_opclass", "opc", "OPERATOR CLASS",
     "", 0, ""},
    {v1::COLLATION, kCollationClass, "pg_collation", "coll", "COLLATION", "", 0,
     ""},
    {v1::CONVERSION, kConversionClass, "pg_conversion", "con", "CONVERSION", "",
     0, ""},
    {v1::TEXT_SEARCH_DICTIONARY, kTextSearchDictionaryClass, "pg_ts_dict",
     "dict", "TEXT SEARCH DICTIONARY", "", 0, ""},
    {v1::TEXT_SEARCH_CONFIGURATION, kTextSearchConfigurationClass,
     "pg_ts_config", "cfg", "TEXT SEARCH CONFIGURATION", "", 0, ""},
    {v1::PUBLICATION, kPublicationClass, "pg_publication", "pub", "PUBLICATION",
     "", 0, ""},
};

constexpr AttributeSpec kNoted[] = {
    {"others_own", Compare::kIgnore, OnChange::kIgnore, 0},
    {"owner", Compare::kIgnore, OnChange::kIgnore, 0},
    {"privileges", Compare::kIgnore, OnChange::kIgnore, 0},
};

bool IsCallable(v1::ObjectKind kind) {
  return kind == v1::FUNCTION || kind == v1::PROCEDURE || kind == v1::AGGREGATE;
}

bool HasMethod(v1::ObjectKind kind) {
  return kind == v1::OPERATOR_CLASS || kind == v1::OPERATOR_FAMILY;
}

// The name as statements have it. `in_alter`: aggregates are altered with what
// orders their arguments, and granted without.
Sql NameOf(const Object& object, bool in_alter) {
  const Path& path = object.path();
  Sql sql = NewSql();
  if (object.kind() == v1::AGGREGATE && in_alter) {
    sql << Identifier{path.first()} << "."
        << Verbatim{CallableName(path.last())} << "("
        << Verbatim{object.Get("arguments")} << ")";
  } else if (IsCallable(object.kind()) || object.kind() == v1::OPERATOR) {
    sql << Identifier{path.first()} << "." << Verbatim{path.last()};
  } else if (HasMethod(object.kind())) {
    sql << Name(path, 2) << " USING " << Identifier{path.last()};
  } else {
    sql << Name(path);
  }
  return sql;
}

}  // namespace

const AccessClass* FindAccessClass(v1::ObjectKind kind) {
  for (const AccessClass& access : kClasses) {
    if (access.kind == kind) return &access;
  }
  return nullptr;
}

absl::string_view CallableName(absl::string_view signature) {
  if (signature.substr(0, 1) == "\"") {
    return signature.substr(0, LeadingNameSize(signature));
  }
  return signature.substr(0, signature.find('('));
}

Sql AlterableName(const Object& object, const AccessClass& access) {
  Sql sql = NewSql();
  sql << Verbatim{access.alter} << " " << NameOf(object, true);
  return sql;
}

Sql GrantableName(const Object& object, const AccessClass& access) {
  Sql sql = NewSql();
  sql << Verbatim{access.grant} << " " << NameOf(object, false);
  return sql;
}

Sql CatalogRowOf(const Object& object, const AccessClass& access) {
  const Path& path = object.path();
  Sql sql = NewSql();
  if (!access.reference.empty()) {
    const absl::StatusOr<std::string> name = NameOf(object, false).Text();
    sql << "oid = " << Literal{name.ok() ? *name : ""}
        << "::" << Verbatim{access.reference};
    return sql;
  }
  sql << Verbatim{access.prefix}
      << "name = " << Literal{path.component(path.size() == 1 ? 0 : 1)};
  if (path.size() > 1) {
    sql << " AND " << Verbatim{access.prefix}
        << "namespace = " << Literal{QuoteName(path.first())}
        << "::regnamespace";
  }
  if (HasMethod(object.kind())) {
    sql << " AND " << Verbatim{access.prefix}
        << "method = (SELECT oid FROM pg_am WHERE amname = "
        << Literal{path.last()} << ")";
  }
  return sql;
}

void AddAccessRows(KindSpec& spec) {
  if (FindAccessClass(spec.kind) == nullptr) return;
  // Specs live as long as the dialect, which is for ever.
  auto* const rows = new std::vector<AttributeSpec>(spec.attributes.begin(),
                                                    spec.attributes.end());
  rows->insert(rows->end(), std::begin(kNoted), std::end(kNoted));
  spec.attributes = *rows;
}

const Object* FindAccessed(const Path& path, const Schema& schema) {
  const std::vector<std::string> components = path.components();
  const Path object_path(
      std::vector<std::string>(components.begin() + 1, components.end()));
  for (const AccessClass& access : kClasses) {
    if (KindOf(access.kind).name != components.front()) continue;
    return schema.Find(access.kind, object_path);
  }
  return nullptr;
}

// --- reading

namespace {

constexpr char kColumnRights[] =
    "column_rights AS MATERIALIZED (SELECT attrelid, grantee, "
    "privilege_type || ' (' || quote_ident(attname) || ')' AS p, "
    "is_grantable FROM pg_attribute, aclexplode(attacl) "
    "WHERE attacl IS NOT NULL AND attrelid >= 16384 AND NOT attisdropped)";

// The rights on one row of the class.
std::string PrivilegesField(const AccessClass& access) {
  if (access.grant.empty()) return "NULL";
  const bool relation = access.class_id == kRelationClass;
  const std::string owner = absl::StrCat("o.", access.prefix, "owner");
  const std::string acl = absl::StrCat("o.", access.prefix, "acl");
  // Rights on columns come to those on the whole.
  const absl::string_view columns =
      relation ? "SELECT c.grantee, c.p, c.is_grantable FROM column_rights c "
                 "WHERE c.attrelid = o.oid"
               : "";
  const std::string letter =
      relation
          ? "(CASE o.relkind WHEN 'S' THEN 's' ELSE 'r' END)::\"char\""
          : absl::StrCat("'", std::string(1, access.letter), "'::\"char\"");
  return absl::StrCat(
      "CASE WHEN ", acl, " IS NULL",
      relation ? " AND o.oid <> ALL (ARRAY(SELECT attrelid FROM "
                 "column_rights))"
               : "",
      " THEN '", DefaultGrants(access.letter), "' ELSE coalesce(",
      GrantsText(absl::StrCat("coalesce(", acl, ", acldefault(", letter, ", ",
                              owner, "))"),
                 owner, letter, columns),
      ", 'OWNER ()') END");
}

// What the branch of a class has besides the owner and the rights.
void NarrowRows(RareQuery& query) {
  switch (query.class_id) {
    case kSchemaClass:
      query.also_users = "o.oid = 2200";
      query.present = "pg_namespace";
      break;
    case kRelationClass:
      query.where = "o.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')";
      query.with = kColumnRights;
      break;
    case kTypeClass:
      query.where =
          "(o.typtype IN ('e', 'd', 'r') OR o.typtype = 'c' AND EXISTS ("
          "SELECT FROM pg_class c WHERE c.oid = o.typrelid AND "
          "c.relkind = 'c'))";
      break;
    case kWrapperClass:
      query.present = "pg_foreign_data_wrapper";
      break;
    case kPublicationClass:
      query.present = "pg_publication";
      break;
    default:
      break;
  }
}

}  // namespace

std::vector<RareQuery> AccessRows() {
  std::map<unsigned, RareQuery> queries;
  for (const AccessClass& access : kClasses) {
    if (queries.contains(access.class_id)) continue;
    RareQuery& query = queries[access.class_id];
    query.sort = "access";
    query.class_id = access.class_id;
    query.from = absl::StrCat(access.catalog, " o");
    query.fields = {absl::StrCat("pg_get_userbyid(o.", access.prefix, "owner)"),
                    absl::StrCat("o.", access.prefix,
                                 "owner <> (SELECT r.oid FROM pg_roles r WHERE "
                                 "r.rolname = current_user)"),
                    PrivilegesField(access)};
    NarrowRows(query);
  }
  std::vector<RareQuery> branches;
  for (auto& [class_id, query] : queries) branches.push_back(std::move(query));
  return branches;
}

void ReadAccess(Catalog& catalog) {
  for (const RareRow& row : catalog.RareRows("access")) {
    Object* object =
        catalog.FindObject(CatalogKey(row.class_id(), row.oid(), 0));
    if (object == nullptr || FindAccessClass(object->kind()) == nullptr) {
      continue;
    }
    object->Set("owner", row.Field(0));
    if (row.Is(1)) object->Set("others_own", "true");
    object->Set("privileges", row.Field(2));
  }
}

}  // namespace fleet::postgres
