#include "absl/strings/str_cat.h"
#include "lib/base/digest.h"
#include "lib/engine/postgres/access.h"
#include "lib/engine/postgres/grants.h"
#include "lib/engine/postgres/queries.h"
#include "lib/schema/kind.h"

// What is kept is the statements that put it back, written by the server.

namespace fleet::postgres {
namespace {

constexpr size_t kNameDigits = 12;

struct Parts {
  bool owner = false;
  bool privileges = false;

  bool Any() const { return owner || privileges; }
};

Path AccessPath(absl::string_view kind, const Object& object) {
  std::vector<std::string> components = object.path().components();
  components.insert(components.begin(), std::string(kind));
  return Path(components);
}

// Nothing where the plan says itself what it shall be, or where it would be the
// same as that of a new object.
Parts PartsToKeep(const Object& object, const AccessClass& access,
                  const Renderer& renderer) {
  const Schema& to = renderer.to();
  const absl::string_view word = KindOf(object.kind()).name;
  const bool always = renderer.options().for_many_targets;
  Parts parts;
  parts.owner = (always || object.Has("others_own")) &&
                to.Find(v1::OWNER, AccessPath(word, object)) == nullptr;
  parts.privileges =
      !access.grant.empty() &&
      (always || object.Has("others_own") ||
       object.Get("privileges") != DefaultGrants(access.letter)) &&
      to.Find(v1::PRIVILEGES, AccessPath(word, object)) == nullptr;
  return parts;
}

// 'fleetctl.access_0123456789ab'
Sql SettingName(const Object& object) {
  const std::string digest = Sha256Hex(
      absl::StrCat(static_cast<int>(object.kind()), object.path().bytes()));
  Sql sql = NewSql();
  sql << Literal{
      absl::StrCat("fleetctl.access_", digest.substr(0, kNameDigits))};
  return sql;
}

Sql TextOf(const Sql& part, Renderer& renderer) {
  const absl::StatusOr<std::string> text = part.Text();
  if (!text.ok()) renderer.Fail(text.status());
  Sql sql = NewSql();
  sql << Literal{text.ok() ? *text : ""};
  return sql;
}

// A role's name, of an oid.
constexpr char kGrantee[] =
    "CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE "
    "quote_ident(pg_get_userbyid(a.grantee)) END";

// The statements on the whole: nobody, then who it was.
Sql GrantStatements(const AccessClass& access, const Sql& on) {
  const std::string owner = absl::StrCat(access.prefix, "owner");
  const std::string acl =
      absl::StrCat("coalesce(", access.prefix, "acl, acldefault('",
                   std::string(1, access.letter), "', ", owner, "))");
  Sql sql = NewSql();
  sql << "'REVOKE ALL ON ' || " << on
      << " || ' FROM ' || concat_ws(', ', 'PUBLIC', quote_ident("
         "pg_get_userbyid("
      << Verbatim{owner}
      << ")), (SELECT string_agg(DISTINCT quote_ident(pg_get_userbyid("
         "a.grantee)), ', ') FROM pg_default_acl d, aclexplode(d.defaclacl) a "
         "WHERE a.grantee <> 0)), "
         "(SELECT string_agg('GRANT ' || a.privilege_type || ' ON ' || "
      << on << " || ' TO ' || " << kGrantee
      << " || CASE WHEN a.is_grantable AND a.grantee <> " << Verbatim{owner}
      << " THEN ' WITH GRANT OPTION' ELSE '' END, '; ') FROM aclexplode("
      << Verbatim{acl} << ") a)";
  return sql;
}

// Those on columns, each only if its column is still there.
Sql ColumnStatements(const Sql& on, const Sql& relation) {
  Sql sql = NewSql();
  sql << "(SELECT string_agg('DO ' || quote_literal('BEGIN IF EXISTS (SELECT "
         "FROM pg_catalog.pg_attribute WHERE attrelid = ' || quote_literal("
      << relation
      << ") || '::pg_catalog.regclass AND attname = ' || quote_literal("
         "c.attname) || ' AND NOT attisdropped) THEN GRANT ' || "
         "a.privilege_type || ' (' || quote_ident(c.attname) || ') ON ' || "
      << on << " || ' TO ' || " << kGrantee
      << " || CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END "
         "|| '; END IF; END'), '; ') FROM pg_attribute c, "
         "aclexplode(c.attacl) a WHERE c.attrelid = pg_class.oid "
         "AND c.attacl IS NOT NULL)";
  return sql;
}

}  // namespace

void KeepAccess(const Object& object, Renderer& renderer) {
  const AccessClass* access = FindAccessClass(object.kind());
  if (access == nullptr) return;
  const Parts parts = PartsToKeep(object, *access, renderer);
  if (!parts.Any()) return;
  Sql sql = NewSql();
  sql << "SELECT set_config(" << SettingName(object)
      << ", (SELECT concat_ws('; '";
  if (parts.owner) {
    Sql alter = NewSql();
    alter << "ALTER " << AlterableName(object, *access) << " OWNER TO ";
    sql << ", " << TextOf(alter, renderer) << " || quote_ident(pg_get_userbyid("
        << Verbatim{access->prefix} << "owner))";
  }
  if (parts.privileges) {
    const Sql on = TextOf(GrantableName(object, *access), renderer);
    sql << ", " << GrantStatements(*access, on);
    if (access->class_id == kRelationClass) {
      Sql relation = NewSql();
      relation << Name(object.path());
      sql << ", " << ColumnStatements(on, TextOf(relation, renderer));
    }
  }
  sql << ") FROM " << Verbatim{access->catalog} << " WHERE "
      << CatalogRowOf(object, *access) << "), false)";
  renderer.Add(sql, kNoLock);
}

void GiveBackAccess(const Object& object, Renderer& renderer) {
  const AccessClass* access = FindAccessClass(object.kind());
  if (access == nullptr) return;
  if (!PartsToKeep(object, *access, renderer).Any()) return;
  Sql sql = NewSql();
  sql << "DO $fleetctl$BEGIN EXECUTE current_setting(" << SettingName(object)
      << "); END$fleetctl$";
  renderer.Add(sql, kAccessExclusive);
}

}  // namespace fleet::postgres
