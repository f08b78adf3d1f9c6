#include "absl/strings/str_cat.h"
#include "lib/engine/postgres/ddl.h"
#include "lib/engine/postgres/grants.h"
#include "lib/engine/postgres/rare_kinds.h"

// What a role's new objects may be used for by others; only where a scope
// includes privileges. Those of a schema come to those of the whole database,
// which replace what the server has built in.

namespace fleet::postgres {
namespace {

constexpr AttributeSpec kAttributes[] = {
    {"included", Compare::kIgnore, OnChange::kIgnore, 0},
    {"privileges", Compare::kExact, OnChange::kAlter, 50},
};

struct Sort {
  absl::string_view word;
  char letter;  // of acldefault(); pg_default_acl has S for sequences
};

constexpr Sort kSorts[] = {
    {"TABLES", 'r'}, {"SEQUENCES", 's'}, {"FUNCTIONS", 'f'},
    {"TYPES", 'T'},  {"SCHEMAS", 'n'},   {"LARGE OBJECTS", 'L'},
};

absl::string_view SchemaOf(const Object& defaults) {
  return defaults.path().component(1);
}

// What there is without the object.
absl::string_view BuiltIn(const Object& defaults) {
  return SchemaOf(defaults).empty()
             ? DefaultGrants(DefaultPrivilegesLetter(defaults))
             : "";
}

void Write(const Object& defaults, absl::string_view from, absl::string_view to,
           Renderer& renderer) {
  const absl::string_view role = defaults.path().first();
  Sql before = NewSql();
  before << "ALTER DEFAULT PRIVILEGES FOR ROLE " << Identifier{role} << " ";
  if (!SchemaOf(defaults).empty()) {
    before << "IN SCHEMA " << Identifier{SchemaOf(defaults)} << " ";
  }
  GrantWriter{before, NewSql() << Verbatim{defaults.name()},
              NewSql() << Identifier{role}, "", nullptr}
      .Write(from, to, renderer);
}

void Create(const Object& defaults, Renderer& renderer) {
  Write(defaults, BuiltIn(defaults), defaults.Get("privileges"), renderer);
}

void Drop(const Object& defaults, Renderer& renderer) {
  Write(defaults, defaults.Get("privileges"), BuiltIn(defaults), renderer);
}

void Alter(const Difference& difference, Renderer& renderer) {
  Write(*difference.to, difference.from->Get("privileges"),
        difference.to->Get("privileges"), renderer);
}

}  // namespace

char DefaultPrivilegesLetter(const Object& defaults) {
  for (const Sort& sort : kSorts) {
    if (sort.word == defaults.name()) return sort.letter;
  }
  return 0;
}

RareQuery DefaultPrivilegesRows(int version) {
  RareQuery query;
  query.sort = "default privileges";
  query.class_id = kDefaultPrivilegesClass;
  query.from = "pg_default_acl o";
  query.present = "pg_default_acl";
  query.name = "pg_get_userbyid(o.defaclrole)";
  query.schema = "o.defaclnamespace";
  query.fields = {
      "CASE o.defaclobjtype WHEN 'S' THEN 's' ELSE o.defaclobjtype END",
      absl::StrCat("coalesce(",
                   GrantsText("o.defaclacl", "o.defaclrole",
                              "(CASE o.defaclobjtype WHEN 'S' THEN 's' ELSE "
                              "o.defaclobjtype END)",
                              ""),
                   ", 'OWNER ()')")};
  return query;
}

void ReadDefaultPrivileges(Catalog& catalog) {
  for (const RareRow& row : catalog.RareRows("default privileges")) {
    for (const Sort& sort : kSorts) {
      if (row.Field(0) != absl::string_view(&sort.letter, 1)) continue;
      Object defaults(
          v1::DEFAULT_PRIVILEGES,
          Path{row.name(), catalog.SchemaName(row.schema()), sort.word});
      defaults.Set("privileges", row.Field(1));
      if (row.schema() != 0) {
        defaults.DependsOn(v1::SCHEMA, Path{catalog.SchemaName(row.schema())});
      }
      catalog.AddRare(row, std::move(defaults));
    }
  }
}

KindHandler DefaultPrivilegesHandler() {
  KindHandler handler;
  handler.spec.kind = v1::DEFAULT_PRIVILEGES;
  handler.spec.attributes = kAttributes;
  handler.create = Create;
  handler.drop = Drop;
  handler.alter = Alter;
  return handler;
}

}  // namespace fleet::postgres
