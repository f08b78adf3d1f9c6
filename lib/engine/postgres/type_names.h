#ifndef LIB_ENGINE_POSTGRES_TYPE_NAMES_H_
#define LIB_ENGINE_POSTGRES_TYPE_NAMES_H_

#include <cstdint>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "lib/engine/postgres/printed.h"

// Types as the server's format_type() prints them when search_path is
// pg_catalog, without asking it: that function is a third of the cost of
// reading a schema. Modifiers of types with a printer of their own
// (extensions') cannot be printed here; the caller asks the server for those.
//
// Thread-compatible; const once filled.

namespace fleet::postgres {

struct TypeRow {
  Oid oid = 0;
  std::string name;
  Oid schema = 0;
  char sort = 'b';  // pg_type.typtype
  Oid element = 0;  // of true arrays
  Oid relation = 0;
  Oid collation = 0;
  char storage = 'p';
};

class TypeNames {
 public:
  // `schema` is the quoted schema, empty for pg_catalog.
  void Add(TypeRow row, absl::string_view schema);

  // nullptr for an oid that is not there.
  const TypeRow* Find(Oid oid) const;
  // The element type of an array, else the type itself.
  Oid ElementOf(Oid oid) const;
  // As format_type(oid, modifier): "character varying(20)[]".
  std::string Format(Oid oid, int64_t modifier) const;
  // True for the types whose modifiers Format knows.
  bool KnowsModifiersOf(Oid oid) const;

 private:
  struct Entry {
    TypeRow row;
    std::string printed;  // with schema, without modifier
  };
  absl::flat_hash_map<Oid, Entry> types_;
};

}  // namespace fleet::postgres

#endif  // LIB_ENGINE_POSTGRES_TYPE_NAMES_H_
