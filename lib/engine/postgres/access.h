#ifndef LIB_ENGINE_POSTGRES_ACCESS_H_
#define LIB_ENGINE_POSTGRES_ACCESS_H_

#include <string>
#include <vector>

#include "lib/engine/kind_handler.h"
#include "lib/engine/postgres/catalog.h"
#include "lib/engine/postgres/ddl.h"

// Owners and privileges of all kinds that have them, as attributes that are
// noted and not compared:
//
//   owner        the role
//   privileges   who may do what (grants.h); absent where the kind has none
//   others_own   "true" where that is not the role that read it
//
// A scope that includes them makes objects of them (owner.cc, privileges.cc).

namespace fleet::postgres {

struct AccessClass {
  v1::ObjectKind kind;
  unsigned class_id;
  absl::string_view catalog;    // with columns that begin with
  absl::string_view prefix;     // "rel": relowner, relacl
  absl::string_view alter;      // ALTER … OWNER TO
  absl::string_view grant;      // GRANT … ON; "" where nothing can be granted
  char letter;                  // of acldefault()
  absl::string_view reference;  // type that reads names: "regclass"; "": none
};

// nullptr where the kind has no owner.
const AccessClass* FindAccessClass(v1::ObjectKind kind);

// "VIEW s.v", "OPERATOR CLASS s.c USING btree": after ALTER.
Sql AlterableName(const Object& object, const AccessClass& access);
// "TABLE s.v", "FUNCTION s.f(integer)": after ON.
Sql GrantableName(const Object& object, const AccessClass& access);

// "f" of "f(integer)".
absl::string_view CallableName(absl::string_view signature);

// The object's row of the catalog, as a condition.
Sql CatalogRowOf(const Object& object, const AccessClass& access);

// Adds the attributes' rows to those of a kind that has them.
void AddAccessRows(KindSpec& spec);

// A branch per class: owner, whether that is another than the reader,
// privileges.
std::vector<RareQuery> AccessRows();
void ReadAccess(Catalog& catalog);

// The object that "owner" and "privileges" objects speak of; nullptr where it
// is not in `schema`.
const Object* FindAccessed(const Path& path, const Schema& schema);

// A re-created object gets its owner and privileges back: one statement keeps
// them in a setting before the drop, one puts them back after the creation.
// They are read when the plan runs, so that one plan suits targets whose owners
// differ.
void KeepAccess(const Object& object, Renderer& renderer);
void GiveBackAccess(const Object& object, Renderer& renderer);

}  // namespace fleet::postgres

#endif  // LIB_ENGINE_POSTGRES_ACCESS_H_
