#ifndef LIB_ENGINE_POSTGRES_GRANTS_H_
#define LIB_ENGINE_POSTGRES_GRANTS_H_

#include <functional>
#include <string>

#include "absl/strings/string_view.h"
#include "lib/engine/postgres/ddl.h"

// Who may do what, as one text: "OWNER (ALL), PUBLIC (SELECT (a)), alice
// (INSERT, SELECT *)". OWNER stands for whoever owns the object; a star is the
// right to grant on; a column in parentheses narrows it.

namespace fleet::postgres {

// SQL: that text of an aclitem[] and the owner's oid; `letter` names the sort
// of object to acldefault(), `columns` is a SELECT of (grantee, privilege with
// column, is_grantable) rows, or "".
std::string GrantsText(absl::string_view acl, absl::string_view owner,
                       absl::string_view letter, absl::string_view columns);
// What `letter` stands for where nothing was ever granted or revoked.
absl::string_view DefaultGrants(char letter);

struct GrantWriter {
  Sql before;  // "", or "ALTER DEFAULT PRIVILEGES FOR ROLE r "
  Sql on;      // "TABLE s.t", "TABLES"
  Sql owner;   // the role that OWNER stands for now
  // A role whose rights came with the ownership and stay; "" for none.
  std::string new_owner;
  // False for columns that are gone, and their rights with them.
  std::function<bool(absl::string_view column)> has_column;

  // GRANT and REVOKE that take the rights from one text to the other.
  void Write(absl::string_view from, absl::string_view to,
             Renderer& renderer) const;
};

}  // namespace fleet::postgres

#endif  // LIB_ENGINE_POSTGRES_GRANTS_H_
